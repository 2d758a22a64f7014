import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Packet, RECURSION_DESIRED, type RecordType } from 'dns-packet';
import { answerDns, nameTable } from './dns-answer.ts';

const zone = {
  clusterDomain: 'cluster.local',
  names: nameTable({ 'Web.Shop.svc.cluster.local.': ['10.0.0.1', '10.0.0.2'], 'api.example.com': ['10.0.0.3'] }),
};

/** Over the wire and back, as a resolver sees it. */
function ask(name: string, type: RecordType = 'A') {
  const query: Packet = { type: 'query', id: 7, flags: RECURSION_DESIRED, questions: [{ type, name }] };
  const answer = decode(encode(answerDns(decode(encode(query)), zone)));
  assert.equal(answer.id, 7);
  return {
    rcode: (answer as { rcode?: string }).rcode,
    addresses: (answer.answers ?? []).map(record => (record.type === 'A' ? record.data : record.type)),
  };
}

test('names resolve in any letter case', () => {
  for (const name of ['web.shop.svc.cluster.local', 'WEB.Shop.svc.CLUSTER.local']) {
    assert.deepEqual(ask(name), { rcode: 'NOERROR', addresses: ['10.0.0.1', '10.0.0.2'] });
  }
  assert.deepEqual(ask('api.example.com').addresses, ['10.0.0.3']);
});

test('there are no IPv6 addresses, which is not an error', () => {
  assert.deepEqual(ask('web.shop.svc.cluster.local', 'AAAA'), { rcode: 'NOERROR', addresses: [] });
});

test('unknown names of the cluster do not exist, ancestors of known ones do', () => {
  assert.equal(ask('nobody.shop.svc.cluster.local').rcode, 'NXDOMAIN');
  assert.equal(ask('shop.svc.cluster.local').rcode, 'NOERROR');
  assert.equal(ask('op.svc.cluster.local').rcode, 'NXDOMAIN');
});

test('other names fail, since no resolver is in reach', () => {
  assert.equal(ask('example.org').rcode, 'SERVFAIL');
  assert.equal(ask('web').rcode, 'NXDOMAIN');
});

test('a message without one question is not understood', () => {
  assert.equal(
    (decode(encode(answerDns({ type: 'query', id: 1, questions: [] }, zone))) as { rcode?: string }).rcode,
    'NOTIMP',
  );
});
