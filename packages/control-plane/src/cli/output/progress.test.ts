import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { progressOn, showProgress } from './progress.ts';

const away = '\r\u{1B}[K';

function terminal(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: string[] = [];
  return { written, out: { write: (text: string) => void written.push(text), isTerminal: true } };
}

test('only what takes longer than a second is told, to a terminal, and taken away', t => {
  const { written, out } = terminal(t);
  const short = showProgress(out, 'Reading');
  t.mock.timers.tick(999);
  short();
  t.mock.timers.tick(5000);
  assert.deepEqual(written, []);
  const long = showProgress(out, 'Reading');
  t.mock.timers.tick(1000);
  long();
  assert.deepEqual(written, ['Reading…', away]);
  showProgress({ ...out, isTerminal: false }, 'Reading');
  t.mock.timers.tick(5000);
  assert.equal(written.length, 2);
});

test('a line follows what is going on, makes way for others, and comes back at once', t => {
  const { written, out } = terminal(t);
  const progress = progressOn(out);
  progress.say('one');
  progress.say('two');
  t.mock.timers.tick(1000);
  progress.say('three');
  progress.say('three');
  progress.hide();
  progress.say('x'.repeat(100));
  t.mock.timers.tick(0);
  assert.deepEqual(written, ['two…', `${away}three…`, away, `${'x'.repeat(77)}…`]);
});
