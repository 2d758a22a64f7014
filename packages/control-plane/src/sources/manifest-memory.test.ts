import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { RememberedFile } from './last-good-objects.ts';
import { ManifestMemory } from './manifest-memory.ts';
import { readManifest } from './manifests.ts';

const pod = (name: string): string => `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\n`;

/** What a file holds that reads so. */
function held(file: string, text: string): RememberedFile {
  return { file, objects: readManifest(file, text).objects, retained: [], lastGood: [] };
}

/** Objects and their places, list by list. */
function shown(files: readonly RememberedFile[]): unknown {
  return files.map(({ file, ...lists }) => [
    file,
    Object.entries(lists).map(([list, objects]) => [
      list,
      objects.map(({ object, locate }) => [object, locate(['metadata'])]),
    ]),
  ]);
}

describe('ManifestMemory', () => {
  let state: string;
  let directory: string;
  let troubles: unknown[];
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'heddle-memory-'));
    directory = join(state, 'manifests');
    troubles = [];
  });
  afterEach(() => rm(state, { recursive: true, force: true }));

  const open = () => ManifestMemory.open({ directory, onTrouble: (_, error) => troubles.push(error) });

  async function remember(...files: RememberedFile[]): Promise<void> {
    const memory = await open();
    memory.keep(files);
    await memory.saved();
  }

  /** Inodes by name: a file that is written is another one. */
  async function written(): Promise<Record<string, number>> {
    const names = (await readdir(directory)).toSorted();
    return Object.fromEntries(
      await Promise.all(names.map(async name => [name, (await stat(join(directory, name))).ino])),
    );
  }

  it('gives back what files hold: objects of several texts and files, with their places', async () => {
    const list = '{"kind":"List","apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"}}]}';
    const [old] = readManifest('b.yaml', `# moved\n${pod('a')}`).objects;
    const files = [
      { ...held('a.yaml', pod('a') + pod('b') + pod('a')), lastGood: old === undefined ? [] : [old] },
      held('b.json', list),
      { ...held('c.yaml', pod('c')), retained: readManifest('c.yaml', `\n\n${pod('d')}`).objects },
      held('d.yaml', ''),
    ];
    await remember(...files);
    assert.deepEqual(shown((await open()).remembered), shown(files));
    assert.deepEqual(troubles, []);
  });

  it('writes what differs only, for nobody else, and forgets what is gone', async () => {
    const [a, b] = [held('a.yaml', pod('a')), held('b.yaml', pod('b'))];
    await remember(a, b);
    const before = await written();
    const memory = await open();
    memory.keep([a, held('b.yaml', pod('b'))]);
    await memory.saved();
    assert.deepEqual(await written(), before, 'the same content, read anew');
    memory.keep([a, held('b.yaml', `# a comment\n${pod('b')}`)]);
    await memory.saved();
    const after = await written();
    assert.equal(Object.keys(before).filter(name => before[name] === after[name]).length, 1);
    memory.keep([a]);
    await memory.saved();
    assert.deepEqual(shown((await open()).remembered), shown([a]));
    const [name = ''] = Object.keys(await written());
    assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600);
  });

  it('the latest of changes that come while it writes is what stays', async () => {
    const memory = await open();
    for (const name of ['a', 'b', 'c']) memory.keep([held('x.yaml', pod(name)), held('y.yaml', pod('y'))]);
    memory.keep([held('x.yaml', pod('d'))]);
    await memory.saved();
    assert.deepEqual(shown((await open()).remembered), shown([held('x.yaml', pod('d'))]));
  });

  it('what is cut off or foreign is left out, and said', async () => {
    await remember(held('a.yaml', pod('a')));
    await writeFile(join(directory, 'other.json'), '{"file":');
    await writeFile(join(directory, 'draft.json.new'), '{');
    assert.deepEqual(shown((await open()).remembered), shown([held('a.yaml', pod('a'))]));
    assert.equal(troubles.length, 1);
  });

  it('what can’t be written is said, and tried again with the next change', async () => {
    const memory = await open();
    await rm(directory, { recursive: true });
    memory.keep([held('a.yaml', pod('a'))]);
    await memory.saved();
    assert.equal(troubles.length, 1);
    await mkdir(directory);
    memory.keep([held('a.yaml', pod('a'))]);
    await memory.saved();
    assert.deepEqual(shown((await open()).remembered), shown([held('a.yaml', pod('a'))]));
  });

  it('does without where its folder can’t be made', async () => {
    await rm(state, { recursive: true });
    assert.deepEqual((await open()).remembered, []);
    assert.equal(troubles.length, 1);
  });
});
