// A controller whose clock is set, under sidecars that go by the right time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { Callers } from '../../differential/callers.ts';
import { startWorld } from '../../differential/live-world.ts';
import type { World } from '../../worlds/world.ts';
import { eventually, testEnvoy } from '../local-harness.ts';

const tcp = { name: 'tcp', number: 9000, target: 9000 };
const world: World = {
  workloads: [
    { namespace: 'shop', name: 'web', ports: [tcp] },
    { namespace: 'stock', name: 'books', ports: [tcp] },
  ],
  shared: [],
  logicalRoot: 'front',
};
const policy: KubeObject[] = [
  {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'TCPRoute',
    metadata: { name: 'any', namespace: 'stock' },
    spec: { matches: { name: 'all', ports: [9000] } },
  },
  {
    apiVersion: 'access.smi-spec.io/v1alpha3',
    kind: 'TrafficTarget',
    metadata: { name: 'books', namespace: 'stock' },
    spec: {
      destination: { kind: 'ServiceAccount', name: 'books' },
      sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
      rules: [{ kind: 'TCPRoute', name: 'any' }],
    },
  },
];
const hour = 3_600_000;
const envoy = await testEnvoy();

test('a clock that is set back, then forward past the end of every certificate: closed meanwhile, and it heals', {
  skip: envoy === undefined,
}, async t => {
  const clock = { behind: 0 };
  const mesh = await startWorld(world, envoy ?? '', { now: () => new Date(Date.now() - clock.behind) });
  const callers = new Callers(mesh);
  // Every connection of a TCP port is a handshake of its own.
  const call = async () => {
    const order = { host: 'books.stock', port: 9000, protocol: 'tcp', method: '', path: '', headers: [] } as const;
    const caller = { namespace: 'shop', serviceAccount: 'web' };
    const { exchanges } = await callers.call(caller, { ...order, times: 1, timeout: 5000 });
    return exchanges[0]?.end;
  };
  const until = async (end: string) => {
    const start = performance.now();
    await eventually(`a connection ends as ${end}`, async () => ((await call()) === end ? end : undefined));
    return ((performance.now() - start) / 1000).toFixed(1);
  };
  try {
    await mesh.apply(policy);
    assert.equal(await call(), 'answered');
    // What is issued now ends in a few seconds by the sidecars' clock.
    clock.behind = 24 * hour - 3000;
    await until('closed');
    clock.behind = 0;
    t.diagnostic(`connections succeed again after ${await until('answered')} s`);
  } finally {
    await callers.end();
    await mesh.end();
  }
});
