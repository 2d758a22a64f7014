import type { KubeObject } from '@heddle/smi';
import type { WireCall } from './trial.ts';

/**
 * Drops what is not needed for a policy to differ: whole objects, then items of their lists, one at a time and again until
 * nothing more can go. What comes back differs, if what came in did.
 */
export async function shrink(
  policy: readonly KubeObject[],
  differs: (policy: readonly KubeObject[]) => Promise<boolean>,
): Promise<readonly KubeObject[]> {
  let smallest = policy;
  for (let index = smallest.length - 1; index >= 0; index--) {
    const smaller = smallest.toSpliced(index, 1);
    if (await differs(smaller)) smallest = smaller;
  }
  for (let index = 0; index < smallest.length; index++) {
    for (const path of removable(smallest[index]).toReversed()) {
      const object = smallest[index];
      if (object === undefined) continue;
      const smaller = smallest.with(index, without(object, path));
      if (await differs(smaller)) smallest = smaller;
    }
  }
  return smallest;
}

/** A call without the headers that it need not have, and with nothing odd about it that need not be. */
export async function shrinkCall(
  { call, http2 }: WireCall,
  differs: (call: WireCall) => Promise<boolean>,
): Promise<WireCall> {
  let simplest: WireCall = { call, http2 };
  const attempt = async (simpler: WireCall) => {
    if (await differs(simpler)) simplest = simpler;
  };
  for (let index = call.headers.length - 1; index >= 0; index--) {
    await attempt({ ...simplest, call: { ...simplest.call, headers: simplest.call.headers.toSpliced(index, 1) } });
  }
  if (call.protocol === 'tcp') return simplest;
  if (call.path !== '/') await attempt({ ...simplest, call: { ...simplest.call, path: '/' } });
  if (call.method !== 'GET') await attempt({ ...simplest, call: { ...simplest.call, method: 'GET' } });
  if (http2) await attempt({ ...simplest, http2: false });
  return simplest;
}

type Path = readonly (string | number)[];

/** Items of lists, and fields of route entries; those inside come after what they are in. */
function removable(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => [[...path, index], ...removable(item, [...path, index])]);
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    const isOptional = key === 'pathRegex' || key === 'methods' || key === 'headers' || key === 'matches';
    const own = isOptional && typeof path.at(-1) === 'number' ? [[...path, key]] : [];
    return [...own, ...removable(field, [...path, key])];
  });
}

function without(object: KubeObject, path: Path): KubeObject {
  const copy = structuredClone(object);
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], copy);
  const last = path.at(-1) ?? '';
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as Record<string | number, unknown>)[last];
  return copy;
}
