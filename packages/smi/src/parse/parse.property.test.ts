import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { kinds as all } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import { parse } from './parse.ts';

const known = all.filter(({ group }) => group.endsWith('smi-spec.io'));
const apiVersions = [
  ...known.flatMap(({ group, versions }) => versions.map(version => `${group}/${version}`)),
  '',
  'v1',
];
const kinds = [...known.map(({ kind }) => kind), 'constructor', ''];

/** The names that the kinds have for fields, so that readers are led into what is below them. */
const fields =
  'destination sources rules kind name namespace group port matches pathRegex methods headers ports service backends weight apiGroup schemes serviceAccount spiffeIdentities podLabelSelector matchLabels routes timeout retries attempts retryOn failureStatus min max resource edge metrics value'.split(
    ' ',
  );

const words = ['ServiceAccount', 'HTTPRouteGroup', 'TCPRoute', 'stock', 'books', '/books/.*', '(', '*', 'GET', ''];

const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom<unknown>(...words, null, true, -1, 0, 0.5, 80, 70_000),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...fields, '__proto__', 'x-team'), tie('value'), { maxKeys: 4 }),
  ),
}));

const object = fc.record({
  apiVersion: fc.constantFrom(...apiVersions),
  kind: fc.constantFrom(...kinds),
  metadata: fc.constant({ name: 'a', namespace: 'stock' }),
  spec: value,
  matches: value,
}) as fc.Arbitrary<KubeObject>;

test('whatever is written, reading it throws nothing, changes nothing, and says each thing in a sentence', () => {
  fc.assert(
    fc.property(object, written => {
      const before = JSON.stringify(written);
      for (const { message, path } of parse(written).violations) {
        assert.match(message, /\S.*[.]$/s);
        assert.ok(path.length > 0);
      }
      assert.equal(JSON.stringify(written), before);
    }),
    { numRuns: 3000 },
  );
});
