// Whatever value stands in whatever field of whatever object, every stage makes something of it and nothing throws: what
// throws would leave all of the mesh as it was, for one object's sake.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ManifestFolder } from '../packages/control-plane/src/sources/manifest-folder.ts';
import { readManifest } from '../packages/control-plane/src/sources/manifests.ts';
import { meshOfSources } from './worlds/mesh-of.ts';

const root = path.dirname(import.meta.dirname);
const clusters = globSync(['scenarios/*/*/input.yaml', 'examples/*/*.yaml'], { cwd: root })
  .map(file => readManifest(file, readFileSync(path.join(root, file), 'utf8')).objects.map(({ object }) => object))
  .filter(objects => objects.length > 0);

const list = <Item>(length: number, of: (index: number) => Item) => Array.from({ length }, (_, index) => of(index));
// biome-ignore format: one line a subject is easier to read
const oddValues: readonly unknown[] = [
  null, 0, -1, 1.5, 2 ** 53, 1e308, 65_536, 4_294_967_296, true, false, [], {}, [null], [[]], [{}], ['a', 1, null, {}],
  '', ' ', '.', '..', '-', '*', '.*', '(', '\\C', '((((a{10}){10}){10}){10})', 'a.b.c.d.e', '../../etc/passwd', '%s%n',
  '__proto__', 'constructor', 'toString', '\u{1b}[31m', 'a\nb', 'a\0b', '😀', 'é', '\ud800', '80', '500m', '-5m', '1e9999',
  '9'.repeat(5000), 'x'.repeat(300), 'x'.repeat(50_000), list(1000, index => `n${index}`),
  list(1000, index => ({ name: `n${index}` })), JSON.parse('{"__proto__": {"x": 1}, "constructor": 1}'),
];

/** An object as JSON, with another value where one of its fields or items was; `at` picks the place. */
function changed(object: unknown, at: number, value: unknown): unknown {
  const text = JSON.stringify(object);
  let places = 0;
  JSON.parse(text, (_, field: unknown) => {
    places++;
    return field;
  });
  let place = 0;
  // The last place is the object itself.
  return JSON.parse(text, (_, field: unknown) => (place++ === at % (places - 1) ? value : field));
}

test('no value of any field makes any stage throw', () => {
  const cluster = fc.constantFrom(...clusters);
  const change = fc.record({ object: fc.nat(), at: fc.nat(), value: fc.constantFrom(...oddValues) });
  fc.assert(
    fc.property(cluster, fc.array(change, { minLength: 1, maxLength: 3 }), (objects, changes) => {
      const items: unknown[] = [...objects];
      for (const { object, at, value } of changes) {
        const index = object % items.length;
        items[index] = changed(items[index], at, value);
      }
      const folder = new ManifestFolder();
      folder.set(readManifest('odd.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items })));
      const mesh = meshOfSources(folder.deliver().objects);
      assert.ok(JSON.stringify(mesh.findings).length > 0);
    }),
    { numRuns: 400 },
  );
});
