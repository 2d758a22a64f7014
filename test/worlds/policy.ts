import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { modesOver } from './modes.ts';
import { headerNames, headerPatterns, hostPatterns, methodLists, oddHeaderNames, pathPatterns } from './patterns.ts';
import { bindingNames, bindingsOf, profilesOver } from './profiles.ts';
import { namespacesOf, servicesOf, type World } from './world.ts';

const entryNames = ['one', 'two', 'three'] as const;
const groupNames = ['alpha', 'beta', 'gamma'] as const;
const tcpNames = ['port', 'wide'] as const;
/** No world has an object of this name. */
const missing = 'missing';

/**
 * Random policy over a world: TrafficTargets, bindings, route groups, TCP routes, splits and profiles, with the mistakes that
 * people make, and the modes of the mesh and its namespaces.
 */
export function policyOver(world: World): fc.Arbitrary<KubeObject[]> {
  const perNamespace = namespacesOf(world).map(namespace => policyOf(world, namespace));
  return fc.tuple(modesOver(world), profilesOver(world), ...perNamespace).map(lists => lists.flat());
}

function policyOf(world: World, namespace: string): fc.Arbitrary<KubeObject[]> {
  return fc
    .tuple(
      fc
        .uniqueArray(fc.constantFrom(...groupNames), { minLength: 2, maxLength: 3 })
        .chain(names => fc.tuple(...names.map(name => routeGroup(namespace, name)))),
      fc
        .subarray([...tcpNames], { minLength: 1 })
        .chain(names => fc.tuple(...names.map(name => tcpRoute(namespace, name)))),
      fc.array(targetSpec(world, namespace), { minLength: 1, maxLength: 5 }),
      fc.array(splitSpec(world, namespace), { minLength: 1, maxLength: 4 }),
      bindingsOf(world, namespace),
    )
    .map(([groups, routes, targets, splits, bindings]) => [
      ...groups,
      ...routes,
      ...bindings,
      ...targets.map((spec, index) =>
        object('access.smi-spec.io', 'TrafficTarget', namespace, `target-${index}`, spec),
      ),
      ...splits.map((spec, index) => ({
        ...object('split.smi-spec.io', 'TrafficSplit', namespace, `split-${index}`, spec.spec),
        metadata: { name: `split-${index}`, namespace, ...spec.age },
      })),
    ]);
}

// oxlint-disable-next-line max-params -- the parts of an object, in the order that they are written
function object(group: string, kind: string, namespace: string, name: string, spec: object): KubeObject {
  return { apiVersion: `${group}/v1alpha4`, kind, metadata: { name, namespace }, spec };
}

/** One TrafficTarget of a namespace, as `spec`: for adding to a policy. */
export function targetSpec(world: World, namespace: string): fc.Arbitrary<object> {
  const own = world.workloads.filter(workload => workload.namespace === namespace).map(({ name }) => name);
  const source = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .constantFrom(...world.workloads)
        .map(workload => ({ kind: 'ServiceAccount', name: workload.name, namespace: workload.namespace })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'ServiceAccount', name: own[0] ?? '' }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'IdentityBinding', name: 'anybody' }) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...bindingNames), fc.constantFrom(...namespacesOf(world)))
        .map(([name, itsNamespace]) => ({ kind: 'IdentityBinding', name, namespace: itsNamespace })),
    },
  );
  const rule = fc.oneof(
    { weight: 30, arbitrary: httpRule },
    {
      weight: 8,
      arbitrary: fc
        .constantFrom(...tcpNames, ...tcpNames, ...tcpNames, missing)
        .map(name => ({ kind: 'TCPRoute', name })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'GrpcRoute', name: 'unknown' }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'UDPRoute', name: missing }) },
  );
  return fc.record({
    destination: fc
      .tuple(
        fc.oneof(
          many(fc.constantFrom(...own, ...own, ...own, missing).map(name => ({ kind: 'ServiceAccount', name }))),
          few(fc.constantFrom(...bindingNames).map(name => ({ kind: 'IdentityBinding', name }))),
        ),
        boundOf(world),
      )
      .map(([named, bound]) => ({ ...named, ...bound })),
    sources: fc.oneof(many(fc.array(source, { minLength: 1, maxLength: 4 })), few(fc.constant([]))),
    rules: fc.oneof(many(fc.array(rule, { minLength: 1, maxLength: 3 })), few(fc.constant([]))),
  });
}

/** A bound on the port, now and then. */
function boundOf(world: World): fc.Arbitrary<{ port?: number }> {
  const targets = world.workloads.flatMap(({ ports }) => ports.map(({ target }) => target));
  const port = fc.constantFrom(...new Set(targets)).map(port => ({ port }));
  return fc.oneof(many(fc.constant({})), few(port));
}

/** What is usual. */
function many<Value>(arbitrary: fc.Arbitrary<Value>) {
  return { weight: 9, arbitrary };
}

/** What happens now and then. */
function few<Value>(arbitrary: fc.Arbitrary<Value>) {
  return { weight: 1, arbitrary };
}

const httpRule = fc
  .tuple(
    fc.constantFrom(...groupNames, ...groupNames, ...groupNames, missing),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.array(fc.constantFrom(...entryNames, ...entryNames, missing), { maxLength: 2 }),
      },
    ),
  )
  .map(([name, matches]) => ({ kind: 'HTTPRouteGroup', name, ...(matches !== undefined && { matches }) }));

function routeGroup(namespace: string, name: string): fc.Arbitrary<KubeObject> {
  return fc
    .uniqueArray(fc.constantFrom(...entryNames), { minLength: 1, maxLength: 3 })
    .chain(names => fc.tuple(...names.map(routeEntry)))
    .map(matches => object('specs.smi-spec.io', 'HTTPRouteGroup', namespace, name, { matches }));
}

function routeEntry(name: string): fc.Arbitrary<object> {
  const headers = fc.array(
    fc.oneof(
      fc
        .tuple(
          fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...headerNames) }, few(fc.constantFrom(...oddHeaderNames))),
          fc.constantFrom(...headerPatterns),
        )
        .map(([header, { pattern }]) => ({ [header]: pattern })),
      fc.constantFrom(...hostPatterns).map(({ pattern }) => ({ host: pattern })),
    ),
    { minLength: 1, maxLength: 2 },
  );
  return fc
    .record(
      {
        pathRegex: fc.constantFrom(...pathPatterns).map(({ pattern }) => pattern),
        methods: fc.constantFrom(...methodLists),
        headers: fc.oneof(
          headers,
          headers.map(list => Object.assign({}, ...list) as object),
        ),
      },
      { requiredKeys: [] },
    )
    .map(fields => ({ name, ...fields }));
}

function tcpRoute(namespace: string, name: string): fc.Arbitrary<KubeObject> {
  return fc
    .constantFrom(undefined, [8080], [80, 9090], [9000], [7000, 3306])
    .map(ports => (ports === undefined ? {} : { matches: { name: 'ports', ports } }))
    .map(spec => object('specs.smi-spec.io', 'TCPRoute', namespace, name, spec));
}

function splitSpec(
  world: World,
  namespace: string,
): fc.Arbitrary<{ spec: object; age: { creationTimestamp?: string } }> {
  const own = servicesOf(world).flatMap(service => (service.namespace === namespace ? service.name : []));
  const root = fc.constantFrom(
    ...own,
    ...own,
    ...own,
    world.logicalRoot,
    world.logicalRoot,
    `${own[0] ?? ''}.${namespace}`,
    `${own[0] ?? ''}.${namespace}.svc.cluster.local.`,
    'cart.elsewhere',
    'example.com.',
  );
  const backend = fc.record({
    service: fc.constantFrom(...own, ...own, ...own, missing),
    weight: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(1, 3, 10, 50, 90, 100) },
      { weight: 1, arbitrary: fc.constantFrom(0, 4_294_967_295, Number.MAX_SAFE_INTEGER) },
    ),
  });
  const group = fc.constantFrom(...groupNames, missing).map(name => ({ kind: 'HTTPRouteGroup', name }));
  const matches = fc.oneof(fc.constant([]), fc.array(group, { minLength: 1, maxLength: 2 }));
  return fc.record({
    spec: fc
      .record({ service: root, backends: fc.array(backend, { minLength: 1, maxLength: 4 }), matches })
      .map(({ matches: list, ...spec }) => (list.length === 0 ? spec : { ...spec, matches: list })),
    age: fc.constantFrom(
      {},
      { creationTimestamp: '2026-01-01T00:00:00Z' },
      { creationTimestamp: '2026-02-01T00:00:00Z' },
    ),
  });
}
