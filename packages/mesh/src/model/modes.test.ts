import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations, meshConfigFields } from '@heddle/smi';
import { modeValues } from './modes.ts';

test('modes are what annotations override of a MeshConfig, with the same values', () => {
  const overridden = meshConfigFields.filter(({ annotation }) => annotation !== undefined);
  const names = Object.keys(modeValues) as (keyof typeof modeValues)[];
  assert.deepEqual(
    overridden.map(({ annotation }) => annotation),
    names.map(name => annotations[name]),
  );
  for (const { annotation, schema, inDoubt } of overridden) {
    const name = names.find(mode => annotations[mode] === annotation) ?? 'mtls';
    assert.deepEqual(new Set<string>(modeValues[name]), new Set(schema.type === 'choice' ? schema.choices : []));
    if (inDoubt !== undefined) assert.equal(modeValues[name][0], inDoubt);
  }
});
