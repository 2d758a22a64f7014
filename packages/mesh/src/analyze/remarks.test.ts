import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { createCompiler } from '../compile/compile.ts';
import { findingInFile } from '../findings/finding.ts';
import { findingsOf } from '../model/mesh-model.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { remarksOf } from './remarks.ts';

const namespace = 'shop';

const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: { serviceAccountName: name, containers: [] },
  status: { podIP: '10.244.1.1', conditions: [{ type: 'Ready', status: 'True' }] },
});

const service = (name: string, appProtocol = 'http'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { clusterIP: '10.96.0.9', selector: { app: name }, ports: [{ port: 80, targetPort: 8080, appProtocol }] },
});

const group: KubeObject = {
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: { name: 'routes', namespace },
  spec: { matches: [{ name: 'any', pathRegex: '/.*' }] },
};

const target = (rule: object): KubeObject => ({
  apiVersion: 'access.smi-spec.io/v1alpha3',
  kind: 'TrafficTarget',
  metadata: { name: 'web', namespace },
  spec: {
    destination: { kind: 'ServiceAccount', name: 'web' },
    sources: [{ kind: 'ServiceAccount', name: 'web' }],
    rules: [rule],
  },
});

const split = (backend: string, matches: object[] = []): KubeObject => ({
  apiVersion: 'split.smi-spec.io/v1alpha4',
  kind: 'TrafficSplit',
  metadata: { name: 'web', namespace },
  spec: { service: 'web', backends: [{ service: backend, weight: 1 }], ...(matches.length > 0 && { matches }) },
});

const profile = { namespace, name: 'web.shop.svc.cluster.local' };
const byGroup = target({ kind: 'HTTPRouteGroup', name: 'routes' });
const byTcp = target({ kind: 'TCPRoute', name: 'any' });

function remarksOn(objects: readonly KubeObject[], serviceProfiles: (typeof profile)[] = []): string[] {
  const store = new ResourceStore();
  const set = store.apply({ upserts: objects.map(object => ({ object })), removals: [] });
  const model = createCompiler()(set);
  return remarksOf({ model, findings: findingsOf(model), serviceProfiles }).map(
    ({ message, object }) => `${message}: ${object?.kind} ${object?.name}`,
  );
}

const openNamespace: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', annotations: { 'heddle.dev/policy': 'allow-all' } },
};
const noRoutes = ['no routes for service: Service web'];
const web = [pod('web'), service('web')];

const cases: [what: string, remarks: string[], expected: string[]][] = [
  ['a Service that no route group speaks of', remarksOn(web), noRoutes],
  ['one of which a route group speaks by a target', remarksOn([...web, group, byGroup]), []],
  ['one whose target names a group that is missing', remarksOn([...web, byGroup]), noRoutes],
  ['one whose target names TCP alone', remarksOn([...web, group, byTcp]), noRoutes],
  [
    'one of which a split speaks by its matches',
    remarksOn([...web, group, split('web', [{ kind: 'HTTPRouteGroup', name: 'routes' }])]),
    [],
  ],
  ['one that a split without matches shares', remarksOn([...web, split('web')]), noRoutes],
  ['one with a ServiceProfile', remarksOn(web, [profile]), []],
  ['one that speaks bytes', remarksOn([pod('web'), service('web', 'tcp')]), []],
  ['one where policy is allow-all', remarksOn([...web, openNamespace]), []],
  ['one without pods', remarksOn([service('web')]), []],
  [
    'a split without usable backends',
    remarksOn([...web, group, byGroup, split('nobody')]),
    ['no matching backends: TrafficSplit web'],
  ],
  [
    'an API version that nobody reads',
    remarksOn([{ ...group, apiVersion: 'specs.smi-spec.io/v9' }]),
    ['failed to list SMI policy: HTTPRouteGroup routes'],
  ],
];

for (const [what, remarks, expected] of cases) test(what, () => assert.deepEqual(remarks, expected));

test('a file that may not be read is a failed list, one that does not parse is not', () => {
  const model = createCompiler()(new ResourceStore().current());
  const closed = findingInFile('UnreadableFile', { file: 'a.yaml' }, 'It may not be read.');
  const broken = findingInFile('UnreadableFile', { file: 'b.yaml', line: 1, column: 1 }, 'It does not parse.');
  assert.deepEqual(remarksOf({ model, findings: [closed, broken], serviceProfiles: [] }), [
    { message: 'failed to list SMI policy', file: 'a.yaml', hint: 'It may not be read.' },
  ]);
});
