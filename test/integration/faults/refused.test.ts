// What only a real Envoy refuses: it is traced to its object, set aside, and nothing else is held up by it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { createEnvoyRenderer, type XdsResource } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import type { MeshStatus } from '../../../packages/control-plane/src/api/mesh-status.ts';
import { Callers } from '../../differential/callers.ts';
import type { LiveMesh } from '../../differential/live-mesh.ts';
import { startWorld } from '../../differential/live-world.ts';
import { mapConfigurations } from '../../worlds/map-configurations.ts';
import type { World } from '../../worlds/world.ts';
import { testEnvoy } from '../local-harness.ts';

const http = { name: 'http', number: 80, target: 8080 };
const world: World = {
  workloads: [
    { namespace: 'shop', name: 'web', ports: [http] },
    { namespace: 'stock', name: 'books', ports: [http] },
  ],
  shared: [],
  logicalRoot: 'front',
};

const poison = 'refused-by-envoy';

const target = (name: string, path: string, annotations: Record<string, string> = {}): KubeObject[] => [
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name, namespace: 'stock' },
    spec: { matches: [{ name: 'all', pathRegex: path }] },
  },
  {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { name, namespace: 'stock', annotations },
    spec: {
      destination: { kind: 'ServiceAccount', name: 'books' },
      sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
      rules: [{ kind: 'HTTPRouteGroup', name, matches: ['all'] }],
    },
  },
];

/** Heddle's renderer, but for objects that say that they are poison: a pattern in their routes encodes well, and is none. */
function createPoisonedRenderer() {
  const render = createEnvoyRenderer();
  const remembered = new WeakMap<object, { readonly resources: readonly XdsResource[] }>();
  return (...[model, envoyTarget]: Parameters<typeof render>) => {
    const { output, findings } = render(model, envoyTarget);
    const poisoned = mapConfigurations(output, ({ groups }) => ({
      groups: groups.map(group => {
        const known = remembered.get(group) ?? { resources: group.resources.map(poisonedIfAsked) };
        remembered.set(group, known);
        return known;
      }),
    }));
    return { output: poisoned, findings };
  };
}

function poisonedIfAsked(resource: XdsResource): XdsResource {
  const isAsked = resource.origins.some(
    origin => !('default' in origin) && origin.source.object.metadata.annotations?.[poison] !== undefined,
  );
  if (!isAsked || !('virtualHosts' in resource.value)) return resource;
  const refused = { match: { safeRegex: { regex: '((' } }, directResponse: { status: 200 } };
  const hosts = resource.value.virtualHosts as { readonly routes: readonly object[] }[];
  const virtualHosts = hosts.map(host => ({ ...host, routes: [...host.routes, refused] }));
  return { ...resource, value: { ...resource.value, virtualHosts } };
}

const objectOf = ({ objects }: MeshStatus, name: string) =>
  objects.find(object => object.kind === 'TrafficTarget' && object.name === name);
const isSettled = ({ sidecars }: MeshStatus) => sidecars.every(({ inSync }) => inSync);
const refusals = ({ findings }: MeshStatus) => findings.filter(({ reason }) => reason === 'NotProgrammed');
const hasSettledOnOne = (status: MeshStatus) => isSettled(status) && refusals(status).length === 1;
const isProgrammed = (status: MeshStatus, name: string) => objectOf(status, name)?.programmed.acknowledged === 1;

const envoy = await testEnvoy();

describe('what only Envoy refuses', { skip: envoy === undefined }, () => {
  let mesh: LiveMesh;
  let callers: Callers;

  before(async () => {
    mesh = await startWorld(world, envoy ?? '', { createRenderer: createPoisonedRenderer });
    callers = new Callers(mesh);
  });
  after(async () => {
    await callers.end();
    await mesh.end();
  });

  async function statusOf(path: string): Promise<number | null | undefined> {
    const order = { host: 'books.stock', port: 80, protocol: 'http', method: 'GET', path } as const;
    const caller = { namespace: 'shop', serviceAccount: 'web' };
    const { exchanges } = await callers.call(caller, { ...order, headers: [], times: 1, timeout: 5000 });
    return exchanges[0]?.status;
  }

  /** Envoy acknowledges a listener a moment before connections meet its new chains: what it comes to counts. */
  async function comesTo(expected: Readonly<Record<string, number>>): Promise<void> {
    const deadline = AbortSignal.timeout(5000);
    const ask = async () => {
      const asked = Object.keys(expected).map(async path => [path, await statusOf(path)] as const);
      return Object.fromEntries(await Promise.all(asked));
    };
    let seen = await ask();
    while (!isDeepStrictEqual(seen, expected) && !deadline.aborted) seen = await ask();
    assert.deepEqual(seen, expected);
  }

  const [a, b] = [target('a', '/a'), target('b', '/b')];
  const badA = target('a', '/evil', { [poison]: '' });

  test('the version before stays in force, the object says so, and the rest ships with it', async () => {
    await mesh.apply(a);
    await comesTo({ '/a': 200, '/b': 403 });
    mesh.edit([...a.slice(0, 1), ...badA.slice(1), ...b]);
    const status = await mesh.until(
      'it is refused, and b is in force',
      state => hasSettledOnOne(state) && isProgrammed(state, 'b'),
    );
    const [finding] = refusals(status);
    assert.deepEqual([finding?.code, finding?.object?.kind, finding?.object?.name], ['SMI5002', 'TrafficTarget', 'a']);
    assert.match(finding?.message ?? '', /Envoy refused it: .*missing \)/);
    assert.deepEqual(objectOf(status, 'a')?.programmed, { acknowledged: 0, concerned: 1 });
    assert.deepEqual(objectOf(status, 'a')?.accepted, true);
    await comesTo({ '/a': 200, '/b': 200 });
  });

  test('a sidecar that connects later is given the version before too, and refuses nothing', async () => {
    await mesh.restartSidecar({ namespace: 'stock', name: 'books' });
    const status = await mesh.until('it is back', isSettled);
    assert.deepEqual(
      status.sidecars.flatMap(({ rejected }) => rejected),
      [],
    );
    await comesTo({ '/a': 200, '/b': 200 });
  });

  test('what is changed while it stands is in force at once', async () => {
    const c = target('c', '/c');
    mesh.edit([...a.slice(0, 1), ...badA.slice(1), ...b, ...c]);
    await mesh.until('c is in force', state => isSettled(state) && isProgrammed(state, 'c'));
    await comesTo({ '/a': 200, '/c': 200 });
  });

  test('a mended version is in force, and nothing is said any more', async () => {
    mesh.edit([...target('a', '/mended'), ...b]);
    const status = await mesh.until('all is well', state => isSettled(state) && refusals(state).length === 0);
    assert.deepEqual(objectOf(status, 'a')?.reasons, []);
    await comesTo({ '/a': 403, '/mended': 200 });
  });

  test('of several new objects the one to blame is found, and the others come into force', async () => {
    await mesh.apply(b);
    mesh.edit([...badA, ...b, ...target('c', '/c'), ...target('d', '/d')]);
    const status = await mesh.until(
      'all but one are in force',
      state => hasSettledOnOne(state) && isProgrammed(state, 'c') && isProgrammed(state, 'd'),
    );
    assert.deepEqual(objectOf(status, 'a')?.reasons, ['NotProgrammed']);
    await comesTo({ '/evil': 403, '/b': 200, '/c': 200, '/d': 200 });
  });
});
