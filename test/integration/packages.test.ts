/** What is published works where it is installed: in an empty folder, on plain Node, without this repository or a network. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { examplesIn } from '../examples.ts';

const root = path.resolve(import.meta.dirname, '../..');
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'heddle-packages-')));
const folder = path.join(scratch, 'app');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;

/** The packages of this repository that are published. */
const published = globSync('packages/*/package.json', { cwd: root })
  .map(file => path.join(root, path.dirname(file)))
  .filter(folder => manifestOf(folder).private !== true)
  .toSorted();

/** The folders of everything that they depend on, directly or not. */
function dependenciesOf(folders: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
      const installed = installedAt(folder, name);
      if (folders.includes(installed) || found.has(installed)) continue;
      found.add(installed);
      visit(installed);
    }
  };
  for (const folder of folders) visit(folder);
  return [...found];
}

function installedAt(folder: string, name: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    const candidate = path.join(at, 'node_modules', name);
    if (existsSync(candidate)) return realpathSync(candidate);
    assert.notEqual(at, path.dirname(at), `${name} is not installed`);
  }
}

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

function pack(folders: readonly string[], ...options: readonly string[]): Packed[] {
  const args = ['pack', '--json', '--offline', '--pack-destination', scratch, ...options, ...folders];
  return JSON.parse(npm(args, root).replace(/^[^[{]*/, '')) as Packed[];
}

function npm(args: readonly string[], cwd: string): string {
  const environment = {
    ...process.env,
    npm_config_cache: path.join(scratch, 'cache'),
    npm_config_update_notifier: 'false',
  };
  return execFileSync('npm', args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** An environment in which Node of this version is the first one, and nothing of the repository is. */
const environment = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, HOME: scratch, XDG_CACHE_HOME: scratch };

function run(command: string, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    input,
  });
  return { status, stdout, stderr };
}

let packages: readonly Packed[] = [];

before(() => {
  packages = pack(published);
  const others = pack(dependenciesOf(published), '--ignore-scripts');
  mkdirSync(folder);
  const dependencies = [...packages, ...others].map(
    ({ name, filename }) => [name, `file:${path.join(scratch, filename)}`] as const,
  );
  const manifest = { name: 'app', private: true, type: 'module', dependencies: Object.fromEntries(dependencies) };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], folder);
});

after(() => rmSync(scratch, { recursive: true, force: true }));

test('a package holds what it needs and nothing else', () => {
  for (const { name, files } of packages) {
    const paths = files.map(({ path }) => path);
    assert.ok(paths.includes('LICENSE'), `${name} has no LICENSE`);
    assert.deepEqual(
      paths.filter(file => /\.test\.|tsbuildinfo|tsconfig/.test(file)),
      [],
      name,
    );
    if (name !== '@heddle/envoy-api')
      assert.deepEqual(
        paths.filter(file => /(?<!\.d)\.ts$/.test(file)),
        [],
        name,
      );
  }
});

test('the examples of the SDK run', () => {
  for (const { code, output, place } of examplesIn('packages/smi/README.md', 'docs/guides/sdk.md')) {
    const { status, stdout, stderr } = run(process.execPath, ['--input-type=module-typescript', '--eval', code]);
    assert.deepEqual([status, stdout], [0, output], `${place}\n${stderr}`);
  }
});

test('every entry point can be imported', () => {
  const code = `for (const name of ['@heddle/smi', '@heddle/mesh', '@heddle/runtime']) console.log(Object.keys(await import(name)).length > 0)`;
  assert.deepEqual(run(process.execPath, ['--input-type=module', '--eval', code]), {
    status: 0,
    stdout: 'true\ntrue\ntrue\n',
    stderr: '',
  });
});

test('TypeScript finds the types of every entry point', () => {
  const source = `import { createCompiler, type MeshModel, ResourceStore } from '@heddle/mesh';
import { convert, parse, type TrafficSplit, type splitV1alpha1 } from '@heddle/smi';
const old: splitV1alpha1.TrafficSplitBackend = { service: 'a', weight: '500m' };
const parsed = parse({ spec: { backends: [old] } });
if (parsed.object?.kind === 'TrafficSplit') {
  const split: TrafficSplit = parsed.object;
  const weights: number[] = split.spec.backends.map(({ weight }) => weight);
  console.log(weights, convert(split, 'split.smi-spec.io/v1alpha1').object);
}
const model: MeshModel = createCompiler()(new ResourceStore().current());
// @ts-expect-error: there is no such field, so the types are not any
console.log(model.nothing);
`;
  writeFileSync(path.join(folder, 'app.ts'), source);
  const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: [], skipLibCheck: false };
  const config = { compilerOptions: { ...options, lib: ['es2024', 'dom'] }, files: ['app.ts'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { status, stdout } = run(path.join(root, 'node_modules/.bin/tsc'), ['-p', folder]);
  assert.deepEqual([status, stdout], [0, '']);
});

test('the command line works', () => {
  const heddle = (args: readonly string[], input?: string) =>
    run(path.join(folder, 'node_modules/.bin/heddle'), args, input);
  assert.match(heddle(['version']).stdout, /^heddle \d+\.\d+\.\d+ \(Node\.js 24\./);
  const split = { service: 'a', backends: [{ service: 'b', weight: '500m' }] };
  const object = {
    apiVersion: 'split.smi-spec.io/v1alpha1',
    kind: 'TrafficSplit',
    metadata: { name: 'a' },
    spec: split,
  };
  const args = ['convert', '-f', '-', '--to', 'split.smi-spec.io/v1alpha4', '-o', 'json'];
  const { status, stdout } = heddle(args, JSON.stringify(object));
  assert.deepEqual([status, JSON.parse(stdout).spec.backends], [0, [{ service: 'b', weight: 1 }]]);
  const bookstore = path.join(folder, 'bookstore');
  execFileSync('cp', ['-r', path.join(root, 'examples/bookstore'), bookstore]);
  const tested = heddle(['test', '-f', bookstore]);
  assert.equal(tested.status, 0, tested.stdout);
  const rendered = heddle(['render', 'envoy', '-f', bookstore, '--workload', 'bookbuyer/bookbuyer', '--static']);
  assert.deepEqual([rendered.status, rendered.stderr], [0, '']);
});
