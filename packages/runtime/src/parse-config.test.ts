import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type ParsedConfig, parseConfig } from './parse-config.ts';

const head = `version: 1
identity: spiffe://cluster.local/ns/shop/sa/web
mode: {mtls: strict, policy: enforce}
`;

const config = (text: string) => {
  const parsed = parseConfig(text);
  if ('problems' in parsed) assert.fail(JSON.stringify(parsed.problems));
  return parsed.config;
};

const problems = (parsed: ParsedConfig): string[] =>
  'problems' in parsed ? parsed.problems.map(({ field, message }) => `${field}: ${message}`) : [];

test('the whole shape is read, durations in milliseconds', () => {
  const read = config(`${head}timeout: 2s
retries: {attempts: 2, perTryTimeout: 250ms, retryOn: [5xx, connect-failure, 429, '503']}
routes:
  - name: list
    service: reviews.shop.svc.cluster.local
    pathRegex: /reviews(/.*)?
    methods: [GET, HEAD]
    timeout: 1m30s
    retries: {attempts: 1}
    split: [{service: reviews-v1, weight: 90}, {service: reviews-v2, weight: 10}]
  - {name: rest, service: reviews, methods: ['*'], pathRegex: ''}
  - {name: slow, service: reports, timeout: 0s, retries: {attempts: 0}}
`);
  const retries = { attempts: 2, perTryTimeout: 250, retryOn: ['5xx', 'connect-failure', 429, 503] };
  const open = { pathRegex: undefined, methods: [], split: [] };
  assert.deepEqual(read, {
    version: 1,
    identity: 'spiffe://cluster.local/ns/shop/sa/web',
    mode: { mtls: 'strict', policy: 'enforce' },
    sidecar: false,
    timeout: 2000,
    retries,
    routes: [
      {
        name: 'list',
        service: 'reviews.shop.svc.cluster.local',
        pathRegex: '/reviews(/.*)?',
        methods: ['GET', 'HEAD'],
        timeout: 90_000,
        retries: { attempts: 1, perTryTimeout: undefined, retryOn: ['gateway-error', 'connect-failure', 'reset'] },
        split: [
          { service: 'reviews-v1', weight: 90 },
          { service: 'reviews-v2', weight: 10 },
        ],
      },
      { name: 'rest', service: 'reviews', ...open, timeout: 2000, retries },
      { name: 'slow', service: 'reports', ...open, timeout: undefined, retries: undefined },
    ],
  });
});

test('what is not written is not in force', () => {
  const read = config(head);
  assert.deepEqual([read.timeout, read.retries, read.routes], [undefined, undefined, []]);
  assert.deepEqual(config(`${head}routes:\nretries: ~\n`), read);
});

test('a sidecar that repeats requests is told by yes or no', () => {
  assert.equal(config(`${head}sidecar: true\n`).sidecar, true);
  assert.deepEqual(problems(parseConfig(`${head}sidecar: some\n`)), ['sidecar: must be true or false, not "some"']);
});

test('fields of a newer control plane are passed over', () => {
  assert.deepEqual(config(`${head}colour: red\nroutes: [{name: a, service: b, shape: round}]\n`).routes.length, 1);
});

test('all problems are named, by the path of the field', () => {
  const parsed = parseConfig(`version: 1
identity: web
mode: {mtls: sometimes}
timeout: 2
retries: {attempts: -1, perTryTimeout: fast, retryOn: [often, 200]}
routes:
  - {name: 1, pathRegex: '(', methods: [GET, 'A B', 5], timeout: -2s, split: [{service: a, weight: much}, b]}
  - reviews
`);
  assert.deepEqual(problems(parsed), [
    'identity: must be a SPIFFE ID: spiffe://…',
    'mode.mtls: must be strict or permissive, not "sometimes"',
    'mode.policy: must be enforce or audit or allow-all, not absent',
    'timeout: must be a duration such as 1m30s or 250ms, not 2',
    'retries.attempts: must be a whole number from 0 on, not -1',
    'retries.perTryTimeout: must be a duration such as 1m30s or 250ms, not "fast"',
    'retries.retryOn[0]: must be a status or one of 5xx, gateway-error, connect-failure, refused-stream, reset, retriable-4xx, ' +
      'cancelled, deadline-exceeded, internal, resource-exhausted, unavailable, not "often"',
    'routes[0].name: must be a text, not 1',
    'routes[0].service: must be a text, not absent',
    'routes[0].pathRegex: is not RE2: missing closing ): `(`',
    'routes[0].methods[1]: must be a method of HTTP',
    'routes[0].methods[2]: must be a text, not 5',
    'routes[0].timeout: must be a duration such as 1m30s or 250ms, not "-2s"',
    'routes[0].split[0].weight: must be a number from 0 on, not "much"',
    'routes[0].split[1]: must be a mapping, not "b"',
    'routes[1]: must be a mapping, not "reviews"',
  ]);
});

test('a file that is no mapping, no YAML or of another version is told in one problem', () => {
  assert.deepEqual(problems(parseConfig('')), [': must be a mapping, not absent']);
  assert.deepEqual(problems(parseConfig('- a')), [': must be a mapping, not a list']);
  assert.deepEqual(problems(parseConfig('version: 2\nroutes: 7\n')), ['version: must be 1, not 2']);
  assert.deepEqual(problems(parseConfig('identity: a\n')), ['version: must be 1, not absent']);
  assert.deepEqual(problems(parseConfig('version: 1\nversion: 1\n')), [': line 2: Map keys must be unique']);
  assert.equal(problems(parseConfig('a: [1, 2')).length, 1);
});

test('a path is matched in linear time: what is not RE2, or too large, is refused', () => {
  assert.deepEqual(problems(parseConfig(`${head}routes: [{name: a, service: b, pathRegex: '/(?=a)'}]`)).length, 1);
  assert.match(
    problems(parseConfig(`${head}routes: [{name: a, service: b, pathRegex: '${'a'.repeat(2049)}'}]`)).join(),
    /routes\[0\]\.pathRegex: is 2049 characters long/,
  );
});

test('no text makes it throw', () => {
  const word = fc.constantFrom(
    'version: 1\n',
    'a: *x\n',
    'a: &x [*x]\n',
    '? ',
    '- ',
    '{',
    '<<: ',
    '!!int z\n',
    '--- \n',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), parts => {
      parseConfig(parts.join(''));
    }),
  );
});
