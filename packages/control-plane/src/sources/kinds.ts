import { kindOf, versionOf } from '@heddle/smi';

/** What a kind is to a source: `read`; `traffic`: calls for tests, no resource; `unknown`: left alone. */
export type SourceUse = 'read' | 'traffic' | 'unknown';

/** What a kind is to a source: policy in whatever version, since reading it says which ones count, others in known ones. */
export function useOf(apiVersion: string, kind: string): SourceUse {
  const info = kindOf(apiVersion, kind);
  if (info === undefined || info.use === 'none') return 'unknown';
  const inAnyVersion = info.policy || info.group === 'heddle.dev';
  if (!inAnyVersion && !info.versions.includes(versionOf(apiVersion))) return 'unknown';
  return info.use === 'traffic' ? 'traffic' : 'read';
}
