import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '@heddle/mesh';
import { formatPath } from '@heddle/smi';
import { differences, outcomeOf } from './compare.ts';
import { readTraffic } from './traffic.ts';

function read(calls: unknown) {
  const object = { apiVersion: 'heddle.dev/v1alpha1', kind: 'Traffic', metadata: { name: 't' }, calls };
  const { calls: found, problems } = readTraffic({ object }, 'cluster.local');
  return { calls: found, problems: problems.map(({ path, message }) => `${formatPath(path)}: ${message}`) };
}

test('a call with everything, and one with nothing that can be left out', () => {
  const { calls, problems } = read([
    {
      name: 'all',
      from: 'a/b',
      to: 's.n:80',
      protocol: 'grpc',
      method: 'PUT',
      path: '/x',
      headers: { one: '1', many: ['a', 'b'] },
      times: 5,
      expect: { verdict: 'allow', status: 200, route: 'r', shares: { s: 0.5, 't.m': 0.5 } },
    },
    { from: 'a/b', to: 's:80', expect: { verdict: 'deny' } },
  ]);
  assert.deepEqual(problems, []);
  const [all, least] = calls;
  assert.deepEqual(all?.call.headers, [
    ['one', '1'],
    ['many', 'a'],
    ['many', 'b'],
  ]);
  assert.deepEqual(
    [...(all?.expect.shares ?? [])],
    [
      ['n/s', 0.5],
      ['m/t', 0.5],
    ],
  );
  assert.equal(all?.times, 5);
  assert.deepEqual(least?.call, {
    from: { namespace: 'a', serviceAccount: 'b' },
    to: { namespace: 'a', service: 's', port: 80 },
    protocol: 'http',
    method: 'GET',
    path: '/',
    headers: [],
  });
  assert.deepEqual([least?.name, least?.times, least?.expect], ['a/b to s:80', 1, { verdict: 'deny' }]);
});

test('everything that is wrong is said at once, each with its field', () => {
  const { problems } = read([
    {
      from: 'a',
      to: 's',
      protocol: 'udp',
      times: 0,
      expext: {},
      expect: { verdict: 'no', status: '200', shares: { s: 2 } },
    },
    'call',
  ]);
  assert.deepEqual(problems.map(problem => problem.split(':')[0]).toSorted(), [
    'calls[0].expect.shares.s',
    'calls[0].expect.status',
    'calls[0].expect.verdict',
    'calls[0].expext',
    'calls[0].from',
    'calls[0].protocol',
    'calls[0].times',
    'calls[0].to',
    'calls[1]',
    'calls[1].expect',
    'calls[1].from',
    'calls[1].to',
  ]);
  assert.deepEqual(read(undefined).problems, ['calls: calls is missing or empty; list the calls to make.']);
});

test('verdicts as outcomes', () => {
  const verdict: Verdict = {
    allowed: false,
    wouldDeny: false,
    status: null,
    reason: 'NoTrafficTarget',
    message: '',
    decidedBy: { default: 'DenyByDefault' },
    route: null,
    backends: [],
    mtls: 'strict',
    nearMisses: [],
    trace: [],
  };
  const outcome = (reason: Verdict['reason'], status: Verdict['status'] = null) =>
    outcomeOf({ ...verdict, reason, status }).verdict;
  for (const reason of ['NoTrafficTarget', 'NoMatchingRule', 'MalformedRequest', 'PortNotFound'] as const) {
    assert.equal(outcome(reason), 'deny');
  }
  for (const reason of ['ServiceNotFound', 'NoBackends', 'NoEndpoints'] as const)
    assert.equal(outcome(reason, 503), 'unreachable');
  assert.equal(outcomeOf({ ...verdict, allowed: true }).verdict, 'allow');
});

test('only what is expected is compared', () => {
  const seen = { verdict: 'allow', status: 200, route: null, shares: new Map([['n/s', 0.8999999]]) } as const;
  assert.deepEqual(differences({ verdict: 'allow' }, seen), []);
  assert.deepEqual(differences({ verdict: 'allow', shares: new Map([['n/s', 0.9]]) }, seen), []);
  assert.deepEqual(differences({ verdict: 'allow', shares: new Map([['n/s', 0.85]]) }, seen, 0.1), []);
  assert.deepEqual(differences({ verdict: 'deny', status: 403, route: 'r', shares: new Map([['n/t', 0.1]]) }, seen), [
    'verdict deny, not allow',
    'status 403, not 200',
    'route r, not none',
    'n/t 0.1, not 0',
  ]);
});
