import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { readManifests } from '../../packages/control-plane/src/sources/files.ts';
import type { RememberedFile } from '../../packages/control-plane/src/sources/last-good-objects.ts';
import { readManifest } from '../../packages/control-plane/src/sources/manifests.ts';
import { type FirstChange, watchManifests } from '../../packages/control-plane/src/sources/watch-manifests.ts';

const pod = (name: string, image = 'x'): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {image: ${image}}\n`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heddle-sources-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('readManifests', () => {
  it('reads folders, files and standard input, sorted by path, each file once', async () => {
    await mkdir(join(dir, 'b/node_modules'), { recursive: true });
    await mkdir(join(dir, 'story/expected'), { recursive: true });
    await mkdir(join(dir, 'expected'));
    const files: [string, string][] = [
      ['b/two.yml', pod('two')],
      ['a.yaml', pod('one')],
      ['c.json', '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"three"}}'],
      ['expected/d.yaml', pod('four')],
      ['story/input.yaml', pod('five')],
      ['story/expected/model.yaml', pod('no-golden')],
      ['.hidden.yaml', pod('no-hidden')],
      ['e.yaml~', pod('no-backup')],
      ['.#e.yaml', pod('no-lock')],
      ['e.txt', pod('text')],
      ['b/node_modules/x.yaml', pod('no-package')],
    ];
    for (const [name, text] of files) await writeFile(join(dir, name), text);
    const { objects, findings } = await readManifests(
      [dir, join(dir, 'a.yaml'), join(dir, 'e.txt'), '-', join(dir, 'none')],
      { stdin: pod('six') },
    );
    assert.deepEqual(
      objects.map(({ object }) => object.metadata.name),
      ['one', 'two', 'three', 'text', 'four', 'five', 'six'],
    );
    assert.deepEqual(
      findings.map(({ reason, file }) => [reason, file]),
      [['UnreadableFile', join(dir, 'none')]],
    );
  });

  it('follows links, but not in circles', async () => {
    await mkdir(join(dir, 'in'));
    await writeFile(join(dir, 'in/a.yaml'), pod('a'));
    await symlink('..', join(dir, 'in/loop'));
    await symlink('nowhere', join(dir, 'in/broken.yaml'));
    const { objects, findings } = await readManifests([dir]);
    assert.deepEqual(
      objects.map(({ object }) => object.metadata.name),
      ['a'],
    );
    assert.deepEqual(findings, []);
  });
});

/** A running watch: what it delivered, and waiting for what it will. */
class Watched {
  readonly changes: FirstChange[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #notify: () => void = () => {};

  constructor(path: string, remembered: readonly RememberedFile[] = []) {
    const onChange = (change: FirstChange) => {
      this.changes.push(change);
      this.#notify();
    };
    this.#done = watchManifests(path, this.#abort.signal, onChange, remembered);
  }

  get last(): FirstChange | undefined {
    return this.changes.at(-1);
  }

  /** Images by name of what is in force. */
  get images(): Record<string, unknown> {
    return Object.fromEntries(
      (this.last?.objects ?? []).map(({ object }) => [
        object.metadata.name,
        (object['spec'] as { image: string }).image,
      ]),
    );
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(done => {
        this.#notify = done;
      });
    }
  }

  /** Waits until the objects in force are these. */
  async shows(images: Record<string, unknown>): Promise<void> {
    await this.until(() => isDeepStrictEqual(this.images, images));
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }
}

const path = (name: string): string => join(dir, name);

describe('watchManifests', { timeout: 20_000 }, () => {
  let watched: Watched;

  async function start(files: Record<string, string> = {}): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
    watched = new Watched(dir);
    await watched.until(() => watched.changes.length === 1);
  }
  afterEach(async () => {
    await watched.end();
  });

  it('delivers what is there, even nothing', async () => {
    await start();
    assert.deepEqual(watched.changes, [
      { upserts: [], removals: [], moved: [], objects: [], traffic: [], findings: [], files: [] },
    ]);
  });

  it('delivers saves, new files, and files that are gone', async () => {
    await start({ 'a.yaml': pod('a'), 'b.yaml': pod('b') });
    assert.deepEqual(watched.images, { a: 'x', b: 'x' });
    await writeFile(path('a.yaml'), pod('a', 'new'));
    await watched.shows({ a: 'new', b: 'x' });
    assert.deepEqual(
      watched.last?.upserts.map(({ object }) => object.metadata.name),
      ['a'],
    );
    await writeFile(path('c.yaml'), pod('c'));
    await watched.shows({ a: 'new', b: 'x', c: 'x' });
    await rm(path('b.yaml'));
    await watched.shows({ a: 'new', c: 'x' });
    assert.deepEqual(
      watched.last?.removals.map(({ name }) => name),
      ['b'],
    );
  });

  it('delivers a save within 20 ms, at its best', async () => {
    await start({ 'a.yaml': pod('a') });
    const times: number[] = [];
    for (let index = 0; index < 9; index++) {
      const before = performance.now();
      await writeFile(path('a.yaml'), pod('a', `v${index}`));
      await watched.shows({ a: `v${index}` });
      times.push(performance.now() - before);
    }
    assert.ok(Math.min(...times) < 20, `${Math.min(...times)} ms`);
  });

  it('sees files that editors replace, and their folders', async () => {
    await start({ 'a.yaml': pod('a') });
    await writeFile(path('.a.yaml.swp'), 'x');
    await writeFile(path('4913'), '');
    await rename(path('a.yaml'), path('a.yaml~'));
    await writeFile(path('a.yaml'), pod('a', 'vim'));
    await rm(path('a.yaml~'));
    await watched.shows({ a: 'vim' });
    await writeFile(path('tmp123'), pod('a', 'renamed'));
    await rename(path('tmp123'), path('a.yaml'));
    await watched.shows({ a: 'renamed' });
    assert.ok(watched.changes.every(({ removals }) => removals.length === 0));
  });

  it('sees new folders, moved folders and deleted ones', async () => {
    await start();
    await mkdir(path('sub/deep'), { recursive: true });
    await writeFile(path('sub/deep/a.yaml'), pod('a'));
    await watched.shows({ a: 'x' });
    await writeFile(path('sub/deep/a.yaml'), pod('a', 'new'));
    await watched.shows({ a: 'new' });
    await rename(path('sub'), path('moved'));
    await watched.until(() => watched.last?.objects[0]?.locate?.([])?.file === path('moved/deep/a.yaml'));
    await writeFile(path('moved/deep/a.yaml'), pod('a', 'z'));
    await watched.shows({ a: 'z' });
    assert.ok(watched.changes.every(({ objects }, index) => index === 0 || objects.length === 1));
    await rm(path('moved'), { recursive: true });
    await watched.shows({});
  });

  it('sees links swapped as a mounted ConfigMap does', async () => {
    await mkdir(path('..1'));
    await writeFile(path('..1/a.yaml'), pod('a'));
    await symlink('..1', path('..data'));
    await symlink('..data/a.yaml', path('a.yaml'));
    await start();
    assert.deepEqual(watched.images, { a: 'x' });
    await cp(path('..1'), path('..2'), { recursive: true });
    await writeFile(path('..2/a.yaml'), pod('a', 'new'));
    await symlink('..2', path('..data_tmp'));
    await rename(path('..data_tmp'), path('..data'));
    await rm(path('..1'), { recursive: true });
    await watched.shows({ a: 'new' });
    await writeFile(path('..2/a.yaml'), pod('a', 'z'));
    await watched.shows({ a: 'z' });
  });

  it('keeps what a broken file had until it is mended', async () => {
    await start({ 'a.yaml': pod('a') + pod('b') });
    await writeFile(path('a.yaml'), `${pod('a', 'new')}${pod('b')}  bad: [\n`);
    await watched.until(() => (watched.last?.findings.length ?? 0) > 0);
    assert.deepEqual(watched.images, { a: 'x', b: 'x' });
    assert.deepEqual(
      watched.last?.findings.map(({ reason, file }) => [reason, file]),
      [['UnreadableFile', path('a.yaml')]],
    );
    await writeFile(path('a.yaml'), pod('a', 'new') + pod('b'));
    await watched.shows({ a: 'new', b: 'x' });
    assert.deepEqual(watched.last?.findings, []);
  });

  it('never applies a file half-written', async () => {
    await start({ 'a.yaml': pod('a') + pod('b') });
    const file = await open(path('a.yaml'), 'w');
    await file.write(pod('a', 'new'));
    await file.write(pod('b', 'new').slice(0, -5));
    // A change elsewhere shows that the watch has looked.
    await writeFile(path('z.yaml'), pod('z'));
    await watched.until(() => watched.images['z'] === 'x');
    await file.write(pod('b', 'new').slice(-5));
    await file.close();
    await watched.shows({ a: 'new', b: 'new', z: 'x' });
    const seen = watched.changes.map(({ objects }) => objects.slice(0, 2).map(({ object }) => object['spec']));
    for (const [a, b] of seen) assert.deepEqual(a, b);
    assert.ok(watched.changes.every(({ removals }) => removals.length === 0));
  });

  it('does not believe an empty file that is filled at once, and does one that stays empty', async () => {
    await start({ 'a.yaml': pod('a') });
    const file = await open(path('a.yaml'), 'w');
    await file.write(pod('a', 'new'));
    await file.close();
    await watched.shows({ a: 'new' });
    assert.ok(watched.changes.every(({ removals }) => removals.length === 0));
    await writeFile(path('a.yaml'), '');
    await watched.shows({});
    await appendFile(path('a.yaml'), pod('a'));
    await watched.shows({ a: 'x' });
  });

  it('says nothing of a file that is renamed, and keeps its objects', async () => {
    await start({ 'a.yaml': pod('a'), 'c.yaml': pod('c') });
    const [before] = watched.last?.objects ?? [];
    await rename(path('a.yaml'), path('b.yaml'));
    await watched.until(() => watched.last?.objects[0]?.locate?.([])?.file === path('b.yaml'));
    await rm(path('c.yaml'));
    await watched.shows({ a: 'x' });
    assert.equal(watched.last?.objects[0], before);
    assert.deepEqual(
      watched.changes.flatMap(({ findings }) => findings),
      [],
    );
  });

  it('keeps everything while the folder itself is away', async () => {
    await mkdir(path('in'));
    await writeFile(path('in/a.yaml'), pod('a'));
    watched = new Watched(path('in'));
    await watched.until(() => watched.changes.length === 1);
    await rename(path('in'), path('out'));
    await watched.until(() => watched.last?.findings.length === 1);
    assert.deepEqual(watched.images, { a: 'x' });
    await writeFile(path('out/a.yaml'), pod('a', 'new'));
    await rename(path('out'), path('in'));
    await watched.shows({ a: 'new' });
    assert.deepEqual(watched.last?.findings, []);
    await writeFile(path('in/a.yaml'), pod('a', 'z'));
    await watched.shows({ a: 'z' });
  });

  /** Ends the watch, changes files, and starts another one with what the first held and these last good texts. */
  async function goOn(away: () => Promise<void>, lastGood: Record<string, string> = {}): Promise<void> {
    await watched.end();
    const remembered = (watched.last?.files ?? []).map(held => {
      const text = lastGood[held.file];
      return { ...held, lastGood: text === undefined ? [] : readManifest(held.file, text).objects };
    });
    await away();
    watched = new Watched(dir, remembered);
    await watched.until(() => watched.changes.length === 1);
  }

  describe('that goes on where another one ended', () => {
    it('says nothing of what was in force where that is what is there', async () => {
      await start({ 'a.yaml': pod('a') });
      await goOn(async () => {});
      assert.deepEqual([watched.images, watched.last?.before], [{ a: 'x' }, undefined]);
      assert.deepEqual([watched.last?.upserts, watched.last?.moved], [[], []]);
    });

    it('tells of last good versions, and what is there', async () => {
      await start({ 'a.yaml': pod('a', 'refused') + pod('b') });
      await goOn(async () => {}, { [path('a.yaml')]: pod('a', 'good') });
      const images = watched.last?.before?.map(({ object }) => (object['spec'] as { image: string }).image);
      assert.deepEqual([images, watched.images], [['good', 'x'], { a: 'refused', b: 'x' }]);
    });

    it('keeps what a file had that was broken meanwhile', async () => {
      await start({ 'a.yaml': pod('a'), 'b.yaml': pod('b') });
      await goOn(() => writeFile(path('a.yaml'), 'cut: [off\n'));
      assert.deepEqual(watched.images, { a: 'x', b: 'x' });
      assert.deepEqual(
        watched.last?.findings.map(({ reason, file }) => [reason, file]),
        [['UnreadableFile', path('a.yaml')]],
      );
      await goOn(() => rm(path('b.yaml')));
      await watched.shows({ a: 'x' });
      assert.equal(watched.last?.findings.length, 1);
    });

    it('takes away what was removed meanwhile, and keeps what was moved', async () => {
      await start({ 'a.yaml': pod('a'), 'b.yaml': pod('b') + pod('c') });
      await goOn(async () => {
        await rm(path('a.yaml'));
        await writeFile(path('b.yaml'), pod('c'));
        await writeFile(path('d.yaml'), pod('b', 'new'));
      });
      await watched.shows({ b: 'new', c: 'x' });
      assert.deepEqual(watched.last?.findings, []);
      assert.ok(watched.changes.every(({ removals }) => removals.every(({ name }) => name === 'a')));
    });

    it('keeps everything while the folder itself is away', async () => {
      await start({ 'a.yaml': pod('a') });
      await goOn(async () => {
        await rm(dir, { recursive: true });
      });
      assert.deepEqual([watched.images, watched.last?.findings.length], [{ a: 'x' }, 1]);
    });
  });

  it('ends with what its listener throws', async () => {
    watched = new Watched(dir);
    const failing = watchManifests(dir, new AbortController().signal, () => {
      throw new Error('broken');
    });
    await assert.rejects(failing, /broken/);
  });
});
