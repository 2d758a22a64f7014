import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { commands } from '../commands.ts';
import { buildProgram } from '../program.ts';
import { commandTree } from '../reference/command-tree.ts';
import { completionScript } from '../reference/completion-script.ts';

let scripts: Readonly<Record<'bash' | 'zsh' | 'fish', string>>;

before(() => {
  const tree = commandTree(buildProgram(commands, async () => {}));
  scripts = {
    bash: completionScript('bash', tree),
    zsh: completionScript('zsh', tree),
    fish: completionScript('fish', tree),
  };
});

/** What bash offers for the last word; `default` where it is to complete files. */
function complete(...words: string[]): string[] {
  const quoted = ['heddle', ...words].map(word => `'${word}'`).join(' ');
  const code = `
    heddle() { echo "bookbuyer bookbuyer/bookbuyer"; }
    compopt() { echo "\${!#}"; }
    ${scripts.bash}
    COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _heddle; echo "\${COMPREPLY[*]}"`;
  return spawnSync('bash', ['-c', code], { encoding: 'utf8' }).stdout.trim().split(/\s+/);
}

test('bash takes its script, and completes commands, options and values', () => {
  assert.deepEqual(complete('val'), ['validate']);
  assert.deepEqual(complete('validate', '--st'), ['--strict']);
  assert.deepEqual(complete('validate', '-f', 'x', '-o', 'j'), ['json']);
  assert.deepEqual(complete('render', 'e'), ['envoy']);
  assert.deepEqual(complete('render', 'envoy', '--w'), ['--workload']);
  assert.deepEqual(complete('completion', 'z'), ['zsh']);
  assert.ok(complete('help', 'ex').includes('explain'));
});

test('bash completes files where they are meant, and options once a dash is typed', () => {
  assert.deepEqual(complete('up', 'exa'), ['default']);
  assert.deepEqual(complete('validate', '-f', 'exa'), ['default']);
  assert.deepEqual(complete('up', '--ch'), ['--check']);
});

test('bash completes workloads of the mesh that runs, and leaves alone what is to run there', () => {
  assert.deepEqual(complete('exec', 'book'), ['bookbuyer', 'bookbuyer/bookbuyer']);
  assert.deepEqual(complete('logs', '--si'), ['--sidecar']);
  assert.deepEqual(complete('exec', 'bookbuyer', '--', 'cu'), ['default']);
});

test('zsh and fish know every command and no hidden one', () => {
  for (const script of [scripts.zsh, scripts.fish]) {
    for (const word of ['validate', 'explain', 'render', 'envoy', 'workload', 'completion'])
      assert.ok(script.includes(word), word);
    assert.doesNotMatch(script, /'node[':]/);
  }
});
