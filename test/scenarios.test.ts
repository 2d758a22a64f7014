// Every scenario: its calls asked of `decide` and of the rendered configuration, and what each stage makes of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { checkCalls } from './scenarios/check-calls.ts';
import { acceptedGoldens, goldensOf } from './scenarios/goldens.ts';
import { loadScenarios } from './scenarios/load-scenarios.ts';
import type { Scenario } from './scenarios/scenario.ts';

const mostInputLines = 60;
const mostGoldenLines = 150;
const hint = 'look at what changed, then: npm run scenarios -- --accept';

for (const scenario of loadScenarios()) {
  test(`scenario ${scenario.name}`, async context => {
    await context.test('calls end as expected', () => {
      assert.ok(scenario.calls.length > 0, 'traffic.yaml has no calls');
      assert.deepEqual(checkCalls(scenario), []);
    });
    await context.test('every stage makes what is accepted', () => compareGoldens(scenario));
    await context.test('is short and says what it proves', () => checkShape(scenario));
  });
}

function compareGoldens(scenario: Scenario): void {
  const accepted = acceptedGoldens(scenario);
  const made = goldensOf(scenario);
  for (const [file, text] of made) {
    const before = accepted.get(file);
    assert.ok(before !== undefined, `expected/${file} does not exist yet; ${hint}`);
    // Compared by line, so that a failure shows a diff of lines.
    assert.deepEqual(text.split('\n'), before.split('\n'), `expected/${file} is stale; ${hint}`);
  }
  const orphans = [...accepted.keys()].filter(file => !made.has(file));
  assert.deepEqual(orphans, [], `nothing makes these files of expected/ any more; ${hint}`);
}

const ruleId = /\b(?:[VSTHI][0-9]{1,2})\b/;

function checkShape({ folder, input }: Scenario): void {
  const [comment = ''] = input.split(/^(?!#)/m);
  assert.match(comment, ruleId, 'input.yaml opens with a comment that names the rules that it proves');
  assert.ok(input.trimEnd().split('\n').length <= mostInputLines, `input.yaml has more than ${mostInputLines} lines`);
  for (const [file, text] of acceptedGoldens({ folder } as Scenario)) {
    assert.ok(
      text.trimEnd().split('\n').length <= mostGoldenLines,
      `expected/${file} has more than ${mostGoldenLines} lines`,
    );
  }
  assert.ok(readFileSync(path.join(folder, 'traffic.yaml'), 'utf8').includes('kind: Traffic'));
}
