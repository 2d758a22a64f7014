import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath } from '../object.ts';
import { readDuration } from './duration.ts';
import { parse } from './parse.ts';

const read = (apiVersion: string, kind: string, fields: object) =>
  parse({ apiVersion, kind, metadata: { name: 'books', namespace: 'stock' }, ...fields });

const binding = (schemes: unknown) => read('access.smi-spec.io/v1alpha4', 'IdentityBinding', { spec: { schemes } });
const profile = (...routes: unknown[]) => read('specs.smi-spec.io/v1alpha4', 'ServiceProfile', { spec: { routes } });

/** Reasons and places, as `InvalidField spec.service`. */
const problems = ({ violations }: ReturnType<typeof parse>) =>
  violations.map(({ reason, path }) => `${reason} ${formatPath(path)}`.trim());

const schemesOf = (schemes: unknown) =>
  (binding(schemes).object?.['spec'] as { schemes: unknown } | undefined)?.schemes;

test('an IdentityBinding has three schemes, any of which suffices (T11)', () => {
  const schemes = { spiffeIdentities: ['spiffe://a/b', 'a/c'], podLabelSelector: { matchLabels: { app: 'books' } } };
  assert.deepEqual(problems(binding(schemes)), []);
  assert.deepEqual(schemesOf(schemes), schemes);
  assert.deepEqual(schemesOf({ serviceAccount: 'books' }), { serviceAccount: 'books' });
});

test('two schemes that exclude each other bind nobody, the third one does (T11)', () => {
  const schemes = { serviceAccount: 'a', podLabelSelector: { matchLabels: { a: 'b' } }, spiffeIdentities: ['a/b'] };
  assert.deepEqual(problems(binding(schemes)), ['ExclusiveSchemes spec.schemes.podLabelSelector']);
  assert.deepEqual(schemesOf(schemes), { spiffeIdentities: ['a/b'] });
});

test('a selector that can not be read selects nobody; an empty one everybody, with a finding (T11)', () => {
  for (const selector of [{ matchLabels: { a: 1 } }, { matchExpressions: [] }, [], { matchLabels: 'a' }]) {
    assert.deepEqual(schemesOf({ podLabelSelector: selector }), {});
  }
  assert.deepEqual(problems(binding({ podLabelSelector: {} })), ['EmptySelector spec.schemes.podLabelSelector']);
  assert.deepEqual(schemesOf({ podLabelSelector: {} }), { podLabelSelector: {} });
  assert.deepEqual(problems(binding({})), ['NoSchemes spec.schemes']);
  assert.deepEqual(problems(binding(undefined)), ['InvalidField spec.schemes']);
});

test('a ServiceProfile names routes in their order, with what is done for each (V6, V7)', () => {
  const routes = [
    { name: 'slow', pathRegex: '/slow/.*', methods: ['GET'], timeout: '1.5s' },
    {
      name: 'rest',
      retries: { attempts: 2, perTryTimeout: '300ms', retryOn: ['5xx', 'reset'] },
      failureStatus: [
        { min: 500, max: 599 },
        { min: 429, max: 429 },
      ],
    },
  ];
  const parsed = profile(...routes);
  assert.deepEqual(problems(parsed), []);
  assert.deepEqual(parsed.object?.['spec'], { routes });
});

const wrongRoutes: readonly (readonly [route: unknown, problem: string])[] = [
  [{}, 'InvalidField spec.routes[0].name'],
  [{ name: 'a', pathRegex: '(' }, 'InvalidRegex spec.routes[0].pathRegex'],
  [{ name: 'a', methods: ['G T'] }, 'InvalidMethod spec.routes[0].methods[0]'],
  [{ name: 'a', timeout: '5' }, 'InvalidField spec.routes[0].timeout'],
  [{ name: 'a', timeout: '48h' }, 'InvalidField spec.routes[0].timeout'],
  [{ name: 'a', retries: {} }, 'InvalidField spec.routes[0].retries.attempts'],
  [{ name: 'a', retries: { attempts: 99 } }, 'InvalidField spec.routes[0].retries.attempts'],
  [{ name: 'a', retries: { attempts: 1, retryOn: ['luck'] } }, 'InvalidField spec.routes[0].retries.retryOn[0]'],
  [{ name: 'a', failureStatus: [{ min: 500, max: 400 }] }, 'InvalidField spec.routes[0].failureStatus[0].max'],
  [{ name: 'a', speed: 1 }, 'UnknownField spec.routes[0].speed'],
];

for (const [route, problem] of wrongRoutes) {
  test(`a route ${JSON.stringify(route)} is told: ${problem} (V6)`, () =>
    assert.deepEqual(problems(profile(route)), [problem]));
}

test('TrafficMetrics of both versions read as the later one', () => {
  const fields = {
    resource: { kind: 'Pod', name: 'a' },
    edge: { direction: 'to' },
    metrics: [{ name: 'success_count', value: '12' }],
  };
  for (const version of ['v1alpha1', 'v1alpha2']) {
    const { object, violations } = read(`metrics.smi-spec.io/${version}`, 'TrafficMetrics', fields);
    assert.deepEqual(violations, []);
    assert.equal(object?.apiVersion, 'metrics.smi-spec.io/v1alpha2');
  }
  const wrong = { metrics: [{ name: 'a', value: 'many' }], edge: { direction: 'up' }, resource: { kind: 'Pod' } };
  assert.deepEqual(problems(read('metrics.smi-spec.io/v1alpha1', 'TrafficMetrics', wrong)), [
    'InvalidField edge.direction',
    'InvalidField metrics[0].value',
  ]);
});

test('what is no object is told what it lacks', () => {
  assert.deepEqual(problems(parse(null)), ['InvalidField']);
  assert.deepEqual(problems(parse({})), ['InvalidField apiVersion', 'InvalidField kind', 'InvalidField metadata']);
  assert.deepEqual(problems(parse({ apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 1 } } })), [
    'InvalidField metadata.name',
    'InvalidField metadata.labels.a',
  ]);
});

test('violations have the place that the caller knows', () => {
  const place = { file: 'a.yaml', line: 3, column: 7 };
  const { violations } = parse({}, path => (path[0] === 'kind' ? place : undefined));
  assert.deepEqual(
    violations.map(({ place }) => place),
    [undefined, place, undefined],
  );
});

test('times are written as Kubernetes writes them, and in days', () => {
  const times = { '1.5s': 1500, '300ms': 300, '1m30s': 90_000, '24h': 86_400_000, '1d': 86_400_000, '0.1ms': 1 };
  for (const [text, milliseconds] of Object.entries(times)) assert.equal(readDuration(text), milliseconds);
  for (const text of ['', '5', '0s', '-1s', '2d', '25h', '1 s']) assert.equal(readDuration(text), undefined);
});

test('an empty target of v1alpha1 is accepted, and allows nobody (V1, T2)', () => {
  const destination = { kind: 'ServiceAccount', name: 'books', port: 0 };
  const { object, violations } = read('access.smi-spec.io/v1alpha1', 'TrafficTarget', { destination, sources: [] });
  assert.deepEqual(
    violations.map(({ reason }) => reason),
    ['AllowsNobody', 'AllowsNobody'],
  );
  assert.deepEqual(object?.['spec'], {
    destination: { kind: 'ServiceAccount', name: 'books' },
    sources: [],
    rules: [],
  });
});
