import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type ManifestChange, ManifestFolder } from './manifest-folder.ts';
import { readManifest } from './manifests.ts';

const pod = (name: string, image = 'x', apiVersion = 'v1'): string =>
  `---\napiVersion: ${apiVersion}\nkind: Pod\nmetadata: {name: ${name}}\nspec: {image: ${image}}\n`;

const upserted = (change: ManifestChange): string[] => change.upserts.map(({ object }) => object.metadata.name);
const removed = (change: ManifestChange): string[] => change.removals.map(({ name }) => name);
const inForce = (change: ManifestChange): string[] => change.objects.map(({ object }) => object.metadata.name);

const split = (version: string): string =>
  `apiVersion: split.smi-spec.io/${version}\nkind: TrafficSplit\nmetadata: {name: s}\n`;

describe('ManifestFolder', () => {
  let folder: ManifestFolder;
  beforeEach(() => {
    folder = new ManifestFolder();
  });

  function set(file: string, text: string): ManifestChange {
    folder.set(readManifest(file, text, folder.reading(file)));
    return folder.deliver();
  }

  it('delivers what changed, and keeps the identity of the rest', () => {
    const first = set('a.yaml', pod('a') + pod('b'));
    assert.deepEqual(upserted(first), ['a', 'b']);
    const second = set('a.yaml', pod('a', 'y') + pod('b'));
    assert.deepEqual([upserted(second), removed(second)], [['a'], []]);
    assert.equal(second.objects[1], first.objects[1]);
    assert.notEqual(second.objects[0], first.objects[0]);
  });

  it('keeps identity where only lines, comments and order of keys changed, and locates anew', () => {
    const first = set('a.yaml', pod('a') + pod('b'));
    const text = '# moved\n---\n# and rewritten\nkind: Pod\napiVersion: v1\nspec: {image: "x"}\nmetadata:\n  name: a\n';
    const second = set('a.yaml', text + pod('b'));
    assert.deepEqual([upserted(second), removed(second)], [[], []]);
    assert.deepEqual(second.moved, second.objects);
    assert.deepEqual(second.objects, first.objects);
    assert.equal(first.objects[0]?.locate?.(['spec', 'image'])?.line, 6);
    assert.equal(first.objects[1]?.locate?.([])?.line, 10);
    const third = set('a.yaml', pod('a') + pod('b'));
    assert.equal(third.objects[0], first.objects[0]);
    assert.equal(first.objects[0]?.locate?.(['spec', 'image'])?.line, 5);
  });

  it('tells the places of equal duplicates apart, whichever came first', () => {
    set('b.yaml', pod('a'));
    const { objects, findings } = set('a.yaml', `# first by path\n${pod('a')}`);
    assert.deepEqual(objects[0]?.locate([]), { file: 'a.yaml', line: 3, column: 1 });
    assert.deepEqual(
      findings.map(({ reason, file, line }) => [reason, file, line]),
      [['DuplicateObject', 'b.yaml', 2]],
    );
    folder.delete('a.yaml');
    const [left] = folder.deliver().objects;
    assert.deepEqual(left?.locate([]), { file: 'b.yaml', line: 2, column: 1 });
  });

  it('keeps identity of an object that moves to another file of its folder only', () => {
    const first = set('x/a.yaml', pod('a') + pod('b'));
    folder.set(readManifest('x/a.yaml', pod('a')));
    folder.set(readManifest('x/b.yaml', pod('b')));
    const second = folder.deliver();
    assert.equal(second.objects[1], first.objects[1]);
    assert.equal(second.objects[1]?.locate?.([])?.file, 'x/b.yaml');
    folder.delete('x/b.yaml');
    folder.set(readManifest('y/b.yaml', pod('b')));
    assert.deepEqual(upserted(folder.deliver()), ['b']);
  });

  it('leaves in force what an unreadable file had', () => {
    const first = set('a.yaml', pod('a'));
    const second = set('a.yaml', `${pod('b')}x: {`);
    assert.deepEqual([upserted(second), removed(second)], [[], []]);
    assert.deepEqual(second.objects, first.objects);
    assert.deepEqual(
      second.findings.map(({ reason }) => reason),
      ['UnreadableFile'],
    );
    const third = set('a.yaml', pod('b'));
    assert.deepEqual([upserted(third), removed(third), third.findings], [['b'], ['a'], []]);
  });

  it('takes nothing away that a file read partly may still mean', () => {
    set('a.yaml', pod('a') + pod('b'));
    const broken = set('a.yaml', pod('a', 'y') + pod('b').replace('kind: Pod\n', ''));
    assert.deepEqual([upserted(broken), removed(broken)], [['a'], []]);
    assert.deepEqual(inForce(broken), ['a', 'b']);
    assert.equal(broken.findings.length, 1);
    const again = set('a.yaml', pod('a', 'z') + pod('b').replace('kind: Pod\n', ''));
    assert.deepEqual(inForce(again), ['a', 'b']);
    const elsewhere = set('b.yaml', pod('b', 'z'));
    assert.deepEqual([upserted(elsewhere), elsewhere.findings.length], [['b'], 1]);
    const mended = set('a.yaml', pod('a', 'z'));
    assert.deepEqual([removed(mended), mended.findings], [[], []]);
    folder.delete('b.yaml');
    assert.deepEqual(removed(folder.deliver()), ['b']);
  });

  it('puts the first of two in force by path and position, whatever came first', () => {
    set('b.yaml', pod('a', 'late'));
    const change = set('a.yaml', pod('a', 'early') + pod('a', 'again'));
    assert.deepEqual(
      change.objects.map(({ object }) => object['spec']),
      [{ image: 'early' }],
    );
    assert.deepEqual(
      change.findings.map(({ reason, file, line }) => [reason, file, line]),
      [
        ['DuplicateObject', 'a.yaml', 7],
        ['DuplicateObject', 'b.yaml', 2],
      ],
    );
    assert.match(change.findings[1]?.message ?? '', /a\.yaml:2/);
    folder.delete('a.yaml');
    const after = folder.deliver();
    assert.deepEqual([upserted(after), removed(after), after.findings], [['a'], [], []]);
  });

  it('counts two versions of a kind as one object, and removes the old one first', () => {
    set('a.yaml', split('v1alpha2'));
    const change = set('a.yaml', split('v1alpha4'));
    assert.deepEqual(
      [upserted(change), change.removals.map(({ apiVersion }) => apiVersion)],
      [['s'], ['split.smi-spec.io/v1alpha2']],
    );
    assert.equal(set('b.yaml', split('v1alpha3')).findings[0]?.reason, 'DuplicateObject');
  });

  it('keeps Traffic apart', () => {
    const change = set(
      'a.yaml',
      `${pod('a')}---\napiVersion: heddle.dev/v1alpha1\nkind: Traffic\nmetadata: {name: t}\n`,
    );
    assert.deepEqual([upserted(change), inForce(change)], [['a'], ['a']]);
    assert.deepEqual(
      change.traffic.map(({ object }) => object.metadata.name),
      ['t'],
    );
    assert.deepEqual(removed(set('a.yaml', pod('a'))), []);
  });
});
