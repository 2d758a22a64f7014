import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandCommand, expandEnvironment, expandReferences } from './expand.ts';

test('references are replaced, escapes and unknown names are kept', () => {
  const values = new Map([['A', 'x']]);
  const table = {
    '$(A)': 'x',
    'a$(A)b$(A)': 'axbx',
    '$$(A)': '$(A)',
    '$(B)': '$(B)',
    $A: '$A',
    '$(A': '$(A',
    $$: '$',
    '': '',
  };
  for (const [text, expected] of Object.entries(table)) assert.equal(expandReferences(text, values), expected, text);
});

test('a variable may refer to those before it only', () => {
  const values = expandEnvironment([
    { name: 'EARLY', value: '$(LATE)' },
    { name: 'LATE', value: 'l' },
    { name: 'BOTH', value: '$(EARLY) $(LATE)' },
  ]);
  assert.deepEqual(Object.fromEntries(values), { EARLY: '$(LATE)', LATE: 'l', BOTH: '$(LATE) l' });
});

test('a command is expanded with its arguments', () => {
  const container = { name: 'c', command: ['$(PROGRAM)'], args: ['--port=$(PORT)'] };
  const values = new Map(Object.entries({ PROGRAM: 'serve', PORT: '80' }));
  assert.deepEqual(expandCommand(container, values), ['serve', '--port=80']);
});
