import { type Condition, conditionsOf, type Finding, type HeldObject, isAccepted, type Progress } from '@heddle/mesh';
import { kindOf, type ObjectRef } from '@heddle/smi';
import { objectKey } from './programmed.ts';
import type { Transitions } from './transitions.ts';

/** An object of policy, refused or not, and how far it has come. */
export interface ObjectStatus extends ObjectRef {
  /** False where a finding of severity `error` is about it, other than that a sidecar refused what was made of it. */
  readonly accepted: boolean;
  /** Sidecars that have acknowledged what is in force of it, of all those that it concerns. */
  readonly programmed: Progress;
  /** Reasons of the findings about it. */
  readonly reasons: readonly string[];
  readonly conditions: readonly Condition[];
}

/** What is known besides of the objects of a mesh. */
export interface ObjectFacts {
  readonly findings: readonly Finding[];
  /** By `objectKey`; an object that is not named concerns no sidecar. */
  readonly progress: ReadonlyMap<string, Progress>;
}

/** The status of every object of policy among these, in order of group, kind, namespace and name. */
export function objectStatuses(
  objects: Iterable<HeldObject>,
  { findings, progress }: ObjectFacts,
  transitions: Transitions,
): ObjectStatus[] {
  const about = findingsByObject(findings);
  const policy = [...policyByKey(objects)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const observed = policy.map(([key, object]) => {
    const conditions = conditionsOf(object, about.get(key) ?? [], progress.get(key) ?? noSidecar);
    return [key, conditions] as const;
  });
  const settled = transitions.settle(new Map(observed));
  return policy.map(([key, { ref }]) => {
    const found = about.get(key) ?? [];
    return {
      ...ref,
      accepted: isAccepted(found),
      programmed: progress.get(key) ?? noSidecar,
      reasons: [...new Set(found.map(({ reason }) => reason))],
      conditions: settled.get(key) ?? [],
    };
  });
}

const noSidecar: Progress = { acknowledged: 0, concerned: 0 };

/** Whether an object says what the mesh is to do. */
export function isPolicy({ ref: { apiVersion, kind } }: HeldObject): boolean {
  return kindOf(apiVersion, kind)?.policy ?? false;
}

/** Objects of policy by `objectKey`. */
export function policyByKey(objects: Iterable<HeldObject>): ReadonlyMap<string, HeldObject> {
  const byKey = new Map<string, HeldObject>();
  for (const object of objects) if (isPolicy(object)) byKey.set(objectKey(object.ref), object);
  return byKey;
}

/** Findings by the `objectKey` of what they are about; those about no object are left out. */
export function findingsByObject(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const byKey = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.object === undefined) continue;
    const key = objectKey(finding.object);
    const list = byKey.get(key);
    if (list === undefined) byKey.set(key, [finding]);
    else list.push(finding);
  }
  return byKey;
}
