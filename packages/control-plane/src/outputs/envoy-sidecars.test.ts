import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configurationOf,
  createCompiler,
  createEnvoyRenderer,
  defaultSettings,
  type EnvoyOutput,
  type EnvoyTarget,
  type Render,
  ResourceStore,
  type XdsResource,
} from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { mapConfigurations } from '../../../../test/worlds/map-configurations.ts';
import { CertificateAuthority } from '../identity/ca.ts';
import { WorkloadSecrets } from '../identity/secrets.ts';
import type { NodeStatus } from '../xds/node.ts';
import { typeUrls } from '../xds/resource-type.ts';
import type { Snapshot } from '../xds/snapshot.ts';
import { EnvoySidecars } from './envoy-sidecars.ts';

const now = () => new Date('2026-01-01T00:00:00Z');

/** Sidecars whose server only remembers. */
function sidecarsWithMemory(createRenderer?: () => Render<EnvoyTarget, EnvoyOutput>) {
  const snapshots = new Map<string, Snapshot>();
  const said: string[] = [];
  const acknowledged: Snapshot[] = [];
  const secrets = new WorkloadSecrets({
    authority: new CertificateAuthority({ trustDomain: 'cluster.local', now }),
    now,
    onRenewed: () => undefined,
  });
  const sidecars = new EnvoySidecars({
    xds: {
      publish: (node, snapshot) => {
        snapshots.set(node, snapshot);
        return true;
      },
      forget: node => void snapshots.delete(node),
      status: () => [],
      *acknowledged() {
        yield* acknowledged;
      },
    },
    secrets,
    target: () => ({}),
    open: async () => undefined,
    onFailure: failure => said.push(`${failure.sidecars.map(sidecar => sidecar.pod).join()}: ${String(failure.error)}`),
    ...(createRenderer && { createRenderer }),
  });
  const store = new ResourceStore();
  store.configure(defaultSettings);
  const compile = createCompiler();
  const show = (...objects: KubeObject[]) => {
    store.apply({ upserts: objects.map(object => ({ object })), removals: [] });
    const model = compile(store.setAside(sidecars.refused));
    const rendered = sidecars.render(model);
    rendered.publish(1);
    return rendered.findings;
  };
  return { sidecars, snapshots, secrets, show, said, acknowledged };
}

const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: { serviceAccountName: 'web', containers: [] },
  status: { podIP: '10.244.1.1', conditions: [{ type: 'Ready', status: 'True' }] },
};

const serviceOn = (port: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.9', selector: { app: 'web' }, ports: [{ port, targetPort: 8080, name: 'http' }] },
});

const target: KubeObject = {
  apiVersion: 'access.smi-spec.io/v1alpha3',
  kind: 'TrafficTarget',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    destination: { kind: 'ServiceAccount', name: 'web' },
    sources: [{ kind: 'ServiceAccount', name: 'web' }],
    rules: [{ kind: 'TCPRoute', name: 'any' }],
  },
};

const anyPort: KubeObject = {
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'TCPRoute',
  metadata: { name: 'any', namespace: 'shop' },
  spec: {},
};

const namesIn = (snapshot: Snapshot | undefined): string[] =>
  (snapshot?.groups ?? []).flatMap(({ resources }) => resources.map(({ name }) => name));

test('a bundle that changes alone is brought to every sidecar', () => {
  const { snapshots, secrets, show } = sidecarsWithMemory();
  show(pod);
  const versionOf = () =>
    [...snapshots.values()].map(
      ({ groups }) => groups.flatMap(({ resources }) => resources).find(({ name }) => name === 'trust-bundle')?.version,
    );
  const before = versionOf();
  const other = new CertificateAuthority({ trustDomain: 'cluster.local', now });
  const alsoTrusted = [other.trustBundlePem];
  const pem = { ...secrets.authority.pem(), alsoTrusted };
  secrets.replaceAuthority(new CertificateAuthority({ trustDomain: 'cluster.local', now, pem }));
  show();
  assert.equal(before.length, 1);
  assert.notDeepEqual(versionOf(), before);
});

test('a sidecar gets what was rendered for its workload, and its secrets', () => {
  const { sidecars, snapshots, show } = sidecarsWithMemory();
  assert.deepEqual(show(pod, serviceOn(80), target, anyPort), []);
  const [sidecar] = sidecars.sidecars;
  assert.equal(sidecar?.identity, 'spiffe://cluster.local/ns/shop/sa/web');
  const names = namesIn(snapshots.get(sidecar?.nodeId ?? ''));
  assert.ok(
    names.some(name => name.includes('shop/web')),
    names.join(' '),
  );
  assert.deepEqual([...sidecars.changed], [sidecar?.nodeId]);
});

test('an identity that nobody may have sets its sidecars aside, and no other', () => {
  const { sidecars, snapshots, show, said } = sidecarsWithMemory();
  const podNamed = (name: string, podIP: string, namespace: string): KubeObject => ({
    ...pod,
    metadata: { name, namespace, labels: { app: name } },
    spec: { serviceAccountName: 'a', containers: [] },
    status: { podIP },
  });
  show(pod, podNamed('a', '10.244.1.2', 'Odd_Name'), podNamed('b', '10.244.1.3', 'Odd_Name'));
  assert.deepEqual([...snapshots.keys()].map(podOf), ['web.shop']);
  assert.equal(sidecars.setAside, 2);
  assert.deepEqual(said.splice(0), ['a,b: Error: "Odd_Name" can\'t be part of an identity']);
  show(serviceOn(80));
  assert.equal(sidecars.setAside, 2);
  assert.deepEqual(said, [], 'the same is not said in each pass');
  show(podNamed('a', '10.244.1.2', 'shop'));
  assert.deepEqual([...snapshots.keys()].map(podOf).toSorted(), ['a.shop', 'web.shop']);
});

const podOf = (nodeId: string) => nodeId.split('~')[2] ?? '';

test('what Envoy refused is said on the objects that it came from, once whatever the number of sidecars', () => {
  const { sidecars, show } = sidecarsWithMemory();
  show(pod, serviceOn(80), target, anyPort);
  const groups = configurationOf(sidecars.output, 'shop/web')?.groups ?? [];
  const route = groups.flatMap(({ resources }) => resources).find(({ origins }) => origins.length > 0);
  assert.ok(route);
  const node: NodeStatus = {
    node: sidecars.sidecars[0]?.nodeId ?? '',
    connected: true,
    inSync: false,
    since: now(),
    types: [
      {
        typeUrl: route.typeUrl,
        wildcard: false,
        sent: [],
        acknowledged: new Map(),
        awaited: new Set([route.name]),
        rejected: [{ name: route.name, version: '1', message: 'no such thing' }],
        inSync: false,
      },
    ],
  };
  const findings = sidecars.rejections([node, node]);
  assert.ok(findings.length > 0);
  assert.deepEqual(
    new Set(findings.map(({ code, reason }) => `${code} ${reason}`)),
    new Set(['SMI5002 NotProgrammed']),
  );
  assert.match(findings[0]?.message ?? '', /Envoy refused it: no such thing/);
});

const routesOf = (paths: readonly string[]): KubeObject => ({
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: { name: 'routes', namespace: 'shop' },
  spec: { matches: paths.map((pathRegex, index) => ({ name: `m${index}`, pathRegex })) },
});

test('a version that Envoy refuses is set aside, the one before is rendered in its place, and a new one is tried', () => {
  const { sidecars, snapshots, show, acknowledged } = sidecarsWithMemory();
  const rules = [{ kind: 'HTTPRouteGroup', name: 'routes' }];
  const byRoutes = { ...target, spec: { ...(target['spec'] as object), rules } };
  const inboundRoutes = () => {
    const snapshot = snapshots.get(sidecars.sidecars[0]?.nodeId ?? '');
    const resources = (snapshot?.groups ?? []).flatMap(group => group.resources);
    return resources.find(({ typeUrl, name }) => typeUrl === typeUrls.route && name.startsWith('inbound'));
  };
  const refuse = () => {
    const { name = '', version = '' } = inboundRoutes() ?? {};
    const node = sidecars.sidecars[0]?.nodeId ?? '';
    return sidecars.rejected({ node, typeUrl: typeUrls.route, resources: [{ name, version }], message: 'no' });
  };
  show(pod, serviceOn(80), byRoutes, routesOf(['/a']));
  const good = inboundRoutes();
  const whole = snapshots.get(sidecars.sidecars[0]?.nodeId ?? '');
  if (whole !== undefined) acknowledged.push(whole);
  show(routesOf(['/b']));
  assert.notEqual(inboundRoutes()?.version, good?.version);
  assert.equal(refuse(), true);
  assert.equal(refuse(), false, 'that is known');
  const [refusal, ...others] = sidecars.refusals;
  assert.equal(others.length, 0, 'the target is the one that was acknowledged');
  assert.deepEqual(
    [refusal?.origin.source.object.kind, refusal?.concerned, refusal?.isDoubted],
    ['HTTPRouteGroup', 1, false],
  );
  show();
  assert.equal(inboundRoutes()?.version, good?.version);
  const findings = sidecars.rejections([]);
  assert.deepEqual(
    findings.map(({ reason, object }) => `${reason} ${object?.name}`),
    ['NotProgrammed routes'],
  );
  show(routesOf(['/c']));
  assert.notEqual(inboundRoutes()?.version, good?.version);
});

test('what can’t be encoded keeps its last good form, is said, and holds nothing else up', () => {
  let breaks = false;
  const { sidecars, snapshots, show } = sidecarsWithMemory(() => {
    const render = createEnvoyRenderer();
    return (model, envoyTarget) => {
      const { output, findings } = render(model, envoyTarget);
      return { output: breaks ? withBrokenListener(output) : output, findings };
    };
  });
  show(pod, serviceOn(80), target, anyPort);
  const nodeId = sidecars.sidecars[0]?.nodeId ?? '';
  const before = snapshots.get(nodeId);
  breaks = true;
  const findings = show({ ...serviceOn(80), metadata: { name: 'other', namespace: 'shop' } });
  assert.ok(findings.length > 0);
  assert.ok(findings.every(({ reason }) => reason === 'NotProgrammed'));
  const after = namesIn(snapshots.get(nodeId));
  for (const name of namesIn(before)) assert.ok(after.includes(name), `${name} is still there`);
  assert.ok(
    after.some(name => name.includes('shop/other')),
    'the rest ships',
  );
});

/** The configuration with a field that no listener has, in the first listener that came from an object. */
function withBrokenListener(output: EnvoyOutput): EnvoyOutput {
  return mapConfigurations(output, ({ groups }) => {
    const index = groups.findIndex(({ resources }) => resources.some(isOfObject));
    const resources = (groups[index]?.resources ?? []).map(resource =>
      isOfObject(resource) ? { ...resource, value: { ...resource.value, nonsense: 80.5 } } : resource,
    );
    return { groups: groups.with(index, { resources }) };
  });
}

function isOfObject({ typeUrl, origins }: XdsResource): boolean {
  return typeUrl === typeUrls.listener && origins.length > 0;
}
