import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDestination } from './destination.ts';

test('every form of a name that a client may write (H1)', () => {
  const shop = { namespace: 'ns', service: 'shop' };
  for (const text of [
    'shop.ns',
    'shop.ns.',
    'SHOP.Ns.svc',
    'shop.ns.svc.cluster.local',
    'shop.ns.svc.Cluster.Local.',
  ]) {
    assert.deepEqual(readDestination(text, 'web', 'cluster.local'), shop, text);
    assert.deepEqual(readDestination(`${text}:8080`, 'web', 'cluster.local'), { ...shop, port: 8080 }, text);
  }
  assert.deepEqual(readDestination('shop', 'web', 'cluster.local'), { namespace: 'web', service: 'shop' });
});

test('a pod of a headless Service', () => {
  const pod = { namespace: 'ns', service: 'db', pod: 'db-0' };
  for (const text of ['db-0.db.ns.svc', 'DB-0.Db.ns.SVC.', 'db-0.db.ns.svc.cluster.local']) {
    assert.deepEqual(readDestination(text, 'web', 'cluster.local'), pod, text);
    assert.deepEqual(readDestination(`${text}:80`, 'web', 'cluster.local'), { ...pod, port: 80 }, text);
  }
  assert.deepEqual(readDestination('db-0.db.svc', 'web', 'cluster.local'), { namespace: 'db', service: 'db-0' });
});

test('what is no destination', () => {
  for (const text of [
    '',
    ':80',
    'shop:',
    'shop:0',
    'shop:65536',
    'shop:http',
    'a..b',
    'a_b',
    'www.example.com',
    'shop.ns.svc.other',
  ]) {
    assert.ok('problem' in readDestination(text, 'web', 'cluster.local'), text);
  }
});
