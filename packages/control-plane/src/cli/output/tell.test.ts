import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, Origin, Verdict } from '@heddle/mesh';
import { tell, toldPlaces } from './tell.ts';

const call: Call = {
  from: { namespace: 'a', serviceAccount: 'b' },
  to: { namespace: 'n', service: 's', port: 80 },
  protocol: 'grpc',
  method: 'GET',
  path: '/p.S/M',
  headers: [],
};

const rule: Origin = {
  source: {
    object: { apiVersion: 'g/v1', kind: 'Rule', metadata: { namespace: 'n', name: 'r' } },
    locate: path => ({ file: 'f.yaml', line: path.length, column: 1 }),
  },
  path: ['spec', 'rules', 0],
};

const allowed: Verdict = {
  allowed: true,
  wouldDeny: false,
  status: 200,
  reason: 'Allowed',
  message: 'It may.',
  decidedBy: rule,
  route: null,
  backends: [],
  mtls: 'strict',
  nearMisses: [],
  trace: [{ text: 'One.' }, { text: 'Two.', origin: rule }],
};

function texts(verdict: Verdict, from: Call = call): string[] {
  return tell(from, verdict, (file, line) => (line === 3 ? `  line 3 of ${file}` : undefined)).map(({ text }) => text);
}

test('what is allowed ends with the line that decided', () => {
  assert.deepEqual(texts(allowed), [
    'gRPC POST /p.S/M from a/b to s.n:80',
    '1. One.',
    '2. Two.',
    '   Rule n/r spec.rules[0] (f.yaml:3)',
    '',
    'Allowed: It may.',
    'Decided by Rule n/r spec.rules[0]',
    'f.yaml:3:   line 3 of f.yaml',
  ]);
  assert.deepEqual(toldPlaces(allowed), [{ file: 'f.yaml', line: 3 }]);
});

test('a line that can not be quoted is named', () => {
  const whole = { ...rule, path: [] };
  assert.deepEqual(texts({ ...allowed, trace: [], decidedBy: whole }).at(-1), 'Decided by Rule n/r (f.yaml:2)');
});

test('what is denied ends with the nearest rule', () => {
  const near = { origin: rule, why: 'method GET is not POST' };
  const denied: Verdict = {
    ...allowed,
    allowed: false,
    status: 403,
    reason: 'NoMatchingRule',
    message: 'It may not.',
    decidedBy: { default: 'DenyByDefault' },
    nearMisses: [near, { ...near, why: 'other' }],
    trace: [],
  };
  assert.deepEqual(texts(denied).slice(2), [
    'Denied with 403, NoMatchingRule: It may not.',
    'Nearest rule: Rule n/r spec.rules[0] (f.yaml:3): method GET is not POST',
    'f.yaml:3:   line 3 of f.yaml',
  ]);
  assert.equal(
    texts({ ...denied, nearMisses: [] }).at(-1),
    'Decided by default: what no TrafficTarget opens is closed.',
  );
});

test('a connection, and nobody to take it', () => {
  const verdict: Verdict = {
    ...allowed,
    allowed: false,
    status: null,
    reason: 'NoEndpoints',
    message: 'Nobody.',
    decidedBy: { default: 'NoEndpoints' },
    trace: [],
  };
  assert.deepEqual(texts(verdict, { ...call, protocol: 'tcp' }), [
    'A connection from a/b to s.n:80',
    '',
    'Unreachable, NoEndpoints: Nobody.',
    'Decided by default: nothing is there to serve.',
  ]);
});
