import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../sources/record.ts';
import type { PatchStep } from './admission-review.ts';

/** The steps that make one value of another (RFC 6902): maps are gone into, everything else is replaced as a whole. */
export function jsonPatch(before: unknown, after: unknown, path = ''): readonly PatchStep[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ op: 'replace', path, value: after }];
  const below = (field: string): string => `${path}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const gone = Object.keys(before).filter(field => !Object.hasOwn(after, field));
  return [
    ...gone.map(field => ({ op: 'remove', path: below(field) }) as const),
    ...Object.entries(after).flatMap(([field, value]): readonly PatchStep[] =>
      Object.hasOwn(before, field)
        ? jsonPatch(before[field], value, below(field))
        : [{ op: 'add', path: below(field), value }],
    ),
  ];
}
