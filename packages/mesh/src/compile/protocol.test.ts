import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeProtocols, protocolOf } from './protocol.ts';

const of = (name: string, appProtocol?: string) => {
  const { protocol, known } = protocolOf({ name, appProtocol, transport: 'TCP' });
  return known ? protocol : `${protocol}, unknown`;
};

const cases: readonly (readonly [name: string, appProtocol: string | undefined, protocol: string])[] = [
  ['', undefined, 'detect'],
  ['web', undefined, 'detect'],
  ['http', undefined, 'http'],
  ['http-admin', undefined, 'http'],
  ['httpadmin', undefined, 'detect'],
  ['grpc-web', undefined, 'http'],
  ['http2', undefined, 'http'],
  ['grpc', undefined, 'http'],
  ['https', undefined, 'tcp'],
  ['tls-in', undefined, 'tcp'],
  ['tcp', undefined, 'tcp'],
  ['tcp-db', undefined, 'tcp'],
  ['mysql', undefined, 'tcp'],
  ['mysql-read', undefined, 'tcp'],
  ['tcp', 'http', 'http'],
  ['http', 'tcp', 'tcp'],
  ['http', 'kubernetes.io/h2c', 'http'],
  ['http', 'kubernetes.io/ws', 'http'],
  ['http', 'kubernetes.io/wss', 'tcp'],
  ['http', 'HTTP', 'http'],
  ['http', 'gopher', 'tcp, unknown'],
  ['http', 'constructor', 'tcp, unknown'],
  ['constructor', undefined, 'detect'],
  ['', 'tcp-server-first', 'tcp'],
  ['http', '', 'tcp, unknown'],
];

for (const [name, appProtocol, expected] of cases) {
  test(`protocol of ${JSON.stringify(name)} with appProtocol ${appProtocol} (H2)`, () =>
    assert.equal(of(name, appProtocol), expected));
}

test('what is not TCP is not carried (T14)', () => {
  assert.equal(protocolOf({ name: 'http', appProtocol: undefined, transport: 'UDP' }).protocol, 'udp');
  assert.equal(protocolOf({ name: 'http', appProtocol: 'http', transport: 'SCTP' }).protocol, 'udp');
});

test('a port that several Services open is told apart where they disagree, whatever their order (H2)', () => {
  const all = ['http', 'tcp', 'detect', 'udp'] as const;
  for (const one of all) {
    assert.equal(mergeProtocols(one, one), one);
    for (const other of all) assert.equal(mergeProtocols(one, other), mergeProtocols(other, one));
  }
  assert.equal(mergeProtocols('http', 'tcp'), 'detect');
  assert.equal(mergeProtocols('udp', 'tcp'), 'tcp');
});
