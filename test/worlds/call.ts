import type { Call } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { headerPatterns, hostPatterns, methods, pathPatterns, rewrites, tricks } from './patterns.ts';
import { namespacesOf, servicesOf, type World, type WorldPort } from './world.ts';

type Header = readonly [name: string, value: string];
type Request = Omit<Call, 'from' | 'to'>;

/** Whom somebody calls, and by what a TrafficTarget may let him in. */
interface Pair {
  readonly from: Call['from'];
  readonly to: Omit<Call['to'], 'port'>;
  /** Of the route groups that it names. */
  readonly entries: readonly Entry[];
  /** Whether it opens nothing but ports as bytes. */
  readonly asBytes: boolean;
}

/** An entry of a route group, as it is written. */
interface Entry {
  readonly name: string;
  readonly pathRegex?: string;
  readonly methods?: readonly string[];
  readonly headers?: Readonly<Record<string, string>> | readonly Readonly<Record<string, string>>[];
}

/** Random calls over a world, aimed at the borders of a policy: its sources and roots, and what its entries just match. */
export function callOver(world: World, policy: readonly KubeObject[]): fc.Arbitrary<Call> {
  return pairOver(world, policy).chain(({ from, to, entries, asBytes }) =>
    portOf(world, to, asBytes).chain(({ name, number }) => {
      const request = requestOver(protocolOn(name), entries);
      return often(request, 12, tricky(request)).map(fields => ({ from, to: { ...to, port: number }, ...fields }));
    }),
  );
}

/** Mostly a port that there is, and that speaks what the rules are about. */
function portOf(world: World, to: Pair['to'], asBytes: boolean): fc.Arbitrary<Omit<WorldPort, 'target'>> {
  const inNamespace = servicesOf(world).filter(one => one.namespace === to.namespace);
  const named = inNamespace.filter(({ name }) => name === to.service);
  const ports = (named.length > 0 ? named : inNamespace).flatMap(({ called }) => called);
  const none = fc.constant({ name: 'http', number: 8080 });
  if (ports.length === 0) return none;
  const fitting = ports.filter(({ name }) => speaksBytes(name) === asBytes);
  const any = fc.constantFrom(...ports);
  return often(fitting.length === 0 ? any : often(fc.constantFrom(...fitting), 2, any), 40, none);
}

function speaksBytes(portName: string): boolean {
  return portName === 'tcp' || portName === 'mysql';
}

/** Mostly what a port of that name speaks. */
function protocolOn(portName: string): fc.Arbitrary<Call['protocol']> {
  if (portName === 'mysql') return fc.constant('tcp');
  if (portName === 'tcp') return often(fc.constant('tcp'), 6, fc.constant('http'));
  if (portName === 'data') return fc.constantFrom('http', 'tcp', 'grpc', 'http');
  return often(fc.constant('http'), 10, fc.constantFrom('grpc', 'tcp'));
}

function requestOver(protocol: fc.Arbitrary<Call['protocol']>, entries: readonly Entry[]): fc.Arbitrary<Request> {
  const any = anyRequest(protocol);
  return entries.length === 0 ? any : often(aimedRequest(protocol, entries), 3, any);
}

/** A request with a trick; those of HTTP/2 can't have most of them. */
function tricky(request: fc.Arbitrary<Request>): fc.Arbitrary<Request> {
  return fc
    .tuple(request, fc.constantFrom(...tricks))
    .map(([fields, trick]) =>
      fields.protocol === 'http' ? { ...fields, headers: [...fields.headers, ...trick] } : fields,
    );
}

/** Mostly those whom a TrafficTarget names, calling what it opens or what a split leads there; else anybody. */
function pairOver(world: World, policy: readonly KubeObject[]): fc.Arbitrary<Pair> {
  const callers = world.workloads.map(({ namespace, name }) => ({ namespace, serviceAccount: name }));
  const services = [
    ...servicesOf(world).map(({ namespace, name }) => ({ namespace, service: name })),
    ...namespacesOf(world).map(namespace => ({ namespace, service: world.logicalRoot })),
  ];
  const any = fc.record({
    from: fc.constantFrom(...callers),
    to: fc.constantFrom(...services),
    entries: fc.constant<readonly Entry[]>([]),
    asBytes: fc.boolean(),
  });
  const named = policy.flatMap(object => (object.kind === 'TrafficTarget' ? pairsOf(object, world, policy) : []));
  return named.length === 0 ? any : often(fc.constantFrom(...named), 9, any);
}

function pairsOf(target: KubeObject, world: World, policy: readonly KubeObject[]): Pair[] {
  const { destination, sources, rules } = target['spec'] as {
    destination: { name: string };
    sources: readonly { name: string; namespace?: string }[];
    rules: readonly Rule[];
  };
  const { namespace = '' } = target.metadata;
  const exists = (one: { namespace: string; name: string }) =>
    world.workloads.some(({ namespace, name }) => name === one.name && namespace === one.namespace);
  if (!exists({ namespace, name: destination.name })) return [];
  const behind = servicesOf(world).filter(
    one => one.namespace === namespace && one.workloads.includes(destination.name),
  );
  const own = behind.map(({ name }) => name);
  const splits = splitsOf(policy, namespace);
  const roots = [...splits.keys()];
  const entries = entriesOf(policy, namespace, rules);
  const asBytes = entries.length === 0 && rules.some(({ kind }) => kind === 'TCPRoute');
  return sources
    .map(source => ({ namespace: source.namespace ?? namespace, name: source.name }))
    .filter(exists)
    .flatMap(from =>
      [...own, ...roots, ...roots.map(() => destination.name)].map(service => ({
        from: { namespace: from.namespace, serviceAccount: from.name },
        to: { namespace, service },
        entries: [...entries, ...(splits.get(service) ?? [])],
        asBytes,
      })),
    );
}

/** By root, the entries that bring requests to one of its splits. */
function splitsOf(policy: readonly KubeObject[], namespace: string): Map<string, Entry[]> {
  const splits = new Map<string, Entry[]>();
  for (const { kind, metadata, spec } of policy) {
    if (kind !== 'TrafficSplit' || metadata.namespace !== namespace) continue;
    const { service = '', matches = [] } = spec as { service?: string; matches?: readonly Rule[] };
    const root = service.split('.')[0] ?? '';
    const groups = matches.map(({ name }) => ({ kind: 'HTTPRouteGroup', name }));
    splits.set(root, [...(splits.get(root) ?? []), ...entriesOf(policy, namespace, groups)]);
  }
  return splits;
}

/** A rule of a TrafficTarget, as it is written. */
interface Rule {
  readonly kind: string;
  readonly name: string;
  readonly matches?: readonly string[];
}

function entriesOf(policy: readonly KubeObject[], namespace: string, rules: readonly Rule[]): Entry[] {
  return rules.flatMap(({ name, matches = [] }) =>
    policy
      .filter(
        ({ kind, metadata }) => kind === 'HTTPRouteGroup' && metadata.namespace === namespace && metadata.name === name,
      )
      .flatMap(({ spec }) => (spec as { matches: Entry[] }).matches)
      .filter(entry => matches.length === 0 || matches.includes(entry.name)),
  );
}

/** What one entry matches, or just doesn't. */
function aimedRequest(protocol: fc.Arbitrary<Call['protocol']>, entries: readonly Entry[]): fc.Arbitrary<Request> {
  return fc.constantFrom(...entries).chain(entry => {
    const { pathRegex, methods: listed = [], headers = [] } = entry;
    const paths = pathPatterns.filter(({ pattern }) => pattern === pathRegex);
    const conditions = (Array.isArray(headers) ? headers : [headers]).flatMap(map => Object.entries<string>(map));
    const wanted = listed.filter(method => method !== '*');
    return fc.record({
      protocol,
      method: wanted.length === 0 ? anyMethod : often(fc.constantFrom(...wanted), 4, anyMethod),
      path: pathNear(paths.length === 0 ? pathPatterns : paths),
      headers: conditions.length === 0 ? anyHeaders : often(headersFor(conditions), 4, anyHeaders),
    });
  });
}

function headersFor(conditions: readonly Header[]): fc.Arbitrary<Header[]> {
  const all = [...headerPatterns, ...hostPatterns];
  const one = ([name, pattern]: Header) => {
    const near = all.find(candidate => candidate.pattern === pattern)?.near ?? [''];
    return mostlyFirst(near).map((value): Header => [name.toLowerCase() === 'host' ? 'Host' : name, value]);
  };
  const hosts = conditions.filter(([name]) => name === 'host').slice(0, 1);
  const others = conditions.filter(([name]) => name !== 'host');
  const again = fc.constantFrom(...(others.length === 0 ? conditions : others)).chain(one);
  const repeated = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(again) });
  return fc.tuple(fc.tuple(...[...hosts, ...others].map(one)), repeated).map(lists => lists.flat());
}

const anyMethod = fc.constantFrom('GET', ...methods);

function pathNear(patterns: typeof pathPatterns): fc.Arbitrary<string> {
  const near = fc.constantFrom(...patterns).chain(pattern => mostlyFirst(pattern.near));
  const rewritten = fc.tuple(near, fc.constantFrom(...rewrites)).map(([path, rewrite]) => rewrite(path));
  return often(often(near, 2, rewritten), 15, fc.oneof(fc.constant('*'), oddPath));
}

/** Any mixture of what paths are made of and what is done to them. */
export const oddPath: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      '/',
      '/',
      '.',
      '..',
      '%2e',
      ';',
      '\\',
      '%',
      '2',
      '5',
      'e',
      '%65',
      '%32',
      'a',
      '%7c',
      '|',
      '%41',
      '?',
    ),
    { maxLength: 9 },
  )
  .map(parts => `/${parts.join('')}`);

const plainHeader = fc.tuple(
  fc.constantFrom('X-Team', 'x-team', 'x-TIER', 'X-Other'),
  fc.constantFrom(...headerPatterns).chain(({ near }) => fc.constantFrom(...near)),
);
const hostHeader = fc
  .constantFrom(...hostPatterns)
  .chain(({ near }) => fc.constantFrom(...near))
  .chain(authority => fc.constantFrom('Host', 'Host', 'hOsT').map((name): Header => [name, authority]));

const anyHeaders: fc.Arbitrary<Header[]> = fc
  .tuple(
    fc.oneof(
      { weight: 12, arbitrary: fc.constant<Header[]>([]) },
      { weight: 8, arbitrary: fc.tuple(hostHeader) },
      { weight: 1, arbitrary: fc.tuple(hostHeader, hostHeader) },
    ),
    fc.array(plainHeader, { maxLength: 3 }),
  )
  .map(([hosts, others]) => [...hosts, ...others]);

function anyRequest(protocol: fc.Arbitrary<Call['protocol']>): fc.Arbitrary<Request> {
  return fc.record({ protocol, method: anyMethod, path: pathNear(pathPatterns), headers: anyHeaders });
}

/** The first one, which is the plain one, as often as all others. */
function mostlyFirst(values: readonly string[]): fc.Arbitrary<string> {
  const [first = '', ...others] = values;
  return others.length === 0 ? fc.constant(first) : fc.oneof(fc.constant(first), fc.constantFrom(...others));
}

/** One thing `weight` times as often as another. */
function often<A, B>(usual: fc.Arbitrary<A>, weight: number, rare: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });
}
