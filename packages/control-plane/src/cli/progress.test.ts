import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showProgress } from './progress.ts';

test('only what takes longer than a second is told, to a terminal, and taken away', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: string[] = [];
  const terminal = { write: (text: string) => void written.push(text), isTerminal: true };
  const short = showProgress(terminal, 'Reading');
  t.mock.timers.tick(999);
  short();
  t.mock.timers.tick(5000);
  assert.deepEqual(written, []);
  const long = showProgress(terminal, 'Reading');
  t.mock.timers.tick(1000);
  long();
  assert.deepEqual(written, ['Reading…', '\r\u{1B}[K']);
  showProgress({ ...terminal, isTerminal: false }, 'Reading');
  t.mock.timers.tick(5000);
  assert.equal(written.length, 2);
});
