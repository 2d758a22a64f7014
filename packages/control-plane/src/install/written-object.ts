import type { KubeObject } from '@heddle/smi';
import { isRecord } from '../sources/record.ts';

/** An object as the API server takes it: rules of roles without their reasons. */
export function plainObject(object: KubeObject): KubeObject {
  const { rules } = object;
  if (!Array.isArray(rules)) return object;
  return {
    ...object,
    rules: rules.map((rule: unknown) =>
      isRecord(rule) ? Object.fromEntries(Object.entries(rule).filter(([field]) => field !== 'reason')) : rule,
    ),
  };
}

/** Where the rules of a role have their reasons, for whoever writes it with comments: by position. */
export function reasonsOf({ rules }: KubeObject): readonly string[] {
  if (!Array.isArray(rules)) return [];
  return rules.map((rule: unknown) => (isRecord(rule) && typeof rule['reason'] === 'string' ? rule['reason'] : ''));
}
