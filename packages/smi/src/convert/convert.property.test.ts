import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { kinds } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import { parse } from '../parse/parse.ts';
import type { KindSchema } from '../schema/kind-schema.ts';
import { kindSchemas } from '../schema/kind-schemas.ts';
import type { Fields, Schema } from '../schema/schema.ts';
import { convert } from './convert.ts';

const text = fc.constantFrom('books', 'web', '/books/.*', 'GET', 'x-team', 'ServiceAccount', 'HTTPRouteGroup');
const quantity = fc.constantFrom<unknown>(0, 1, 100, 0.5, '100', '500m', '0.5', '1k', '1e3', '1Ki', '0', '250m', '1E');
const headers = fc.oneof(
  fc.dictionary(text, text, { maxKeys: 3 }),
  fc.array(fc.dictionary(text, text, { minKeys: 1, maxKeys: 2 }), { maxLength: 3 }),
);

/** Any value of a form. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'text':
      return schema.values === undefined ? text : fc.constantFrom(...schema.values);
    case 'whole':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 });
    case 'duration':
      return fc.constantFrom(schema.minimum, schema.maximum);
    case 'choice':
      return fc.constantFrom(...schema.choices);
    case 'boolean':
      return fc.boolean();
    case 'list':
      return fc.array(valueOf(schema.items), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'map':
      return fc.dictionary(text, valueOf(schema.values), { maxKeys: 2 });
    case 'record':
      return recordOf(schema.fields);
    case 'either':
      return schema.typescript === 'number | string' ? quantity : headers;
    case 'reference':
      return fc.constant({ kind: 'Pod', name: 'books' });
    default:
      return schema satisfies never;
  }
}

/** Named fields with, now and then, some that nobody knows, or that another version has there. */
function recordOf(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  const known = Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, valueOf(schema)]));
  const requiredKeys = Object.entries(fields).flatMap(([name, { optional }]) => (optional === true ? [] : [name]));
  const strange = fc.dictionary(
    fc.constantFrom('spec', 'specs', 'matches', 'sources', 'rules', 'x', '__proto__'),
    fc.constantFrom<unknown>(1, 'a', null, [], { matches: [] }, { x: 1 }),
    { maxKeys: 2 },
  );
  return fc
    .tuple(fc.record(known, { requiredKeys }), fc.option(strange, { freq: 3, nil: {} }))
    .map(([record, extra]) => ({ ...extra, ...record }));
}

const metadata = fc.record(
  {
    name: fc.constant('books'),
    namespace: fc.constant('stock'),
    labels: fc.constant({ app: 'books' }),
    annotations: fc.constant({ note: 'kept' }),
  },
  { requiredKeys: ['name'] },
);

/** As it comes out of a file: fast-check's records have no prototype. */
function plain(object: object): KubeObject {
  return JSON.parse(JSON.stringify(object)) as KubeObject;
}

interface Journey {
  readonly object: KubeObject;
  readonly versions: readonly string[];
}

/** An object, and versions of its group to go through. */
function journeysOf({ group, kind, versions }: KindSchema): fc.Arbitrary<Journey>[] {
  const names = versions.map(({ version }) => `${group}/${version}`);
  return versions.map(({ version, fields }) =>
    fc.record({
      object: fc
        .tuple(metadata, recordOf(fields), fc.option(fc.constant({ conditions: [] }), { nil: undefined }))
        .map(([meta, record, status]) =>
          plain({
            ...record,
            apiVersion: `${group}/${version}`,
            kind,
            metadata: meta,
            ...(status !== undefined && { status }),
          }),
        ),
      versions: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }),
    }),
  );
}

const journeys = fc.oneof(...kindSchemas.filter(({ stored }) => stored !== undefined).flatMap(journeysOf));

function converted(object: KubeObject, version: string): KubeObject {
  const result = convert(object, version);
  assert.deepEqual(result.violations, []);
  assert.equal(result.object?.apiVersion, version);
  return result.object;
}

test('an object survives every round trip between all versions, unknown fields and all (V4, V7)', () => {
  fc.assert(
    fc.property(journeys, ({ object, versions }) => {
      const before = structuredClone(object);
      const back = converted(versions.reduce(converted, object), object.apiVersion);
      assert.deepEqual(back, before);
      assert.deepEqual(object, before);
    }),
    { numRuns: 1000 },
  );
});

test('a conversion means what the object meant: both read as the same (V1, V2, V3)', () => {
  fc.assert(
    fc.property(journeys, ({ object, versions: [version = ''] }) => {
      const before = parse(object).object;
      const after = parse(converted(object, version)).object;
      assert.deepEqual(withoutMetadata(after), withoutMetadata(before));
    }),
    { numRuns: 1000 },
  );
});

function withoutMetadata(object: object | undefined): unknown {
  return object === undefined ? undefined : { ...object, metadata: {} };
}

test('whatever is converted, nothing is thrown and nothing changed', () => {
  const names = kinds.filter(({ group }) => group.endsWith('smi-spec.io'));
  const object = fc.record({
    apiVersion: fc.constantFrom(
      ...names.flatMap(({ group, versions }) => versions.map(version => `${group}/${version}`)),
    ),
    kind: fc.constantFrom(...names.map(({ kind }) => kind)),
    metadata: fc.oneof(
      fc.jsonValue(),
      fc.record({
        name: fc.constant('a'),
        annotations: fc.record({ 'heddle.dev/conversion': fc.oneof(fc.json(), fc.string()) }),
      }),
    ),
    spec: fc.jsonValue(),
    matches: fc.jsonValue(),
  });
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), object),
      fc.constantFrom('v1alpha1', 'v1alpha2', 'v1alpha3', 'v1alpha4', 'v9'),
      (value, version) => {
        const before = JSON.stringify(value);
        for (const group of ['access', 'specs', 'split']) {
          const { violations } = convert(value, `${group}.smi-spec.io/${version}`);
          for (const { message } of violations) assert.match(message, /\S.*[.]$/s);
        }
        assert.equal(JSON.stringify(value), before);
        parse(value);
      },
    ),
    { numRuns: 1000 },
  );
});
