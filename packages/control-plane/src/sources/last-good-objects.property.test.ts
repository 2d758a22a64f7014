// Whoever starts from what was remembered has the same in force as whoever saw every edit, now and after further edits.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { heldObjects, ResourceStore } from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { AddressBook } from './addresses.ts';
import { inForceOf, LastGoodObjects, type RememberedFile } from './last-good-objects.ts';
import { type ManifestChange, ManifestFolder } from './manifest-folder.ts';
import { ManifestMemory } from './manifest-memory.ts';
import { readManifest } from './manifests.ts';
import { deltaBetween, MeshObjects } from './mesh-objects.ts';

/** From files to what is in force, as a controller of a local mesh does it, and what it remembers. */
class Life {
  readonly #folder = new ManifestFolder();
  readonly #objects = new MeshObjects({ addresses: new AddressBook() });
  readonly #store = new ResourceStore();
  readonly #lastGood = new LastGoodObjects();
  readonly #moved = new Map<SourceObject, SourceObject>();
  #delivered: readonly SourceObject[] = [];
  held: readonly RememberedFile[] = [];

  constructor(remembered: readonly RememberedFile[] = []) {
    for (const held of remembered) this.#folder.restore(held);
    const objects = inForceOf(remembered, this.#folder.deliver().objects);
    this.#lastGood.restore(objects);
    this.#complete(objects);
  }

  /** Takes the files as they are, and says what is in force. */
  see(files: ReadonlyMap<string, string>): unknown {
    for (const [file, text] of files) {
      const previous = this.#folder.reading(file);
      if (previous?.text !== text) this.#folder.set(readManifest(file, text, previous));
    }
    for (const file of this.#folder.files()) if (!files.has(file)) this.#folder.delete(file);
    const change = this.#folder.deliver();
    for (const source of change.moved)
      this.#moved.set(source, { object: source.object, locate: path => source.locate?.(path) });
    this.#complete(change.objects);
    this.#remember(change);
    const inForce = this.#inForce().map(({ object, locate }) => JSON.stringify([object, locate?.([])]));
    return {
      inForce: inForce.toSorted(),
      findings: [...change.findings, ...this.#store.current().findings]
        .map(finding => JSON.stringify(finding))
        .toSorted(),
    };
  }

  #complete(written: readonly SourceObject[]): void {
    const { objects } = this.#objects.complete(written.map(source => this.#moved.get(source) ?? source));
    this.#store.apply(deltaBetween(this.#delivered, objects));
    this.#delivered = objects;
  }

  #remember(change: ManifestChange): void {
    this.held = this.#lastGood.of(change, this.#objects.written(this.#inForce()));
  }

  #inForce(): SourceObject[] {
    return [...heldObjects(this.#store.current())].flatMap(({ inForce }) => inForce ?? []);
  }
}

const split = (weight: string, version = 'v1alpha2', root = 'root'): string =>
  `apiVersion: split.smi-spec.io/${version}\nkind: TrafficSplit\nmetadata: {name: s}\nspec: {service: ${root}, backends: [{service: a, weight: ${weight}}]}\n`;
const target = (sources: string): string =>
  `apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t}\nspec:\n  destination: {kind: ServiceAccount, name: d}\n  sources: ${sources}\n  rules: [{kind: TCPRoute, name: r}]\n`;
const deployment = (replicas: number, label = 'x'): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: ${replicas}\n  template: {metadata: {labels: {app: ${label}}}, spec: {containers: [{name: c, command: [x]}]}}\n`;

const documents = [
  split('1'),
  split('2'),
  split('-1'),
  split('-2', 'v1alpha2', 'other'),
  split('3', 'v1alpha4'),
  split('-3', 'v1alpha4'),
  'apiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\nmetadata: {name: s}\nspec: 7\n',
  target('[{kind: ServiceAccount, name: one}]'),
  target('[{kind: ServiceAccount, name: two}]'),
  target('[]'),
  deployment(1),
  deployment(2, 'y'),
  deployment(-1),
  'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: x}, ports: [{port: 80}]}\n',
  'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: y}, ports: [{port: 80}]}\n',
  'apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: x}}\nspec: {containers: [{name: c, command: [x]}]}\n',
  'kind: Nameless\n',
  '# a comment\n',
  'cut: [off\n',
];

const text = fc.array(fc.constantFrom(...documents), { maxLength: 4 }).map(parts => parts.join('---\n'));
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ file: fc.constantFrom('a.yaml', 'b.yaml', 'in/a.yaml'), text: fc.option(text) }),
  },
  { weight: 3, arbitrary: fc.constant('restart' as const) },
);

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-memory-'));
});
after(() => rm(directory, { recursive: true, force: true }));

let count = 0;

test('a restart changes nothing, whatever was edited before and after', async () => {
  const story = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
    count += 1;
    const place = {
      directory: join(directory, String(count)),
      onTrouble: (_: string, error: unknown) => assert.fail(String(error)),
    };
    let memory = await ManifestMemory.open(place);
    const steady = new Life();
    let restarted = new Life();
    const files = new Map<string, string>();
    for (const next of steps) {
      if (next === 'restart') {
        memory.keep(restarted.held);
        await memory.saved();
        memory = await ManifestMemory.open(place);
        restarted = new Life(memory.remembered);
      } else if (next.text === null) files.delete(next.file);
      else files.set(next.file, next.text);
      assert.deepEqual(restarted.see(files), steady.see(files));
    }
  });
  await fc.assert(story, { numRuns: 200 });
});
