// What must hold for every cluster: order plays no part, strangers play no part, targets only ever open, and a pass over
// what changed makes what a pass over everything makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Call,
  configurationOf,
  configurations,
  createCompiler,
  createEnvoyRenderer,
  DependsOnPod,
  decide,
  type EnvoyOutput,
  type MeshModel,
  type ResourceSet,
  ResourceStore,
} from '@heddle/mesh';
import { convert, groupOf, type KubeObject, kindOf, refOf, type SourceObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { viewFindings } from './scenarios/view-findings.ts';
import { viewModel } from './scenarios/view-model.ts';
import { callOver } from './worlds/call.ts';
import { completedSources, type MadeMesh, meshOf, testTarget } from './worlds/mesh-of.ts';
import { policyOver, targetSpec } from './worlds/policy.ts';
import { fixedWorld, namespacesOf, objectsOf } from './worlds/world.ts';

const world = objectsOf(fixedWorld);

test('the order of objects changes no byte of any output (T1, S11)', () => {
  const shuffled = policyOver(fixedWorld).chain(policy => {
    const objects = [...world, ...policy];
    return fc.tuple(fc.constant(objects), fc.shuffledSubarray(objects, { minLength: objects.length }));
  });
  fc.assert(
    fc.property(shuffled, ([objects, others]) => assert.equal(bytesOf(meshOf(others)), bytesOf(meshOf(objects)))),
    { numRuns: 60 },
  );
});

test('an unrelated object changes no resource of the others', () => {
  const strangers: KubeObject[] = objectsOf({
    workloads: [{ namespace: 'elsewhere', name: 'stranger', ports: [{ name: 'http', number: 80, target: 80 }] }],
    shared: [],
    logicalRoot: 'front',
  });
  // The mesh may have a mode in which everybody reaches everything.
  strangers.push({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'elsewhere', annotations: { 'heddle.dev/policy': 'enforce' } },
  });
  const inOwnNamespace: KubeObject = {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name: 'nobody-names-it', namespace: 'stock' },
    spec: { matches: [{ name: 'one', pathRegex: '/books' }] },
  };
  fc.assert(
    fc.property(policyOver(fixedWorld), policy => {
      const before = meshOf([...world, ...policy]);
      const after = meshOf([...world, ...policy, ...strangers, inOwnNamespace]);
      for (const key of before.sidecars.keys()) {
        assert.deepEqual(resourcesOf(after.sidecars, key), resourcesOf(before.sidecars, key), key);
      }
    }),
    { numRuns: 60 },
  );
});

test('adding a TrafficTarget never denies what was allowed (T1)', () => {
  const added = policyOver(fixedWorld).chain(policy =>
    fc.tuple(
      fc.constant(policy),
      fc.constantFrom(...namespacesOf(fixedWorld)).chain(namespace =>
        targetSpec(fixedWorld, namespace).map(
          (spec): KubeObject => ({
            apiVersion: 'access.smi-spec.io/v1alpha4',
            kind: 'TrafficTarget',
            metadata: { name: 'added', namespace },
            spec,
          }),
        ),
      ),
      fc.array(callOver(fixedWorld, policy), { minLength: 30, maxLength: 30 }),
    ),
  );
  fc.assert(
    fc.property(added, ([policy, target, calls]) => {
      const before = meshOf([...world, ...policy]).model;
      const after = meshOf([...world, ...policy, target]).model;
      for (const call of calls) if (allows(before, call)) assert.ok(allows(after, call), JSON.stringify(call));
    }),
    { numRuns: 80 },
  );
});

test('the version that an object is written in changes nothing of what is made of it (V1, V2, V3, V4)', () => {
  const rewritten = policyOver(fixedWorld).chain(policy =>
    fc
      .array(fc.constantFrom('v1alpha1', 'v1alpha2', 'v1alpha3'), {
        minLength: policy.length,
        maxLength: policy.length,
      })
      .map(versions => [policy, policy.map((object, index) => inVersion(object, versions[index] ?? ''))] as const),
  );
  fc.assert(
    fc.property(rewritten, ([policy, others]) => {
      sameSidecars(meshOf([...world, ...others]).sidecars, meshOf([...world, ...policy]).sidecars);
    }),
    { numRuns: 40 },
  );
});

test('a pass over what changed makes what a pass over everything makes, and keeps the rest', () => {
  const drawn = fc.tuple(policyOver(fixedWorld), policyOver(fixedWorld), fc.infiniteStream(fc.nat()));
  fc.assert(
    fc.property(drawn, ([first, second, random]) => checkHistory(historyOf(first, second, random))),
    { numRuns: 15 },
  );
});

function checkHistory(history: ReturnType<typeof historyOf>): void {
  const store = new ResourceStore();
  const compile = createCompiler();
  const render = createEnvoyRenderer();
  let previous: MeshModel | undefined;
  for (const delta of history) {
    const set = store.apply(delta);
    const model = compile(set);
    const fresh = createCompiler()(set);
    assert.deepEqual(plain(model), plain(fresh));
    const { sidecars } = render(model, testTarget).output;
    sameSidecars(sidecars, createEnvoyRenderer()(fresh, testTarget).output.sidecars);
    const touched = [...delta.removals, ...delta.upserts.map(({ object }) => refOf(object))];
    const concerned = withThoseWhoName(
      touched.map(({ namespace }) => namespace),
      set,
    );
    if (previous !== undefined) keepsTheRest(previous, model, concerned);
    previous = model;
  }
}

/** Whose TrafficTargets name an IdentityBinding of a namespace is concerned by what happens to its pods and bindings (T11). */
function withThoseWhoName(touched: readonly string[], { namespaces }: ResourceSet): Set<string> {
  const concerned = new Set(touched);
  for (const [name, { trafficTargets }] of namespaces) {
    const sources = [...trafficTargets.values()].flatMap(({ value }) => value.spec.sources);
    const bindings = sources.filter(({ kind }) => kind === 'IdentityBinding');
    if (bindings.some(({ namespace = name }) => touched.includes(namespace))) concerned.add(name);
  }
  return concerned;
}

const policyOf = (objects: readonly SourceObject[]) =>
  objects.filter(({ object }) => object.apiVersion.includes('smi-spec') || object.kind === 'AssignedAddress');
const key = ({ object }: SourceObject) => JSON.stringify(refOf(object));

/** The change from one policy to another one, object by object in some order, a pod now and then gone and back. */
function historyOf(first: readonly KubeObject[], second: readonly KubeObject[], random: Iterator<number>) {
  const draw = (most: number) => (random.next().value ?? 0) % most;
  const start = completedSources([...world, ...first].map(object => ({ object }))).objects;
  const end = completedSources([...world, ...second].map(object => ({ object }))).objects;
  const kept = new Set(policyOf(end).map(key));
  const steps = [
    ...policyOf(start)
      .filter(source => !kept.has(key(source)))
      .map(({ object }) => ({ upserts: [], removals: [refOf(object)] })),
    ...policyOf(end).map(source => ({ upserts: [source], removals: [] })),
  ];
  const ordered: (typeof steps)[number][] = [];
  while (steps.length > 0) ordered.push(...steps.splice(draw(steps.length), 1));
  const pods = start.filter(({ object }) => object.kind === 'Pod');
  const gone = pods[draw(pods.length)];
  if (gone !== undefined) {
    const place = draw(ordered.length + 1);
    ordered.splice(place, 0, { upserts: [], removals: [refOf(gone.object)] });
    ordered.splice(place + 1 + draw(ordered.length - place), 0, { upserts: [gone], removals: [] });
  }
  return [{ upserts: start, removals: [] }, ...ordered, { upserts: end, removals: [] }];
}

/** What other namespaces hold is the same objects, but for workloads that reach something else: everything downstream relies on it. */
function keepsTheRest(before: MeshModel, after: MeshModel, touched: ReadonlySet<string>): void {
  for (const [name, namespace] of after.namespaces) {
    const old = before.namespaces.get(name);
    if (touched.has(name) || old === undefined) continue;
    assert.equal(namespace.services, old.services, `Services of ${name}`);
    for (const [key, workload] of namespace.workloads) {
      const known = old.workloads.get(key);
      assert.equal(workload.ports, known?.ports, `ports of ${name}/${key}`);
      assert.equal(workload.pods, known?.pods, `pods of ${name}/${key}`);
      if (workload.reaches.join() === known?.reaches.join()) assert.equal(workload.reaches, known.reaches);
    }
  }
}

function allows(model: MeshModel, call: Call): boolean {
  try {
    return decide(model, call).allowed;
  } catch (error) {
    if (error instanceof DependsOnPod) return false;
    throw error;
  }
}

/** The same object in another version of its group, if it has that one. */
function inVersion(object: KubeObject, version: string): KubeObject {
  const isKept = kindOf(object.apiVersion, object.kind)?.versions.includes(version);
  if (isKept !== true) return object;
  const converted = convert(object, `${groupOf(object.apiVersion)}/${version}`);
  assert.ok(converted.object, JSON.stringify(converted.violations));
  return converted.object;
}

function bytesOf({ model, findings, sidecars }: MadeMesh): string {
  return JSON.stringify([viewModel(model), viewFindings(findings), bytesOfSidecars(sidecars)]);
}

function bytesOfSidecars(sidecars: EnvoyOutput['sidecars']): string {
  return JSON.stringify(keysOf(sidecars).map(key => [key, [...resourcesOf(sidecars, key)]]));
}

function keysOf(sidecars: EnvoyOutput['sidecars']): string[] {
  return Array.from(configurations({ sidecars }), ([key]) => key).toSorted();
}

function resourcesOf(sidecars: EnvoyOutput['sidecars'], key: string): Map<string, string> {
  const resources = configurationOf({ sidecars }, key)?.groups.flatMap(group => group.resources) ?? [];
  return new Map(resources.map(({ typeUrl, name, value }) => [`${typeUrl} ${name}`, JSON.stringify(value)]));
}

function sameSidecars(seen: EnvoyOutput['sidecars'], expected: EnvoyOutput['sidecars']): void {
  assert.deepEqual(keysOf(seen), keysOf(expected));
  for (const key of keysOf(expected)) assert.deepEqual(resourcesOf(seen, key), resourcesOf(expected, key), key);
}

/** A model as plain data; compiled patterns as their text. */
function plain(model: MeshModel): unknown {
  return JSON.parse(
    JSON.stringify(model, (_, value: unknown) =>
      value instanceof Map ? [...value] : value instanceof Set ? [...value].toSorted(byText) : value,
    ),
  );
}

function byText(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}
