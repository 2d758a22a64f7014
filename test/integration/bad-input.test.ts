// What nobody should write: each is a finding that names its file, nothing throws, and what is in force stays.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  configurationOf,
  createEnvoyRenderer,
  defaultSettings,
  type EnvoyOutput,
  type Finding,
  type MeshModel,
} from '@heddle/mesh';
import { Loop, type State } from '../../packages/control-plane/src/loop.ts';
import type { Output } from '../../packages/control-plane/src/outputs/output.ts';
import { readManifests } from '../../packages/control-plane/src/sources/files.ts';
import { maxFileBytes } from '../../packages/control-plane/src/sources/manifests.ts';
import type { Source } from '../../packages/control-plane/src/sources/source.ts';
import { watchManifests } from '../../packages/control-plane/src/sources/watch-manifests.ts';
import { meshOfSources, testTarget } from '../worlds/mesh-of.ts';

const world = `
apiVersion: v1
kind: Pod
metadata: {name: books, namespace: stock, labels: {app: books}}
spec: {serviceAccountName: books, containers: [{name: books, image: books}]}
status: {phase: Running, podIP: 10.244.0.9, conditions: [{type: Ready, status: 'True'}]}
---
apiVersion: v1
kind: Service
metadata: {name: books, namespace: stock}
spec: {clusterIP: 10.96.0.9, selector: {app: books}, ports: [{name: http, port: 80}]}
`;
/** What `bad.yaml` held while it was good. */
const good = `
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: kept, namespace: stock}
spec: {service: books, backends: [{service: books, weight: 1}]}
`;
const split = (field: string): string => `
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: kept, namespace: stock}
spec: {service: books, backends: [{service: books, ${field}}]}
`;
const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('');
const laughs = `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${many(9, i => `a${i + 1}: &a${i + 1} [${many(9, () => `*a${i}, `)}]\n`)}`;
const merged = `a: &a {${many(2000, i => `k${i}: v, `)}}\nb:\n${many(2000, () => '- <<: *a\n')}`;

interface BadText {
  readonly what: string;
  readonly text: string | Buffer;
  readonly reason: string;
  readonly message: RegExp;
  readonly line?: number;
  /** Findings about the file; one unless given. */
  readonly count?: number;
  /** The name of the file, `bad.yaml` unless given. */
  readonly name?: string;
  /** Whether only a mesh that runs minds it. */
  readonly whereItRuns?: boolean;
}

const unreadable = 'UnreadableFile';
const noObject = 'NotAnObject';
const badTexts: readonly BadText[] = [
  { what: 'an open bracket', text: 'a: [1,\n', reason: unreadable, message: /./ },
  { what: 'a tab', text: 'a:\n\tb: 1\n', reason: unreadable, message: /./, line: 2 },
  {
    what: 'bytes that are not UTF-8',
    text: Buffer.from('a: 1\nb: \xff\xfe\n', 'latin1'),
    reason: unreadable,
    message: /UTF-8/,
    line: 2,
  },
  {
    what: 'an overlong encoding',
    text: Buffer.from('a: \xc0\xaf\n', 'latin1'),
    reason: unreadable,
    message: /UTF-8/,
    line: 1,
  },
  { what: 'UTF-16', text: Buffer.from('\u{FEFF}a: 1\n', 'utf16le'), reason: unreadable, message: /UTF-16/ },
  { what: 'a NUL byte', text: 'a: 1\nb: \0\n', reason: unreadable, message: /NUL/, line: 2 },
  { what: 'a key twice', text: 'a: 1\nb: 2\na: 3\n', reason: unreadable, message: /"a" stands twice/, line: 3 },
  { what: 'an alias without its anchor', text: 'a: *nowhere\n', reason: unreadable, message: /nowhere/, line: 1 },
  { what: 'aliases that explode', text: laughs, reason: unreadable, message: /aliases/ },
  { what: 'merge keys that explode', text: merged, reason: unreadable, message: /aliases/ },
  {
    what: 'aliases beyond number',
    text: `a: &a x\n${many(20_000, i => `b${i}: *a\n`)}`,
    reason: unreadable,
    message: /too many/,
  },
  { what: 'an object within itself', text: 'a: &a {b: *a}\n', reason: unreadable, message: /deep/ },
  { what: '10,000 brackets', text: `a: ${'['.repeat(10_000)}`, reason: unreadable, message: /deep/, line: 1 },
  {
    what: '10,000 levels of indentation',
    text: many(10_000, i => `${' '.repeat(i)}a:\n`).slice(0, 4_000_000),
    reason: unreadable,
    message: /deep|tokens/,
  },
  { what: '10,000 dashes', text: '- '.repeat(10_000), reason: unreadable, message: /deep/, line: 1 },
  {
    what: '10,000 levels of JSON',
    text: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    reason: unreadable,
    message: /deep/,
    name: 'bad.json',
  },
  { what: 'tokens beyond number', text: `a: [${','.repeat(3_000_001)}]`, reason: unreadable, message: /tokens/ },
  {
    what: 'more than 10 MB',
    text: Buffer.alloc(maxFileBytes + 1, `# ${'filler '.repeat(1000)}\n`),
    reason: unreadable,
    message: /bytes/,
    whereItRuns: true,
  },
  {
    what: 'JSON cut off',
    text: '{"apiVersion": "v1",',
    reason: unreadable,
    message: /JSON|expected/i,
    name: 'bad.json',
  },
  { what: 'a list in place of an object', text: '- a\n', reason: noObject, message: /this is a list/, line: 1 },
  { what: 'a number in place of an object', text: '.inf\n', reason: noObject, message: /number/, line: 1 },
  {
    what: 'no kind',
    text: 'apiVersion: v1\nmetadata: {name: a}\n',
    reason: noObject,
    message: /kind is missing/,
    line: 1,
  },
  {
    what: 'a kind with an escape sequence',
    text: 'apiVersion: v1\nkind: "A\\e[2J"\nmetadata: {name: a}\n',
    reason: noObject,
    message: /kind "A\\u001b\[2J"/,
    line: 2,
  },
  {
    what: 'a name that leads elsewhere',
    text: 'apiVersion: v1\nkind: Service\nmetadata: {name: ../../etc}\n',
    reason: noObject,
    message: /not a name/,
    line: 3,
  },
  {
    what: 'a name of an emoji',
    text: 'apiVersion: v1\nkind: Service\nmetadata: {name: 😀}\n',
    reason: noObject,
    message: /not a name/,
    line: 3,
  },
  {
    what: 'a name with a line break',
    text: 'apiVersion: v1\nkind: Service\nmetadata: {name: "a\\nb"}\n',
    reason: noObject,
    message: /"a\\nb" is not a name/,
    line: 3,
  },
  {
    what: 'a name of 254 letters',
    text: `apiVersion: v1\nkind: Service\nmetadata: {name: ${'a'.repeat(254)}}\n`,
    reason: noObject,
    message: /at most 253/,
    line: 3,
  },
  {
    what: '10,000 things that are none',
    text: `apiVersion: v1\nkind: List\nitems:\n${many(10_000, () => '- 1\n')}`,
    reason: noObject,
    message: /./,
    count: 1001,
    line: 4,
  },
  {
    what: 'a list in a list in a list',
    text: `${'{apiVersion: v1, kind: List, items: ['.repeat(10)}1${']}'.repeat(10)}`,
    reason: noObject,
    message: /number 1/,
  },
  { what: 'a weight of no end', text: split('weight: .inf'), reason: 'InvalidWeight', message: /./, line: 5, count: 2 },
  {
    what: 'a weight that is no number',
    text: split('weight: .nan'),
    reason: 'InvalidWeight',
    message: /./,
    line: 5,
    count: 2,
  },
  {
    what: 'a weight of 10,000 digits',
    text: split(`weight: ${'9'.repeat(10_000)}`),
    reason: 'InvalidWeight',
    message: /./,
    line: 5,
    count: 2,
  },
  {
    what: 'a field of every object',
    text: split('weight: 1, __proto__: {polluted: 1}'),
    reason: 'UnknownField',
    message: /__proto__/,
    line: 5,
  },
  {
    what: 'a field of every function',
    text: split('weight: 1, constructor: 1'),
    reason: 'UnknownField',
    message: /constructor/,
    line: 5,
  },
];

/** What is fine although it is odd. */
const oddTexts: readonly (readonly [string, string])[] = [
  ['a byte order mark', `\u{FEFF}${good}`],
  ['lines that end in CRLF', good.replaceAll('\n', '\r\n')],
  ['empty documents', `---\n---\n${good}---\n---\n# nothing\n`],
  ['an end of a document', `${good}...\n`],
];

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heddle-bad-input-'));
});
after(() => rm(dir, { recursive: true }));

/** A folder of its own with these files. */
async function folder(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const path = await mkdtemp(join(dir, 'in-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

/** What is said of one file, by the reading of it and by all that is made of it. */
async function said(path: string): Promise<{ names: string[]; findings: readonly Finding[] }> {
  const { objects, findings } = await readManifests([path]);
  const mesh = meshOfSources(objects);
  return { names: objects.map(({ object }) => object.metadata.name), findings: [...findings, ...mesh.findings] };
}

describe('read once', () => {
  for (const { what, text, reason, message, line, count = 1, name = 'bad.yaml', whereItRuns } of badTexts) {
    if (whereItRuns === true) continue;
    it(`${what}: a finding, and the other files count`, async () => {
      const path = await folder({ 'good.yaml': world, [name]: text });
      const { names, findings } = await said(path);
      assert.deepEqual(names.slice(-2), ['books', 'books']);
      const about = findings.filter(({ file, severity }) => file === join(path, name) && severity !== 'info');
      const [first] = about.filter(finding => finding.reason === reason);
      assert.ok(first, JSON.stringify(findings));
      assert.equal(about.length, count);
      assert.match(first.message, message);
      if (line !== undefined) assert.equal(first.line, line);
      // oxlint-disable-next-line no-control-regex -- nothing that steers a terminal
      assert.doesNotMatch(first.message, /[\0-\x1f\x7f-\x9f]/);
    });
  }

  for (const [what, text] of oddTexts) {
    it(`${what}: fine`, async () => {
      const path = await folder({ 'good.yaml': world, 'odd.yaml': text });
      const { names, findings } = await said(path);
      assert.deepEqual(names, ['books', 'books', 'kept']);
      assert.deepEqual(
        findings.filter(({ reason }) => reason !== 'SelfReferentialBackend'),
        [],
      );
    });
  }

  it('leaves nothing behind on every object', () => {
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});

describe('what is no file', () => {
  let socket: Server | undefined;
  after(() => socket?.close());

  it('is a finding each, and never waited for; folders and links are what they lead to', {
    timeout: 20_000,
  }, async () => {
    const path = await folder({ 'good.yaml': world });
    const at = (name: string): string => join(path, name);
    execFileSync('mkfifo', [at('pipe.yaml')]);
    socket = createServer();
    await new Promise<void>(resolve => socket?.listen(at('socket.yaml'), resolve));
    await symlink('/dev/zero', at('device.yaml'));
    await symlink('loop.yaml', at('loop.yaml'));
    await mkdir(at('folder.yaml'));
    await writeFile(join(at('folder.yaml'), 'in.yaml'), good);
    for (const name of ['again', 'once-more']) await symlink('folder.yaml', at(name));
    await writeFile(at('secret.yaml'), good);
    await chmod(at('secret.yaml'), 0);
    const { names, findings } = await said(path);
    const isRoot = process.getuid?.() === 0;
    assert.deepEqual(names.slice(0, 3), ['kept', 'books', 'books']);
    assert.deepEqual(
      findings.filter(({ reason }) => reason === unreadable).map(({ file, message }) => [file, message.slice(0, 13)]),
      [
        [at('device.yaml'), 'It is neither'],
        [at('loop.yaml'), 'It is a link '],
        [at('pipe.yaml'), 'It is neither'],
        ...(isRoot ? [] : [[at('secret.yaml'), 'It may not be']]),
        [at('socket.yaml'), 'It is neither'],
      ],
    );
  });

  it('a folder that 2^40 ways lead to is walked once', { timeout: 20_000 }, async () => {
    const path = await folder({ 'good.yaml': world });
    for (let level = 0; level < 40; level++) {
      await mkdir(join(path, `level-${level}`));
      for (const way of ['left', 'right']) await symlink(`../level-${level + 1}`, join(path, `level-${level}`, way));
    }
    await mkdir(join(path, 'level-40'));
    await writeFile(join(path, 'level-40/kept.yaml'), good);
    const { names } = await said(path);
    assert.deepEqual(names, ['books', 'books', 'kept']);
  });
});

/** A loop over a folder, with all that makes configuration of it. */
class Running {
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  readonly failures: string[] = [];
  sidecars: EnvoyOutput['sidecars'] = new Map();
  state: State | undefined;
  #notify: () => void = () => {};

  constructor(path: string) {
    const source: Source = {
      name: 'folder',
      run: (signal, deliver) =>
        watchManifests(path, signal, ({ upserts, removals, findings }) => {
          deliver({ delta: { upserts, removals }, findings });
        }),
    };
    const render = createEnvoyRenderer();
    const output: Output = {
      name: 'sidecars',
      render: (model: MeshModel) => {
        const { output: made, findings } = render(model, testTarget);
        return {
          findings,
          publish: () => {
            this.sidecars = made.sidecars;
          },
        };
      },
      forget: () => {},
    };
    const loop = new Loop({
      settings: defaultSettings,
      sources: [source],
      outputs: [output],
      onState: state => {
        this.state = state;
        this.#notify();
      },
      onFailure: (part, error) => this.failures.push(`${part}: ${String(error)}`),
    });
    this.#done = loop.run(this.#abort.signal);
  }

  get inForce(): string[] {
    const namespace = this.state?.model.namespaces.get('stock');
    const splits = [...(namespace?.splits.keys() ?? [])];
    return [...(namespace?.services.keys() ?? []), ...splits.map(root => `split of ${root}`)];
  }

  /** The latest findings about a file. */
  about(file: string): readonly Finding[] {
    return (this.state?.findings() ?? []).filter(finding => finding.file === file && finding.severity !== 'info');
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(done => {
        this.#notify = done;
      });
    }
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }
}

describe('in a running mesh', { timeout: 60_000 }, () => {
  it('every bad text is said, what it held and every other file stays in force, and it heals', async () => {
    const path = await folder({ 'good.yaml': world, 'bad.yaml': good });
    const file = join(path, 'bad.yaml');
    const running = new Running(path);
    try {
      await running.until(() => running.inForce.length === 2);
      const before = configurationOf(running, 'stock/books');
      assert.ok(before);
      for (const { what, text, reason, name } of badTexts) {
        if (name !== undefined) continue;
        await writeFile(file, text);
        await running.until(() => running.about(file).some(finding => finding.reason === reason));
        assert.deepEqual(running.inForce, ['books', 'split of books'], what);
        assert.equal(configurationOf(running, 'stock/books'), before, what);
        await writeFile(file, good);
        await running.until(() => running.about(file).every(finding => finding.reason !== reason));
        assert.deepEqual(running.inForce, ['books', 'split of books'], what);
      }
      assert.deepEqual(running.failures, []);
    } finally {
      await running.end();
    }
  });

  it('a pipe in place of a file takes nothing away', async () => {
    const path = await folder({ 'good.yaml': world, 'bad.yaml': good });
    const file = join(path, 'bad.yaml');
    const running = new Running(path);
    try {
      await running.until(() => running.inForce.length === 2);
      execFileSync('mkfifo', [join(path, 'pipe')]);
      execFileSync('mv', [join(path, 'pipe'), file]);
      await running.until(() => running.about(file).some(({ reason }) => reason === unreadable));
      assert.deepEqual(running.inForce, ['books', 'split of books']);
    } finally {
      await running.end();
    }
  });
});

const routes = (entries: number): string => `---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: stock}
spec: {matches: [${many(entries, i => `{name: e${i}, pathRegex: /e${i}}, `)}]}
`;
const target = (sources: number, rules: number): string => `---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: open, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: books}
  sources: [${many(sources, i => `{kind: ServiceAccount, name: s${i}}, `)}]
  rules: [${many(rules, () => '{kind: HTTPRouteGroup, name: routes}, ')}]
`;
/** Bytes of what the sidecar of `books` would get, less what it gets in any case. */
async function sizeWith(text: string): Promise<number> {
  const path = await folder({ 'good.yaml': world, 'more.yaml': text });
  const { objects } = await readManifests([path]);
  const resources = configurationOf(meshOfSources(objects), 'stock/books')?.groups.flatMap(group => group.resources);
  return JSON.stringify(resources?.map(({ value }) => value)).length;
}

describe('long lists', () => {
  it('of callers and of routes do not multiply in what a sidecar gets', async () => {
    const small = await sizeWith(routes(1000) + target(1000, 1));
    const large = await sizeWith(routes(4000) + target(4000, 1));
    assert.ok(large < 5 * small, `${small} bytes for 1,000 of each, ${large} for 4,000`);
  });

  it('of 10,000 entries each are taken in', async () => {
    const { findings } = await said(
      await folder({ 'good.yaml': world, 'more.yaml': routes(1) + target(10_000, 10_000) }),
    );
    const reasons = new Set(findings.map(({ reason }) => reason));
    assert.deepEqual([...reasons], ['IdentityNotFound']);
    assert.equal(findings.length, 10_000);
  });
});
