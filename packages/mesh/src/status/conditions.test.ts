import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, SourceObject } from '@heddle/smi';
import type { Reason } from '../findings/catalogue.ts';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { HeldObject } from '../store/resource-set.ts';
import { type Condition, settleConditions } from './condition.ts';
import { conditionsOf } from './conditions.ts';

const split = (generation?: number): SourceObject => {
  const metadata = { name: 'web', namespace: 'shop', ...(generation !== undefined && { generation }) };
  const object: KubeObject = { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', metadata };
  return { object };
};

const latest = split();
const ref = { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', namespace: 'shop', name: 'web' };
const inForce: HeldObject = { ref, latest, inForce: latest };
const olderInForce: HeldObject = { ref, latest, inForce: split() };
const nowhere: HeldObject = { ref, latest };

const findings = (...reasons: Reason[]): Finding[] =>
  reasons.map((reason, index) => findingAt(reason, latest, [], `${reason} ${index}.`));

const seen = (object: HeldObject, found: readonly Finding[], acknowledged = 2, concerned = 2) =>
  conditionsOf(object, found, { acknowledged, concerned }).map(({ status, reason }) => `${status} ${reason}`);

const cases: [what: string, got: string[], expected: string[]][] = [
  [
    'one that is in force everywhere',
    seen(inForce, []),
    ['True Accepted', 'True ResolvedRefs', 'False NoConflict', 'True Programmed'],
  ],
  [
    'one that a sidecar has not acknowledged',
    seen(inForce, [], 1),
    ['True Accepted', 'True ResolvedRefs', 'False NoConflict', 'False Pending'],
  ],
  [
    'one that concerns nobody',
    seen(inForce, [], 0, 0),
    ['True Accepted', 'True ResolvedRefs', 'False NoConflict', 'True NoSidecarConcerned'],
  ],
  [
    'one that names what is not there',
    seen(inForce, findings('BackendNotFound')),
    ['True Accepted', 'False BackendNotFound', 'False NoConflict', 'True Programmed'],
  ],
  [
    'one in whose place another is in force',
    seen(inForce, findings('ConflictingSplit'), 0, 0),
    ['True Accepted', 'True ResolvedRefs', 'True ConflictingSplit', 'False ConflictingSplit'],
  ],
  [
    'one that is refused',
    seen(olderInForce, findings('InvalidWeight')),
    ['False InvalidWeight', 'True ResolvedRefs', 'False NoConflict', 'False NotAccepted'],
  ],
  [
    'one that was never in force',
    seen(nowhere, findings('InvalidField'), 0, 0),
    ['False InvalidField', 'Unknown NotAccepted', 'False NoConflict', 'False NotAccepted'],
  ],
  [
    'one of a kind that is not followed',
    seen(nowhere, findings('NoEffectYet'), 0, 0),
    ['True Accepted', 'Unknown NoEffectYet', 'False NoConflict', 'False NoEffectYet'],
  ],
  [
    'one that Envoy refused',
    seen(inForce, findings('NotProgrammed'), 1),
    ['True Accepted', 'True ResolvedRefs', 'False NoConflict', 'False NotProgrammed'],
  ],
];

for (const [what, got, expected] of cases) test(what, () => assert.deepEqual(got, expected));

const message = (object: HeldObject, found: readonly Finding[], type: Condition['type']) =>
  conditionsOf(object, found, { acknowledged: 1, concerned: 2 }).find(condition => condition.type === type)?.message;

test('the messages tell how many sidecars have it, and what is wrong', () => {
  assert.equal(message(inForce, [], 'Programmed'), '1 of 2 sidecars acknowledged it so far.');
  assert.equal(
    message(olderInForce, findings('InvalidWeight'), 'Programmed'),
    'The last good version is in force, on 1 of 2 sidecars.',
  );
  assert.equal(
    message(inForce, findings('InvalidWeight'), 'Programmed'),
    'What can be read of it is in force, on 1 of 2 sidecars.',
  );
  const many = findings('InvalidWeight', 'InvalidField', 'InvalidField', 'InvalidField', 'InvalidField');
  assert.equal(
    message(olderInForce, many, 'Accepted'),
    'InvalidWeight 0. InvalidField 1. InvalidField 2. There is more: 2.',
  );
});

test('a generation is named where there is one', () => {
  const source = split(7);
  const [first] = conditionsOf({ ref, latest: source, inForce: source }, [], { acknowledged: 0, concerned: 0 });
  assert.equal(first?.observedGeneration, 7);
});

const observe = (acknowledged: number) => conditionsOf(inForce, [], { acknowledged, concerned: 3 });

const times = (conditions: readonly Condition[]) =>
  conditions.map(({ lastTransitionTime }) => lastTransitionTime.slice(17, 19));

test('the time of a condition is that of its last change of status', () => {
  const first = settleConditions(observe(1), [], '2026-01-01T00:00:01Z');
  const second = settleConditions(observe(2), first, '2026-01-01T00:00:02Z');
  const third = settleConditions(observe(3), second, '2026-01-01T00:00:03Z');
  assert.deepEqual(times(second), ['01', '01', '01', '01']);
  assert.equal(second.at(-1)?.message, '2 of 3 sidecars acknowledged it so far.');
  assert.deepEqual(times(third), ['01', '01', '01', '03']);
  assert.equal(settleConditions(observe(3), third, '2026-01-01T00:00:04Z'), third);
});
