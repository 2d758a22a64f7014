import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { defaultSettings, type Finding, findingAt, heldObjects, type MeshModel } from '@heddle/mesh';
import { type KubeObject, refOf } from '@heddle/smi';
import { Loop, type State } from './loop.ts';
import type { Output } from './outputs/output.ts';
import type { Delivery, Source } from './sources/source.ts';

/** A source that says what a test tells it to say. */
class Scripted implements Source {
  readonly name: string;
  #deliver: ((delivery: Delivery) => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async run(signal: AbortSignal, deliver: (delivery: Delivery) => void): Promise<void> {
    this.#deliver = deliver;
    await new Promise(resolve => {
      signal.addEventListener('abort', resolve);
    });
  }

  say(objects: readonly KubeObject[], findings: readonly Finding[] = []): void {
    const upserts = objects.map(object => ({ object }));
    this.#deliver?.({
      delta: { upserts, removals: [] },
      findings,
      written: { upserts: objects.map(refOf), removals: [] },
    });
  }
}

/** An output that remembers what it published, and fails when told to. */
class Recorder implements Output {
  readonly name: string;
  readonly published: string[][] = [];
  failing = false;
  forgotten = 0;

  constructor(name: string) {
    this.name = name;
  }

  render(model: MeshModel) {
    if (this.failing) throw new Error(`${this.name} can’t`);
    return { findings: [], publish: () => this.published.push(namesOf(model)) };
  }

  forget(): void {
    this.forgotten += 1;
  }
}

const namesOf = (model: MeshModel): string[] =>
  [...model.namespaces.values()].flatMap(({ services }) => [...services.keys()]);

const serviceNamed = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ port: 80 }] },
});

function start(t: TestContext, sources: readonly Source[], outputs: readonly Output[]) {
  const ends = new AbortController();
  t.after(() => ends.abort());
  const states: State[] = [];
  const failures: string[] = [];
  let told: (() => void) | undefined;
  const loop = new Loop({
    settings: defaultSettings,
    sources,
    outputs,
    onState: state => {
      states.push(state);
      told?.();
    },
    onFailure: part => failures.push(part),
  });
  void loop.run(ends.signal);
  const passes = async (count: number) => {
    while (states.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      told = resolve;
      await promise;
    }
    return states.at(-1) as State;
  };
  return { loop, passes, failures };
}

test('what is delivered reaches every output', async t => {
  const [source, output] = [new Scripted('files'), new Recorder('envoy')];
  const { passes } = start(t, [source], [output]);
  source.say([serviceNamed('web')]);
  const state = await passes(1);
  assert.deepEqual(output.published, [['web']]);
  assert.equal(state.revision, 1);
  assert.deepEqual(
    [...heldObjects(state)].map(({ ref }) => ref.name),
    ['web'],
  );
});

test('deliveries that come together are taken in by one pass', async t => {
  const [source, output] = [new Scripted('files'), new Recorder('envoy')];
  const { passes } = start(t, [source], [output]);
  source.say([serviceNamed('web')]);
  source.say([serviceNamed('books')]);
  await passes(1);
  assert.deepEqual(output.published, [['books', 'web']]);
});

test('one source’s findings do not displace another’s', async t => {
  const [files, kube] = [new Scripted('files'), new Scripted('kubernetes')];
  const { passes } = start(t, [files, kube], []);
  const source = { object: serviceNamed('web') };
  files.say([], [findingAt('UnknownField', source, ['spec', 'a'], 'From files.')]);
  kube.say([], [findingAt('UnknownField', source, ['spec', 'b'], 'From Kubernetes.')]);
  const state = await passes(1);
  assert.deepEqual(
    state.findings().map(({ message }) => message),
    ['From files.', 'From Kubernetes.'],
  );
});

test('an output that fails leaves the others alone, is told of, and is whole again with the next delivery', async t => {
  const [source, sick, well] = [new Scripted('files'), new Recorder('sick'), new Recorder('well')];
  const { loop, passes, failures } = start(t, [source], [sick, well]);
  sick.failing = true;
  source.say([serviceNamed('web')]);
  await passes(1);
  assert.deepEqual([sick.published, well.published], [[], [['web']]]);
  assert.deepEqual(loop.failing, [{ part: 'sick', message: 'sick can’t', times: 1 }]);
  assert.deepEqual([failures, sick.forgotten], [['sick'], 1]);
  sick.failing = false;
  source.say([serviceNamed('books')]);
  await passes(2);
  assert.deepEqual(sick.published, [['books', 'web']], 'nothing of what was delivered meanwhile is lost');
  assert.deepEqual(loop.failing, []);
});

test('an output that fails is tried again although nothing new is delivered', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [source, sick] = [new Scripted('files'), new Recorder('sick')];
  const { passes } = start(t, [source], [sick]);
  sick.failing = true;
  source.say([serviceNamed('web')]);
  await passes(1);
  sick.failing = false;
  t.mock.timers.tick(1000);
  await passes(2);
  assert.deepEqual(sick.published, [['web']]);
});
