import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateAuthority } from './ca.ts';
import { exchangeSteps } from './root-exchange.ts';

const now = () => new Date('2026-03-01T12:00:00Z');
const make = () => new CertificateAuthority({ trustDomain: 'cluster.local', now });
const taken = (pem: ReturnType<CertificateAuthority['pem']>) =>
  new CertificateAuthority({ trustDomain: 'cluster.local', now, pem });

const [a, b, c] = [make(), make(), make()];
const nameOf = (issuer: string) => 'abc'[[a, b, c].findIndex(authority => authority.issuer === issuer)] ?? '?';
const view = (steps: ReturnType<typeof exchangeSteps>) =>
  steps.map(({ name, authority }) => {
    const { issuer, trusted } = taken(authority);
    return `${name}: ${nameOf(issuer)} signs, ${trusted.map(nameOf).toSorted().join('')} trusted`;
  });

test('trusts the new root before it signs, and drops the old one after', () => {
  const steps = ['trust: a signs, ab trusted', 'switch: b signs, ab trusted', 'drop: b signs, b trusted'];
  assert.deepEqual(view(exchangeSteps(a.pem(), b.pem())), steps);
});

test('may begin where another was broken off', () => {
  const [half] = exchangeSteps(a.pem(), b.pem());
  assert.ok(half);
  assert.deepEqual(view(exchangeSteps(half.authority, c.pem())), [
    'trust: a signs, abc trusted',
    'switch: c signs, abc trusted',
    'drop: c signs, c trusted',
  ]);
});
