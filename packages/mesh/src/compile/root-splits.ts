import { type Finding, findingAt } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import { entriesOf } from './route-groups.ts';
import type { Scope } from './scope.ts';
import { type Backend, readBackends } from './split-backends.ts';
import type { Split } from './split-roots.ts';

/** The name that splits share the calls of. */
export interface Root {
  /** `namespace/name`. */
  readonly key: string;
  /** Whether there is a Service of that name, which can serve by itself. */
  readonly own: boolean;
}

/** The splits of a root with what they name looked up, whatever the port. */
export interface RootSplits {
  readonly root: Root;
  /** Those with matches, the older first. */
  readonly matching: readonly ReadSplit[];
  /** The one without (S11). */
  readonly catchAll: ReadSplit | undefined;
}

/** A split with what it names looked up. */
export interface ReadSplit {
  readonly split: Split;
  /** Empty: every request. */
  readonly matches: readonly HttpRouteMatch[];
  readonly backends: readonly Backend[];
  /** Whether every written weight is zero (S2). */
  readonly allZero: boolean;
}

/** Reads the splits of a root, given in the order of S11: what is said of them is said once, not port by port. */
export function readSplits(
  root: Root,
  splits: readonly Split[],
  scope: Scope,
): { splits: RootSplits; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const matching = splits.filter(hasMatches);
  const [inForce, ...shadowed] = splits.filter(split => !hasMatches(split));
  for (const { source } of shadowed) {
    const message = `${inForce?.ref.name} already splits ${root.key} and is older; merge the two or delete one.`;
    findings.push(findingAt('ConflictingSplit', source, ['spec', 'service'], message));
  }
  const read = (split: Split) => readSplit(root, split, scope, findings);
  return { splits: { root, matching: matching.map(read), catchAll: inForce && read(inForce) }, findings };
}

function hasMatches({ value: { spec } }: Split): boolean {
  return (spec.matches ?? []).length > 0;
}

function readSplit(root: Root, split: Split, scope: Scope, findings: Finding[]): ReadSplit {
  const { backends, findings: found } = readBackends(split, root.key, scope);
  findings.push(...found);
  const written = split.value.spec.backends;
  const allZero = written.length > 0 && written.every(({ weight }) => weight === 0);
  if (allZero) {
    const message = `Every weight is zero, so requests to ${root.key} get 503; give a backend a weight.`;
    findings.push(findingAt('AllWeightsZero', split.source, ['spec', 'backends'], message));
  }
  return { split, matches: matchesOf(split, scope.resources, findings), backends, allZero };
}

/** All entries of all groups that a split names are OR-ed; a missing group matches nothing (S10). */
function matchesOf(split: Split, resources: NamespaceResources, findings: Finding[]): HttpRouteMatch[] {
  return (split.value.spec.matches ?? []).flatMap(({ kind, name }, index) => {
    if (kind !== 'HTTPRouteGroup') return [];
    const group = resources.routeGroups.get(name);
    if (group !== undefined) return entriesOf(group);
    const message = `There is no HTTPRouteGroup ${name} in ${split.ref.namespace}; it matches nothing. Create it or mend the name.`;
    findings.push(findingAt('RouteGroupNotFound', split.source, ['spec', 'matches', index, 'name'], message));
    return [];
  });
}

/** What is said of the splits of a root without any TCP port: nobody can call it, so there is nothing to share (S5, S7). */
export function sayPortless({ root, matching, catchAll }: RootSplits): Finding[] {
  const message = root.own
    ? `${root.key} has no TCP port and UDP is not carried by the mesh, so this split shares nothing.`
    : `No matching backends: there is neither a Service ${root.key} nor a backend with a TCP port, so nobody can call it. Create the Services that the split names.`;
  return [...matching, ...(catchAll === undefined ? [] : [catchAll])].map(({ split: { source } }) =>
    root.own
      ? findingAt('UdpNotCarried', source, ['spec', 'service'], message)
      : findingAt('NoMatchingBackends', source, ['spec', 'backends'], message),
  );
}
