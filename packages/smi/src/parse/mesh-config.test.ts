import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath, type KubeObject } from '../object.ts';
import { meshConfigDefaults } from '../schema/mesh-config-defaults.ts';
import { type MeshConfigField, meshConfigFields } from '../schema/mesh-config-fields.ts';
import { parse } from './parse.ts';
import type { Violation } from './violation.ts';

function config(spec: unknown, name = 'mesh'): KubeObject {
  return { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name }, spec };
}

function specOf(path: MeshConfigField['path'], value: unknown): object {
  const [first, name] = path;
  return { [first]: name === undefined ? value : { [name]: value } };
}

const said = (violations: readonly Violation[]) =>
  violations.map(({ reason, path }) => `${reason} ${formatPath(path)}`);

for (const { path, schema, default: byDefault, inDoubt } of meshConfigFields) {
  const name = path.join('.');
  test(`${name}: its default can be written, and what can't be read leaves the closed value or none`, () => {
    const written = specOf(path, byDefault);
    const { object, violations } = parse(config(written));
    assert.deepEqual(violations, []);
    assert.deepEqual(object?.['spec'], written);
    for (const bad of [true, [], {}, -1, 1.5, schema.type === 'whole' ? '7' : 7, 'no such thing', '']) {
      const read = parse(config(specOf(path, bad)));
      assert.deepEqual(said(read.violations), [`InvalidField spec.${name}`], JSON.stringify(bad));
      assert.match(read.violations[0]?.message ?? '', /^[a-zA-Z.]+ must be .*, not .*\.$/);
      const left = path.length === 1 ? {} : { [path[0]]: {} };
      assert.deepEqual(read.object?.['spec'], inDoubt === undefined ? left : specOf(path, inDoubt));
    }
  });
}

test('a choice that is none names all there are', () => {
  const { violations } = parse(config({ policy: 'enfroce' }));
  assert.equal(violations[0]?.message, 'policy must be enforce, audit or allow-all, not "enfroce".');
});

const lifetime = (text: string) => said(parse(config({ certificates: { lifetime: text } })).violations);

test('times are bounded at both ends', () => {
  assert.deepEqual(['1m', '7d', '365d', '1d12h'].map(lifetime), [[], [], [], []]);
  for (const text of ['59s', '366d', '0h', '1 h'])
    assert.deepEqual(lifetime(text), ['InvalidField spec.certificates.lifetime'], text);
});

test('unknown fields and sections of the wrong form are named', () => {
  const { object, violations } = parse(config({ mtsl: 'strict', sidecar: 'debug', accessLog: { format: 'x' } }));
  assert.deepEqual(said(violations).toSorted(), [
    'InvalidField spec.sidecar',
    'UnknownField spec.accessLog.format',
    'UnknownField spec.mtsl',
  ]);
  assert.deepEqual(object?.['spec'], { accessLog: {} });
});

test('no spec, and an empty one, say nothing; a spec that is no object is refused', () => {
  for (const spec of [undefined, null, {}]) assert.deepEqual(parse(config(spec)).violations, []);
  assert.equal(parse(config([])).object, undefined);
});

test('it is named mesh, or has no effect', () => {
  const { object, violations } = parse(config({}, 'other'));
  assert.deepEqual([object, said(violations)], [undefined, ['InvalidField metadata.name']]);
});

test('the defaults are those of the table', () => {
  assert.deepEqual([meshConfigDefaults.mtls, meshConfigDefaults.certificates.lifetime], ['strict', '24h']);
});
