import { kindOf, versionOf } from '@heddle/smi';

/**
 * What a kind is to a source: `read`; `notRun`: its pods are not made from it, though it has some; `traffic`: calls for
 * tests, no resource; `unknown`: left alone.
 */
export type SourceUse = 'read' | 'notRun' | 'traffic' | 'unknown';

/** What a kind is to a source: policy in whatever version, since reading it says which ones count, others in known ones. */
export function useOf(apiVersion: string, kind: string): SourceUse {
  const info = kindOf(apiVersion, kind);
  if (info === undefined || info.use === 'none') return 'unknown';
  const inAnyVersion = info.policy || info.group === 'heddle.dev';
  if (!inAnyVersion && !info.versions.includes(versionOf(apiVersion))) return 'unknown';
  return info.use === 'notRun' || info.use === 'traffic' ? info.use : 'read';
}
