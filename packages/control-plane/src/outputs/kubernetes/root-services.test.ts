import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiRequest } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { ApiObject } from '../../kube/kube-object.ts';
import { isOwn, manager, type Root } from './root-service.ts';
import { RootServices } from './root-services.ts';

const root = (...ports: number[]): Root => ({
  namespace: 'shop',
  name: 'web',
  ports: ports.map(number => ({ number, name: '' })),
  owners: [{ apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', name: 'web', uid: 'u' }],
});

interface Stored extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {
    readonly managedFields: readonly { manager: string }[];
    readonly ownerReferences?: readonly object[];
  };
}

/** An API server with one Service, which tells its follower of every change. */
class ServiceServer {
  service: Stored | undefined;
  readonly asked: string[] = [];
  told: (service: Stored | undefined) => void = () => {};
  #version = 0;

  readonly json = async <T>({ method = 'GET', body, query }: ApiRequest): Promise<T> => {
    await Promise.resolve();
    this.asked.push(method);
    if (method === 'POST') return this.put(body as Stored, query?.['fieldManager'] ?? '') as T;
    const { service } = this;
    if (service === undefined) throw new ApiError('none', { status: 404, code: 'NotFound' });
    if (method === 'PATCH') return this.put(merge(service, body) as Stored, query?.['fieldManager'] ?? '') as T;
    if (method === 'DELETE') this.gone();
    return service as T;
  };

  /** Somebody writes it. */
  put(service: object, by: string): Stored {
    this.#version += 1;
    const { metadata } = service as Stored;
    const before = this.service?.metadata.managedFields ?? [];
    const managedFields = [...before.filter(entry => entry.manager !== by), { manager: by }];
    const kept = { ...metadata, resourceVersion: String(this.#version), managedFields };
    this.service = { ...(service as Stored), metadata: kept };
    this.told(this.service);
    return this.service;
  }

  gone(): void {
    this.service = undefined;
    this.told(undefined);
  }
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(target as object) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key] ?? {}, value);
  }
  return merged;
}

/** Follows a server; `until` waits for what it is to come to. */
function follow(absentFor = 0) {
  const server = new ServiceServer();
  const stop = new AbortController();
  const services = new RootServices({
    client: server,
    onTrouble: (what, error) => assert.fail(`${what}: ${String(error)}`),
    absentFor,
  });
  server.told = service => services.see({ namespace: 'shop', name: 'web' }, service);
  const running = services.run(stop.signal);
  return {
    server,
    services,
    until: async (what: string, holds: () => boolean) => {
      const deadline = performance.now() + 10_000;
      while (!holds()) {
        if (performance.now() > deadline) assert.fail(`it did not come about: ${what}`);
        await new Promise(resolve => setImmediate(resolve));
      }
    },
    end: async () => {
      stop.abort();
      await running;
    },
  };
}

const portsOf = (service: Stored | undefined) =>
  ((service?.['spec'] as { ports: { port: number }[] } | undefined)?.ports ?? []).map(({ port }) => port);

test('a root without a Service is left alone for a moment: rollout tools make it themselves', async () => {
  const { server, services, end } = follow(60_000);
  services.want([root(80)]);
  server.told(undefined);
  await end();
  assert.deepEqual(server.asked, []);
});

test('then it gets one, whose ports follow those of its backends', async () => {
  const { server, services, until, end } = follow();
  services.want([root(80)]);
  await until('the Service', () => server.service !== undefined);
  assert.deepEqual(portsOf(server.service), [80]);
  assert.equal(server.service === undefined || 'selector' in (server.service['spec'] as object), false);
  services.want([root(80, 443)]);
  await until('the other port', () => portsOf(server.service).length === 2);
  await end();
});

test('one that somebody made is theirs', async () => {
  const { server, services, end } = follow();
  server.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: {} }, 'kubectl');
  services.want([root(80)]);
  services.want([]);
  await end();
  assert.deepEqual(server.asked, []);
  assert.ok(server.service);
});

test('one that Heddle made and somebody writes is theirs from then on, and stays', async () => {
  const { server, services, until, end } = follow();
  services.want([root(80)]);
  await until('the Service', () => server.service !== undefined);
  server.put(merge(server.service, { spec: { selector: { app: 'web' } } }) as Stored, 'flagger');
  await until('the label is off', () => server.service !== undefined && !isOwn(server.service));
  assert.deepEqual(server.service?.metadata.ownerReferences, []);
  services.want([]);
  await end();
  assert.ok(!server.asked.includes('DELETE'));
});

test('one that is Heddle’s alone goes with its root', async () => {
  const { server, services, until, end } = follow();
  services.want([root(80)]);
  await until('the Service', () => server.service !== undefined);
  assert.deepEqual(server.service?.metadata.managedFields, [{ manager }]);
  services.want([]);
  await until('it is gone', () => server.service === undefined);
  await end();
});
