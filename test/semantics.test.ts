/** Rule ids are cited all over the project: each must be one that docs/semantics.md explains. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.dirname(import.meta.dirname);
const explained = new Set(
  readFileSync(path.join(root, 'docs/semantics.md'), 'utf8')
    .split('\n')
    .flatMap(line => /^\| ([A-Z]\d+)\b/.exec(line)?.[1] ?? []),
);

/** Ids in parentheses, as `(S5)` or `(T8, H2)`, and those that a scenario opens with. */
function cited(text: string): string[] {
  const groups = text.match(/\(([VSTHI]\d{1,2})(, [VSTHI]\d{1,2})*\)/g) ?? [];
  return groups.flatMap(group => group.match(/[VSTHI]\d{1,2}/g) ?? []);
}

test('every rule that is cited is explained', () => {
  const files = globSync(['packages/*/src/**/*.ts', 'test/**/*.ts', 'scenarios/*/*/*.yaml', 'docs/**/*.md'], {
    cwd: root,
  });
  const unexplained = files.flatMap(file =>
    cited(readFileSync(path.join(root, file), 'utf8'))
      .filter(id => !explained.has(id))
      .map(id => `${file} cites ${id}`),
  );
  assert.deepEqual(unexplained, []);
});

test('every rule is named by a scenario or a test', () => {
  const files = globSync(['scenarios/*/*/input.yaml', 'packages/*/src/**/*.test.ts', 'test/**/*.test.ts'], {
    cwd: root,
  });
  const named = new Set(
    files.flatMap(file => readFileSync(path.join(root, file), 'utf8').match(/\b[VSTHI]\d{1,2}\b/g) ?? []),
  );
  assert.deepEqual(
    [...explained].filter(id => !named.has(id)),
    [],
  );
});

test('the page explains the rules of all five areas', () => {
  const counts = Map.groupBy(explained, id => id.slice(0, 1));
  assert.deepEqual(Object.fromEntries([...counts].map(([area, ids]) => [area, ids.length])), {
    V: 7,
    S: 14,
    T: 14,
    H: 6,
    I: 6,
  });
});
