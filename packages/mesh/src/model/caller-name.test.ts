import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerName, callerNameOf } from './caller-name.ts';

test('an identity of a mesh is called by its account and namespace, whatever its trust domain', () => {
  assert.equal(callerNameOf('spiffe://cluster.local/ns/shop/sa/web'), 'web.shop');
  assert.equal(callerNameOf('spiffe://other.example/ns/shop/sa/Web_1'), 'web-1.shop');
  assert.equal(callerName('shop', 'web'), 'web.shop');
});

test('any other has a host name all the same', () => {
  assert.equal(callerNameOf('spiffe://other.example/billing/9'), 'spiffe-other.example-billing-9');
  assert.equal(callerNameOf(`spiffe://a/${'x'.repeat(2000)}`).length, 250);
});
