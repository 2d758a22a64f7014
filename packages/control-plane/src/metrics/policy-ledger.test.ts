import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { type Finding, findingAt, type HeldChange, type HeldObject, type Reason } from '@heddle/mesh';
import { type KubeObject, refOf, type SourceObject } from '@heddle/smi';
import type { NodeStatus } from '../xds/node.ts';
import { PolicyLedger, type PublishedPass } from './policy-ledger.ts';

let said: string[] = [];
let ledger: PolicyLedger;

beforeEach(() => {
  said = [];
  before = [];
  ledger = new PolicyLedger({
    applied: ({ kind, name }) => said.push(`${kind} ${name} applied`),
    rejected: ({ kind, name }, code) => said.push(`${kind} ${name} rejected: ${code}`),
  });
});

const target = (name: string, generation?: number): SourceObject => {
  const metadata = { name, namespace: 'shop', ...(generation !== undefined && { generation }) };
  const object: KubeObject = { apiVersion: 'access.smi-spec.io/v1alpha3', kind: 'TrafficTarget', metadata };
  return { object };
};

const held = (source: SourceObject): HeldObject => ({ ref: refOf(source.object), latest: source, inForce: source });

/** What was published last. */
let before: readonly SourceObject[] = [];

const name = ({ object }: SourceObject) => object.metadata.name;

function changesTo(now: readonly SourceObject[]): HeldChange[] {
  const gone = before.filter(source => !now.some(other => name(other) === name(source)));
  const changed = now.filter(source => !before.includes(source));
  before = now;
  return [
    ...gone.map(({ object }) => ({ ref: refOf(object) })),
    ...changed.map(source => ({ ref: refOf(source.object), held: held(source) })),
  ];
}

type World = Pick<PublishedPass, 'output' | 'workloadOf'>;

/** A workload named `a` of `shop` with the sidecars `a1` and `a2`, and so on, that have these resources of these objects. */
function world(workloads: Readonly<Record<string, readonly SourceObject[]>>): World {
  const configurations = Object.entries(workloads).map(([workload, sources]) => {
    const resources = sources.map(source => ({
      typeUrl: 'type',
      name: `of ${source.object.metadata.name}`,
      value: {},
      origins: [{ source, path: [] }],
    }));
    return [workload, { groups: [{ resources }] }] as const;
  });
  return {
    output: { sidecars: new Map([['shop', new Map(configurations)]]) },
    workloadOf: node => (Object.hasOwn(workloads, node.slice(0, -1)) ? `shop/${node.slice(0, -1)}` : undefined),
  };
}

function publish(
  sources: readonly SourceObject[],
  awaited: readonly string[],
  around: Partial<World> & { readonly findings?: readonly Finding[] } = {},
): void {
  const { findings = [], output, workloadOf } = { ...world({}), ...around };
  ledger.published({ changes: changesTo(sources), findings, output, workloadOf, awaited: new Set(awaited) });
}

function node(id: string, options: { readonly inSync?: boolean; readonly has?: string } = {}): NodeStatus {
  const { inSync = true, has } = options;
  const types = [
    {
      typeUrl: 'type',
      wildcard: true,
      sent: [],
      acknowledged: new Map(has === undefined ? [] : [[has, '1']]),
      awaited: new Set<string>(),
      rejected: [],
      inSync,
    },
  ];
  return { node: id, connected: true, inSync, since: new Date(0), types };
}

const finding = (source: SourceObject, reason: Reason = 'InvalidField') => findingAt(reason, source, [], '');

const web = target('web');
const api = target('api');

test('an object that concerns no sidecar is applied at once, and once only', () => {
  publish([web], []);
  publish([web], []);
  assert.deepEqual(said, ['TrafficTarget web applied']);
});

test('each object waits for the last of the sidecars that it concerns, and for no other', () => {
  const around = world({ a: [web], b: [web, api] });
  publish([web, api], ['a1', 'b1', 'b2'], around);
  ledger.acknowledged(node('b1'), 'shop/b');
  assert.deepEqual(said, []);
  ledger.acknowledged(node('b2'), 'shop/b');
  assert.deepEqual(said, ['TrafficTarget api applied']);
  ledger.acknowledged(node('a1'), 'shop/a');
  assert.deepEqual(said, ['TrafficTarget api applied', 'TrafficTarget web applied']);
});

test('a new generation counts again: other content of a file, another number in Kubernetes', () => {
  publish([web, target('api', 1)], []);
  publish([target('web'), target('api', 1)], []);
  publish([target('api', 2)], []);
  assert.deepEqual(said, [
    'TrafficTarget web applied',
    'TrafficTarget api applied',
    'TrafficTarget web applied',
    'TrafficTarget api applied',
  ]);
});

test('a sidecar that loses by an edit concerns it, one that goes is not waited for', () => {
  publish([web], [], world({ a: [web] }));
  const edited = target('web');
  publish([edited], ['a1', 'a2'], world({ a: [] }));
  ledger.acknowledged(node('a1'), 'shop/a');
  assert.deepEqual(said, ['TrafficTarget web applied']);
  publish([edited], [], { ...world({ a: [] }), workloadOf: () => undefined });
  assert.deepEqual(said, ['TrafficTarget web applied', 'TrafficTarget web applied']);
});

test('an object that is refused counts once a code, and is applied once it is mended', () => {
  publish([web], [], { findings: [finding(web), finding(web), finding(web, 'EmptyRules')] });
  publish([web], [], { findings: [finding(web), finding(web, 'BackendNotFound')] });
  assert.deepEqual(said.splice(0), ['TrafficTarget web rejected: SMI1004', 'TrafficTarget web rejected: SMI1010']);
  publish([web], []);
  assert.deepEqual(said, ['TrafficTarget web applied']);
});

test('what a sidecar refused is rejected, and does not hold up the others', () => {
  const around = world({ a: [web, api] });
  publish([web, api], ['a1'], around);
  ledger.refused([finding(web, 'NotProgrammed')]);
  ledger.refused([finding(web, 'NotProgrammed')]);
  ledger.acknowledged(node('a1', { inSync: false, has: 'of api' }), 'shop/a');
  assert.deepEqual(said, ['TrafficTarget web rejected: SMI5002', 'TrafficTarget api applied']);
});

test('an object that is edited or removed meanwhile is not waited for any more', () => {
  publish([web, api], ['a1'], world({ a: [web, api] }));
  publish([target('web')], [], world({ a: [web] }));
  ledger.acknowledged(node('a1'), 'shop/a');
  assert.deepEqual(said, ['TrafficTarget web applied']);
});
