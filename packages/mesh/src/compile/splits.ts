import type { TrafficSplit } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import { type Origin, originOf } from '../model/origin.ts';
import type { OutboundPolicy, OutboundRoute, Protocol, WeightedBackend } from '../model/service.ts';
import { readServiceName } from '../model/service-name.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import { entriesOf } from './route-groups.ts';
import { reduceWeights } from './weights.ts';

type Split = Resource<TrafficSplit>;

/** One port of a root, as its splits see it. */
export interface RootPort {
  readonly key: string;
  readonly number: number;
  readonly protocol: Protocol;
  /** Whether there is a Service of that name with that port, which can serve by itself. */
  readonly own: boolean;
}

/** The splits of a namespace by the name of their root, each list in the order of S11; what is refused is left out. */
export function splitsByRoot(
  namespace: string,
  splits: NamespaceResources['trafficSplits'],
  clusterDomain: string,
): { roots: ReadonlyMap<string, readonly Split[]>; findings: readonly Finding[] } {
  const roots = new Map<string, Split[]>();
  const findings: Finding[] = [];
  for (const split of splits.values()) {
    const root = readServiceName(split.value.spec.service, namespace, clusterDomain);
    if (root.kind === 'external') {
      findings.push(
        findingAt(
          'Unsupported',
          split.source,
          ['spec', 'service'],
          `${root.host} is not a Service of this cluster; the split applies to no call inside the mesh. Name a Service of ${namespace}.`,
        ),
      );
    } else if (root.namespace !== namespace) {
      findings.push(
        findingAt(
          'NamespaceMismatch',
          split.source,
          ['spec', 'service'],
          `A TrafficSplit speaks only for Services of its own namespace ${namespace}; move it to ${root.namespace}.`,
        ),
      );
    } else {
      const list = roots.get(root.name);
      if (list === undefined) roots.set(root.name, [split]);
      else list.push(split);
    }
  }
  for (const list of roots.values()) list.sort(olderFirst);
  return { roots, findings };
}

/** How clients share the requests of one port of a root: splits with matches first, then one without, then the root (S11). */
export function outboundPolicy(
  port: RootPort,
  splits: readonly Split[],
  resources: NamespaceResources,
): { policy: OutboundPolicy; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const withMatches = splits.filter(split => (split.value.spec.matches ?? []).length > 0);
  const [inForce, ...shadowed] = splits.filter(split => !withMatches.includes(split));
  const routes: OutboundRoute[] = [];
  for (const split of withMatches) {
    if (port.protocol === 'tcp') {
      findings.push(
        findingAt(
          'MatchesOnTcpPort',
          split.source,
          ['spec', 'matches'],
          `Port ${port.number} of ${port.key} does not speak HTTP, so this split has no effect on it.`,
        ),
      );
      continue;
    }
    const route = routeOf(port, split, resources, findings);
    for (const match of matchesOf(split, resources, findings)) routes.push({ ...route, match });
  }
  const ranked = routes
    .map((route, position) => ({ route, position }))
    .toSorted((a, b) => rank(a.route, b.route) || a.position - b.position)
    .map(({ route }) => route);
  if (inForce !== undefined) ranked.push(routeOf(port, inForce, resources, findings));
  else ranked.push(ownRoute(port, { default: port.own ? 'OwnEndpoints' : 'NoEndpoints' }));
  for (const split of shadowed) {
    findings.push(
      findingAt(
        'ConflictingSplit',
        split.source,
        ['spec', 'service'],
        `${inForce?.ref.name} already splits ${port.key} and is older; merge the two or delete one.`,
      ),
    );
  }
  return { policy: { routes: ranked }, findings };
}

function routeOf(port: RootPort, split: Split, resources: NamespaceResources, findings: Finding[]): OutboundRoute {
  const origin = originOf(split.source, ['spec', 'backends']);
  const { backends } = split.value.spec;
  if (backends.length > 0 && backends.every(backend => backend.weight === 0)) {
    findings.push(
      findingAt(
        'AllWeightsZero',
        split.source,
        ['spec', 'backends'],
        `Every weight is zero, so requests to ${port.key} get 503; give a backend a weight.`,
      ),
    );
    return { backends: [], origin };
  }
  const weights = new Map<string, number>();
  for (const [index, { service, weight }] of backends.entries()) {
    const { key, finding } = readBackend(port, { split, index }, resources);
    if (finding !== undefined) findings.push(finding);
    if (key === undefined) continue;
    if (weights.has(key)) {
      findings.push(
        findingAt(
          'DuplicateBackend',
          split.source,
          ['spec', 'backends', index],
          `${service} is named twice; the weights add up. Merge the two.`,
        ),
      );
    }
    weights.set(key, (weights.get(key) ?? 0) + weight);
  }
  if (![...weights.values()].some(weight => weight > 0)) {
    const rest = port.own ? `${port.key} itself serves` : 'requests get 503';
    findings.push(
      findingAt(
        'NoMatchingBackends',
        split.source,
        ['spec', 'backends'],
        `no matching backends on port ${port.number}: ${rest}. Create the Services that the split names, with that port.`,
      ),
    );
    return ownRoute(port, origin);
  }
  const reduced = reduceWeights([...weights.values()]);
  if (reduced.scaled)
    findings.push(
      findingAt(
        'WeightsScaled',
        split.source,
        ['spec', 'backends'],
        'The weights are too large and were scaled; write smaller ones.',
      ),
    );
  const shares = [...weights.keys()].map(
    (service, index): WeightedBackend => ({ service, port: port.number, weight: reduced.weights[index] ?? 0 }),
  );
  return { backends: shares, origin };
}

interface BackendAt {
  readonly split: Split;
  readonly index: number;
}

interface BackendReading {
  /** The key of the Service, when it can serve the port. */
  readonly key?: string;
  readonly finding?: Finding;
}

/** Reads one backend of a split for a port: its key when it can serve there, and what is to be said of it (S5, S6, S8). */
function readBackend(port: RootPort, { split, index }: BackendAt, resources: NamespaceResources): BackendReading {
  const path = ['spec', 'backends', index, 'service'];
  const written = split.value.spec.backends[index]?.service ?? '';
  const { namespace } = split.ref;
  const name = written.toLowerCase().replace(/\.$/, '');
  const [short = '', ns = namespace] = name.split('.');
  const service = ns === namespace ? resources.services.get(short) : undefined;
  const say = (reason: 'BackendNotFound' | 'BackendPortMismatch' | 'SelfReferentialBackend', message: string) =>
    findingAt(reason, split.source, path, message);
  if (service === undefined) {
    const message = `There is no Service ${written} in ${namespace}; its share goes to the other backends. Create it or mend the name.`;
    return { finding: say('BackendNotFound', message) };
  }
  if (!service.value.ports.some(candidate => candidate.number === port.number && candidate.transport === 'TCP')) {
    const message = `Service ${short} has no port ${port.number}, which ${port.key} has; it is left out there. Give it that port.`;
    return { finding: say('BackendPortMismatch', message) };
  }
  const key = `${namespace}/${short}`;
  if (key !== port.key) return { key };
  const message = `${short} is the root itself: this share goes to its own endpoints.`;
  return { key, finding: say('SelfReferentialBackend', message) };
}

function ownRoute(port: RootPort, origin: Origin): OutboundRoute {
  return { backends: port.own ? [{ service: port.key, port: port.number, weight: 1 }] : [], origin };
}

/** All entries of all groups that a split names are OR-ed; a missing group matches nothing (S10). */
function matchesOf(split: Split, resources: NamespaceResources, findings: Finding[]): HttpRouteMatch[] {
  return (split.value.spec.matches ?? []).flatMap(({ kind, name }, index) => {
    if (kind !== 'HTTPRouteGroup') return [];
    const group = resources.routeGroups.get(name);
    if (group !== undefined) return entriesOf(group);
    findings.push(
      findingAt(
        'RouteGroupNotFound',
        split.source,
        ['spec', 'matches', index, 'name'],
        `There is no HTTPRouteGroup ${name} in ${split.ref.namespace}; it matches nothing. Create it or mend the name.`,
      ),
    );
    return [];
  });
}

/** Rank of S11 between entries; what is equal keeps the order of splits and positions. */
function rank(a: OutboundRoute, b: OutboundRoute): number {
  const [x, y] = [a.match, b.match];
  if (x === undefined || y === undefined) return 0;
  return (
    y.headers.length - x.headers.length ||
    Number(y.path !== undefined) - Number(x.path !== undefined) ||
    (y.path?.pattern.length ?? 0) - (x.path?.pattern.length ?? 0) ||
    Number(y.methods !== undefined) - Number(x.methods !== undefined)
  );
}

/** Older first; an object without a time of creation counts as younger than any with one. */
function olderFirst(a: Split, b: Split): number {
  const [x, y] = [
    a.source.object.metadata.creationTimestamp ?? '9999',
    b.source.object.metadata.creationTimestamp ?? '9999',
  ];
  return x < y ? -1 : x > y ? 1 : a.ref.name < b.ref.name ? -1 : 1;
}
