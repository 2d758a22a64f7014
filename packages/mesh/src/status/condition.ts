/** What a condition speaks of. */
export type ConditionType =
  /** The object can be read and may say what it says; where it is not, the last good version stays in force. */
  | 'Accepted'
  /** All that it names is there. */
  | 'ResolvedRefs'
  /** Another object is in force in its place. */
  | 'Conflicted'
  /** Every sidecar that it concerns has acknowledged what was made of it. */
  | 'Programmed';

/** One thing that holds of an object or not, in the shape of Kubernetes' `metav1.Condition`. Plain JSON. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  /** The `metadata.generation` that it was observed of; absent for objects that have none, such as those of files. */
  readonly observedGeneration?: number;
  /** When `status` last changed, RFC 3339 in seconds. */
  readonly lastTransitionTime: string;
  /** CamelCase: that of a finding where one is the cause. */
  readonly reason: string;
  /** One or more sentences for people. */
  readonly message: string;
}

/** A condition as it is seen at one moment, which knows nothing of before. */
export type ObservedCondition = Omit<Condition, 'lastTransitionTime'>;

/**
 * Gives observed conditions their times: that of the condition before, as long as the status is the same, else `now`
 * (RFC 3339). A condition that did not change at all is the same JavaScript object.
 */
export function settleConditions(
  observed: readonly ObservedCondition[],
  before: readonly Condition[],
  now: string,
): readonly Condition[] {
  const settled = observed.map(condition => {
    const known = before.find(({ type }) => type === condition.type);
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
    const next: Condition = { ...condition, lastTransitionTime };
    return known !== undefined && isSame(known, next) ? known : next;
  });
  return settled.length === before.length && settled.every((condition, index) => condition === before[index])
    ? before
    : settled;
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}
