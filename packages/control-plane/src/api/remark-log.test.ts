import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Remark } from '@heddle/mesh';
import { RemarkLog } from './remark-log.ts';

const remark = (name: string, hint = 'Mend it.'): Remark => ({
  message: 'no matching backends',
  object: { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', namespace: 'shop', name },
  hint,
});

test('a remark is written when it begins to hold, with its object and hint', () => {
  const written: unknown[] = [];
  const log = new RemarkLog({ info: (message, fields) => written.push([message, fields]) });
  const { message, ...fields } = remark('web');
  log.note([remark('web')]);
  log.note([remark('web', 'Other words for the same.'), remark('api')]);
  assert.deepEqual(written.splice(0, 1), [[message, fields]]);
  assert.equal(written.splice(0).length, 1);
  log.note([]);
  log.note([remark('web')]);
  assert.deepEqual(written, [[message, fields]]);
});
