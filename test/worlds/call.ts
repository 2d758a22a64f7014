import type { Call } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { headerPatterns, hostPatterns, methods, pathPatterns, rewrites } from './patterns.ts';
import { namespacesOf, type World } from './world.ts';

type Header = readonly [name: string, value: string];
type Request = Omit<Call, 'from' | 'to'>;

/** Whom somebody calls, and the route entries by which a TrafficTarget may let him. */
interface Pair {
  readonly from: Call['from'];
  readonly to: Omit<Call['to'], 'port'>;
  readonly entries: readonly Entry[];
}

/** An entry of a route group, as it is written. */
interface Entry {
  readonly pathRegex?: string;
  readonly methods?: readonly string[];
  readonly headers?: Readonly<Record<string, string>> | readonly Readonly<Record<string, string>>[];
}

/** Random calls over a world, aimed at the borders of a policy: its sources and roots, and what its entries just match. */
export function callOver(world: World, policy: readonly KubeObject[]): fc.Arbitrary<Call> {
  const port = often(fc.constant(world.servicePort), 40, fc.constant(8080));
  return pairOver(world, policy).chain(({ from, to, entries }) =>
    fc
      .tuple(entries.length === 0 ? anyRequest : often(aimedRequest(entries), 3, anyRequest), port)
      .map(([request, number]) => ({ from, to: { ...to, port: number }, ...request })),
  );
}

/** Mostly those whom a TrafficTarget names, calling what it opens or what a split leads there; else anybody. */
function pairOver(world: World, policy: readonly KubeObject[]): fc.Arbitrary<Pair> {
  const callers = world.workloads.map(({ namespace, name }) => ({ namespace, serviceAccount: name }));
  const services = [
    ...world.workloads.map(({ namespace, name }) => ({ namespace, service: name })),
    ...namespacesOf(world).map(namespace => ({ namespace, service: world.logicalRoot })),
  ];
  const any = fc.record({
    from: fc.constantFrom(...callers),
    to: fc.constantFrom(...services),
    entries: fc.constant<readonly Entry[]>([]),
  });
  const named = policy.flatMap(object => (object.kind === 'TrafficTarget' ? pairsOf(object, world, policy) : []));
  return named.length === 0 ? any : often(fc.constantFrom(...named), 9, any);
}

function pairsOf(target: KubeObject, world: World, policy: readonly KubeObject[]): Pair[] {
  const { destination, sources, rules } = target['spec'] as {
    destination: { name: string };
    sources: readonly { name: string; namespace?: string }[];
    rules: readonly { name: string }[];
  };
  const { namespace = '' } = target.metadata;
  const exists = (one: { namespace: string; name: string }) =>
    world.workloads.some(({ namespace, name }) => name === one.name && namespace === one.namespace);
  if (!exists({ namespace, name: destination.name })) return [];
  const split = rootsOf(policy, namespace);
  const entries = entriesOf(policy, namespace, rules);
  return sources
    .map(source => ({ namespace: source.namespace ?? namespace, name: source.name }))
    .filter(exists)
    .flatMap(from =>
      [destination.name, ...split.map(() => destination.name), ...split].map(service => ({
        from: { namespace: from.namespace, serviceAccount: from.name },
        to: { namespace, service },
        entries,
      })),
    );
}

function rootsOf(policy: readonly KubeObject[], namespace: string): string[] {
  return policy.flatMap(({ kind, metadata, spec }) => {
    const { service = '' } = spec as { service?: string };
    return kind === 'TrafficSplit' && metadata.namespace === namespace ? [service.split('.')[0] ?? ''] : [];
  });
}

function entriesOf(policy: readonly KubeObject[], namespace: string, rules: readonly { name: string }[]): Entry[] {
  return policy.flatMap(({ kind, metadata, spec }) => {
    const named = kind === 'HTTPRouteGroup' && metadata.namespace === namespace;
    return named && rules.some(rule => rule.name === metadata.name) ? (spec as { matches: Entry[] }).matches : [];
  });
}

/** What one entry matches, or just doesn't. */
function aimedRequest(entries: readonly Entry[]): fc.Arbitrary<Request> {
  return fc.constantFrom(...entries).chain(entry => {
    const { pathRegex, methods: listed = [], headers = [] } = entry;
    const paths = pathPatterns.filter(({ pattern }) => pattern === pathRegex);
    const conditions = (Array.isArray(headers) ? headers : [headers]).flatMap(map => Object.entries<string>(map));
    const wanted = listed.filter(method => method !== '*');
    return fc.record({
      protocol: protocols,
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
    return fc.constantFrom(...near).map((value): Header => [name.toLowerCase() === 'host' ? 'Host' : name, value]);
  };
  const hosts = conditions.filter(([name]) => name === 'host').slice(0, 1);
  const others = conditions.filter(([name]) => name !== 'host');
  return fc.tuple(...[...hosts, ...others].map(one));
}

const protocols = often(fc.constant<Call['protocol']>('http'), 10, fc.constantFrom<Call['protocol']>('grpc', 'tcp'));
const anyMethod = fc.constantFrom('GET', ...methods);

function pathNear(patterns: typeof pathPatterns): fc.Arbitrary<string> {
  const near = fc.constantFrom(...patterns).chain(pattern => fc.constantFrom(...pattern.near));
  const rewritten = fc.tuple(near, fc.constantFrom(...rewrites)).map(([path, rewrite]) => rewrite(path));
  return often(often(near, 1, rewritten), 15, fc.oneof(fc.constant('*'), oddPath));
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
  fc.constantFrom('X-Team', 'x-team', 'x-tier', 'X-Other'),
  fc.constantFrom(...headerPatterns).chain(({ near }) => fc.constantFrom(...near)),
);
const hostHeader = fc
  .constantFrom(...hostPatterns)
  .chain(({ near }) => fc.constantFrom(...near))
  .map((authority): Header => ['Host', authority]);

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

const anyRequest: fc.Arbitrary<Request> = fc.record({
  protocol: protocols,
  method: anyMethod,
  path: pathNear(pathPatterns),
  headers: anyHeaders,
});

/** One thing `weight` times as often as another. */
function often<A, B>(usual: fc.Arbitrary<A>, weight: number, rare: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });
}
