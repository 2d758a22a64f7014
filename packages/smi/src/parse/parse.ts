import type { TrafficTarget } from '../access.ts';
import type { KubeObject } from '../object.ts';
import type { HTTPRouteGroup, TCPRoute, UDPRoute } from '../specs.ts';
import type { TrafficSplit } from '../split.ts';
import { parseHTTPRouteGroup } from './http-route-group.ts';
import { parseTCPRoute, parseUDPRoute } from './port-route.ts';
import { Reader } from './reader.ts';
import { parseTrafficSplit } from './traffic-split.ts';
import { parseTrafficTarget } from './traffic-target.ts';
import type { Violation } from './violation.ts';

/** Every SMI kind, in the version that the rest of Heddle works on (v1alpha4). */
export type SmiObject = TrafficTarget | HTTPRouteGroup | TCPRoute | UDPRoute | TrafficSplit;

/** What could be read of an object, and everything that is wrong with it. */
export interface Parsed {
  /** Absent when nothing of it can be in force. */
  readonly object?: SmiObject;
  readonly violations: readonly Violation[];
}

interface Kind {
  readonly group: string;
  readonly versions: readonly string[];
  readonly parse: (root: Reader, object: KubeObject) => SmiObject | undefined;
}

const kinds: Readonly<Record<string, Kind>> = {
  TrafficTarget: { group: 'access.smi-spec.io', versions: ['v1alpha3', 'v1alpha4'], parse: parseTrafficTarget },
  HTTPRouteGroup: { group: 'specs.smi-spec.io', versions: ['v1alpha3', 'v1alpha4'], parse: parseHTTPRouteGroup },
  TCPRoute: { group: 'specs.smi-spec.io', versions: ['v1alpha3', 'v1alpha4'], parse: parseTCPRoute },
  UDPRoute: { group: 'specs.smi-spec.io', versions: ['v1alpha4'], parse: parseUDPRoute },
  TrafficSplit: {
    group: 'split.smi-spec.io',
    versions: ['v1alpha2', 'v1alpha3', 'v1alpha4'],
    parse: parseTrafficSplit,
  },
};

const groups = new Set(Object.values(kinds).map(kind => kind.group));

/** Whether an object is of a group and kind that `parse` speaks for, whatever its version. */
export function isSmi(object: Pick<KubeObject, 'apiVersion' | 'kind'>): boolean {
  const [group = ''] = object.apiVersion.split('/');
  return groups.has(group) && kinds[object.kind]?.group === group;
}

/**
 * Reads an SMI object of any version that Heddle knows into its v1alpha4 form. Never throws: all violations come back
 * at once, each with its place in the object as it was written. Reading is strict in what it opens: what can't be read
 * narrows or is left out, it never widens.
 */
export function parse(object: KubeObject): Parsed {
  const violations: Violation[] = [];
  const root = new Reader(object, [], violations);
  const kind = Object.hasOwn(kinds, object.kind) ? kinds[object.kind] : undefined;
  const version = object.apiVersion.split('/')[1] ?? '';
  if (kind === undefined || !kind.versions.includes(version)) {
    const versions = kind?.versions.join(', ') ?? 'none';
    root
      .field('apiVersion')
      .report(
        'UnsupportedVersion',
        `${object.kind} is read in the versions ${versions} of its group, not in ${version || object.apiVersion}.`,
      );
    return { violations };
  }
  root.knows([
    'apiVersion',
    'kind',
    'metadata',
    'spec',
    'status',
    ...(object.kind === 'HTTPRouteGroup' ? ['matches'] : []),
  ]);
  const parsed = kind.parse(root, object);
  return parsed === undefined ? { violations } : { object: parsed, violations };
}
