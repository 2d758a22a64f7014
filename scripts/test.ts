// Runs the tests: `npm test`, or some of them: `npm test -- unit`, `npm test -- integration rootless`.
// The last line of the output adds up all the runs; the exit code is 1 when a test failed, or when a run had none.
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asPlainUser } from './plain-user.ts';

interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly skipped: number;
  readonly todo: number;
}

interface Run {
  readonly what: string;
  readonly files: readonly string[];
  readonly options: readonly string[];
  /** Gives the command that starts Node, with its arguments so far. */
  readonly start: () => readonly string[];
  /** Builds what the tests run, where it is missing. */
  readonly prepare?: () => void;
}

const isRoot = process.getuid?.() === 0;
const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), 'heddle-test-'));

/** One process a file: these start Envoys and make namespaces, so few at a time, and a time limit that only a hang meets. */
const separate = ['--test-isolation=process', '--test-concurrency=2', '--test-timeout=600000'];

const runs: Readonly<Record<string, () => Run>> = {
  /** Unit, scenario, property, protocol: fast, in one process. */
  unit: () => ({
    what: 'Unit, scenario and property tests',
    files: find('packages/*/src/**/*.test.ts', 'test/*.test.ts'),
    options: ['--test-isolation=none'],
    start: () => [process.execPath],
  }),
  /** Real Envoys, network namespaces, kernels. As whoever runs this. */
  integration: () => ({
    what: `Integration tests, as ${isRoot ? 'root' : 'a plain user'}`,
    files: find('test/integration/**/*.test.ts'),
    options: separate,
    start: () => [process.execPath],
    prepare: buildKubernetes,
  }),
  /** Those of them that are named `*.rootless.test.ts`, once more without root's rights. */
  rootless: () => ({
    what: 'Integration tests, once more as a plain user',
    files: isRoot ? find('test/integration/**/*.rootless.test.ts') : [],
    options: separate,
    start: () => asPlainUser(root, scratch),
  }),
};

/** The programs of a cluster take minutes: more than a test may. Without Go the tests that need them are skipped, and say so. */
function buildKubernetes(): void {
  if ((process.env['KUBEBUILDER_ASSETS'] ?? '') !== '') return;
  spawnSync(path.join(root, 'scripts/kubernetes/build'), { stdio: ['ignore', 'ignore', 'inherit'] });
}

function find(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root }).toSorted();
}

function main(wanted: readonly string[]): number {
  const unknown = wanted.filter(name => !Object.hasOwn(runs, name));
  if (unknown.length > 0) {
    console.error(`test: no such run: ${unknown.join(', ')}; there are ${Object.keys(runs).join(', ')}`);
    return 2;
  }
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const [name, run] of Object.entries(runs)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const counts = execute(run());
    if (counts === undefined) continue;
    passed += counts.passed;
    skipped += counts.skipped + counts.todo;
    failed += counts.tests - counts.passed - counts.skipped - counts.todo;
  }
  if (passed + failed === 0) console.error('test: no test ran');
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** The counts of a run; `undefined` where it has no files. A run that ends badly in another way counts as one failure. */
function execute(run: Run): Counts | undefined {
  if (run.files.length === 0) return undefined;
  run.prepare?.();
  console.log(`\n${run.what} (${run.files.length} files)`);
  const report = path.join(scratch, 'counts.json');
  // Made here, so that a run as another user may write it.
  writeFileSync(report, '');
  chmodSync(report, 0o666);
  const [command = '', ...args] = [
    ...run.start(),
    '--conditions=source',
    '--import=./test/fixed-seed.ts',
    '--disable-warning=ExperimentalWarning',
    '--test',
    ...run.options,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/test-counts.ts',
    `--test-reporter-destination=${report}`,
    ...run.files,
  ];
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const counts = readCounts(report);
  const countedFailure = counts.tests > counts.passed + counts.skipped + counts.todo;
  if (status === 0 || countedFailure) return counts;
  console.error(`test: the run ended with ${signal ?? `exit code ${status}`} and no failed test`);
  return { ...counts, tests: counts.tests + 1 };
}

function readCounts(file: string): Counts {
  const text = readFileSync(file, 'utf8').trim();
  return text === '' ? { tests: 0, passed: 0, skipped: 0, todo: 0 } : (JSON.parse(text) as Counts);
}

// Ctrl-C ends the run that is going on; this process outlives it to tidy up.
process.on('SIGINT', () => {});
try {
  process.exitCode = main(process.argv.slice(2));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
