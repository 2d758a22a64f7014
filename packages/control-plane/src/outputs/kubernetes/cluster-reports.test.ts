import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, Finding } from '@heddle/mesh';
import type { ApiRequest, Applying } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { ApiObject } from '../../kube/kube-object.ts';
import { type ClusterReport, ClusterReports } from './cluster-reports.ts';

const ref = { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', namespace: 'shop', name: 'web' };
const condition = (message: string, since = '2026-01-01T00:00:00Z'): Condition => ({
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message,
  observedGeneration: 1,
  lastTransitionTime: since,
});
const foreign = { ...condition('of somebody else'), type: 'Theirs' } as unknown as Condition;
const objectWith = (...conditions: Condition[]): ApiObject => ({
  apiVersion: ref.apiVersion,
  kind: ref.kind,
  metadata: { name: 'web', namespace: 'shop', uid: 'u' },
  status: { conditions },
});
const finding = (message: string): Finding => ({
  code: 'SMI1234',
  reason: 'BackendPortMismatch',
  severity: 'warning',
  object: ref,
  message,
});

/** Runs one pass after another, each with a report; gives what was asked of the API server. */
async function passes(reports: ClusterReport[], seen: ApiObject, fail?: (path: string) => Error | undefined) {
  const asked: { path: string; body: unknown }[] = [];
  const ask = async (path: string, body: unknown): Promise<object> => {
    await Promise.resolve();
    asked.push({ path, body });
    const error = fail?.(path);
    if (error !== undefined) throw error;
    return { ...seen, ...(body as object) };
  };
  const client = {
    apply: async <T>(path: string, body: unknown, _applying: Applying): Promise<T> => (await ask(path, body)) as T,
    json: async <T>({ path, body }: ApiRequest): Promise<T> => (await ask(path, body)) as T,
  };
  const stop = new AbortController();
  const trouble: string[] = [];
  const cluster: ClusterReports = new ClusterReports({
    client,
    now: () => new Date('2026-01-02T00:00:00Z'),
    report: () => {
      const next = reports.shift();
      if (next === undefined) stop.abort();
      else setImmediate(() => cluster.changed());
      return next;
    },
    onTrouble: what => void trouble.push(what),
    intervals: { pass: 0, retry: 0 },
  });
  cluster.see(ref, seen);
  await cluster.run(stop.signal);
  return { asked, trouble };
}

const report = (message: string, ...findings: Finding[]): ClusterReport => ({
  objects: [{ ...ref, conditions: [condition(message, '2026-01-02T00:00:00Z')] }],
  findings,
});

const bodyOf = (request: { readonly body: unknown } | undefined) => (request?.body ?? {}) as Record<string, unknown>;

test('conditions are written where they differ, once, and keep their time', async () => {
  const { asked } = await passes([report('new'), report('new')], objectWith(condition('old')));
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.path, '/apis/split.smi-spec.io/v1alpha4/namespaces/shop/trafficsplits/web/status');
  assert.deepEqual(asked[0]?.body, {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: { name: 'web', namespace: 'shop' },
    status: { conditions: [condition('new')] },
  });
});

test('what stands there already is not written, whoever else has conditions there', async () => {
  const { asked } = await passes([report('same')], objectWith(foreign, condition('same')));
  assert.deepEqual(asked, []);
});

test('a finding is one event, as long as it holds', async () => {
  const found = finding('Ports differ.');
  const said = await passes([report('a', found), report('a', found), report('a')], objectWith(condition('a')));
  assert.equal(said.asked.length, 1);
  const { reason, type, count, involvedObject } = bodyOf(said.asked[0]);
  assert.deepEqual([reason, type, count], ['BackendPortMismatch', 'Warning', 1]);
  assert.deepEqual(involvedObject, {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    name: 'web',
    namespace: 'shop',
    uid: 'u',
  });
});

test('an event that an earlier replica made is counted on, unless it is fresh', async () => {
  const exists = new ApiError('there already', { status: 409, code: 'AlreadyExists' });
  const { asked } = await passes([report('a', finding('b'))], objectWith(condition('a')), path =>
    path.endsWith('/events') ? exists : undefined,
  );
  assert.equal(asked.length, 3);
  assert.equal(bodyOf(asked[2])['count'], 2);
});

test('where a kind has no status, events say the same', async () => {
  const missing = new ApiError('the server could not find the requested resource', { status: 404, code: 'NotFound' });
  const { asked, trouble } = await passes([report('in force'), report('in force')], objectWith(), path =>
    path.endsWith('/status') ? missing : undefined,
  );
  assert.deepEqual(trouble, ['the status of a TrafficSplit']);
  assert.deepEqual(
    asked.map(({ path }) => path.split('/').at(-1)),
    ['status', 'events'],
  );
  assert.equal(bodyOf(asked[1])['message'], 'in force');
});

test('an object that is gone by then is no trouble', async () => {
  const gone = new ApiError('trafficsplits.split.smi-spec.io "web" not found', { status: 404, code: 'NotFound' });
  const { trouble } = await passes([report('a')], objectWith(), path => (path.endsWith('/status') ? gone : undefined));
  assert.deepEqual(trouble, []);
});
