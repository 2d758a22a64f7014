import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from '@heddle/smi';
import * as fc from 'fast-check';
import { type HttpRouteMatch, mismatch } from '../../model/http-route-match.ts';
import { areApart, isWithin } from './request-overlap.ts';

function regex(pattern: string) {
  const compiled = compileRegex(pattern);
  if ('error' in compiled) throw new Error(compiled.error);
  return compiled;
}

function entry({ path, methods, header }: { path?: string; methods?: string[]; header?: string }): HttpRouteMatch {
  return {
    name: 'entry',
    ...(path !== undefined && { path: regex(path) }),
    ...(methods !== undefined && { methods }),
    headers: header === undefined ? [] : [{ name: 'x-team', regex: regex(header) }],
    origin: { source: { object: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } } }, path: [] },
  };
}

test('entries lie within each other, or apart', () => {
  const [all, a, ab, prefix] = [entry({}), entry({ path: '/a' }), entry({ path: '/a|/b' }), entry({ path: '/a.*' })];
  assert.ok(isWithin(a, all) && isWithin(a, ab) && isWithin(a, prefix) && isWithin(ab, entry({ path: '.*' })));
  assert.ok(!isWithin(all, a) && !isWithin(ab, a) && !isWithin(prefix, a));
  assert.ok(
    isWithin(entry({ path: '/a', methods: ['GET'] }), a) && !isWithin(a, entry({ path: '/a', methods: ['GET'] })),
  );
  assert.ok(isWithin(entry({ header: 'red' }), all) && !isWithin(all, entry({ header: 'red' })));
  assert.ok(areApart(a, entry({ path: '/b' })) && areApart(a, entry({ path: '/b/.*' })) && !areApart(a, prefix));
  assert.ok(areApart(entry({ methods: ['GET'] }), entry({ methods: ['POST'] })));
});

test('what it says holds for every request', () => {
  const some = fc.record(
    {
      path: fc.constantFrom('.*', '/.*', '/a', '/a|/b', '/a.*', '/a/.*', '/b/[^/]+', '/[ab]', '/(a|b)?', '/a[0-9]+'),
      methods: fc.subarray(['GET', 'POST', 'PUT'], { minLength: 1 }),
      header: fc.constantFrom('red', '.*'),
    },
    { requiredKeys: [] },
  );
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: fc.constantFrom('/', '/a', '/b', '/a/', '/a/x', '/ab', '/b/x', '/b/x/y', '/a1'),
    headers: fc.constantFrom(new Map(), new Map([['x-team', 'red']]), new Map([['x-team', 'blue']])),
  });
  fc.assert(
    fc.property(some, some, fc.array(request, { minLength: 1, maxLength: 20 }), (first, second, requests) => {
      const [a, b] = [entry(first), entry(second)];
      for (const each of requests) {
        const [fitsA, fitsB] = [mismatch(a, each) === undefined, mismatch(b, each) === undefined];
        if (isWithin(a, b)) assert.ok(!fitsA || fitsB, `${each.method} ${each.path}`);
        if (areApart(a, b)) assert.ok(!(fitsA && fitsB), `${each.method} ${each.path}`);
      }
    }),
    { numRuns: 500 },
  );
});
