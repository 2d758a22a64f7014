import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authorization, InboundPolicy, Principal } from '../../model/workload.ts';
import { bytesCallers, requestCallers } from './callers.ts';

const caller = (name: string, addresses?: readonly string[]) =>
  ({ identity: `spiffe://cluster.local/ns/shop/sa/${name}`, ...(addresses && { addresses }) }) as Principal;

function policy(...principals: readonly Principal[]): InboundPolicy {
  const authorizations = [{ principals, http: 'all', tcp: true } as unknown as Authorization];
  return { mode: 'enforce', plainText: false, authorizations };
}

test('every caller has a chain, and each pod that labels pick', () => {
  const callers = bytesCallers(policy(caller('web'), caller('cart', ['10.0.0.1', '10.0.0.2'])));
  assert.deepEqual(
    callers.map(({ title, names, addresses }) => [title, names, addresses]),
    [
      ['cart.shop/10.0.0.1', ['cart.shop'], ['10.0.0.1']],
      ['cart.shop/10.0.0.2', ['cart.shop'], ['10.0.0.2']],
      ['web.shop', ['web.shop'], undefined],
    ],
  );
});

test('whoever may call from anywhere needs no chain for a pod of bytes', () => {
  const callers = bytesCallers(policy(caller('web'), caller('web', ['10.0.0.1'])));
  assert.deepEqual(
    callers.map(({ title }) => title),
    ['web.shop'],
  );
});

test('very many callers share chains, each name in one of them', () => {
  const many = Array.from({ length: 5000 }, (_, index) => caller(`c${index}`));
  for (const callers of [requestCallers(policy(...many)), bytesCallers(policy(...many))]) {
    assert.ok(callers.length <= 256, String(callers.length));
    const names = callers.flatMap(({ names: own }) => own);
    assert.equal(new Set(names).size, 5000);
    assert.equal(names.length, 5000);
  }
});

test('no pod comes from the address of another, however many there are', () => {
  const many = Array.from({ length: 300 }, (_, index) => caller(`c${index}`, [`10.0.${index >> 8}.${index & 255}`]));
  for (const { names, addresses } of bytesCallers(policy(...many)))
    assert.deepEqual([names.length, addresses?.length], [1, 1]);
  const addresses = requestCallers(policy(...many)).flatMap(callers => callers.addresses ?? []);
  assert.equal(new Set(addresses).size, addresses.length, 'no two chains take the same address');
});
