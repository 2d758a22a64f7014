import type { TrafficTarget } from '../access.ts';
import { groupOf, kindOf, versionOf } from '../kinds.ts';
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

const parsers: Readonly<Record<string, (root: Reader, object: KubeObject) => SmiObject | undefined>> = {
  'access.smi-spec.io/TrafficTarget': parseTrafficTarget,
  'specs.smi-spec.io/HTTPRouteGroup': parseHTTPRouteGroup,
  'specs.smi-spec.io/TCPRoute': parseTCPRoute,
  'specs.smi-spec.io/UDPRoute': parseUDPRoute,
  'split.smi-spec.io/TrafficSplit': parseTrafficSplit,
};

/**
 * Reads an SMI object of any version that Heddle knows into its v1alpha4 form. Never throws: all violations come back
 * at once, each with its place in the object as it was written. Reading is strict in what it opens: what can't be read
 * narrows or is left out, it never widens.
 */
export function parse(object: KubeObject): Parsed {
  const violations: Violation[] = [];
  const root = new Reader(object, [], violations);
  const name = `${groupOf(object.apiVersion)}/${object.kind}`;
  const parser = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
  const versions = parser === undefined ? [] : (kindOf(object.apiVersion, object.kind)?.versions ?? []);
  const version = versionOf(object.apiVersion);
  if (parser === undefined || !versions.includes(version)) {
    root
      .field('apiVersion')
      .report(
        'UnsupportedVersion',
        `${object.kind} is read in the versions ${versions.join(', ') || 'none'} of its group, not in ${version || object.apiVersion}.`,
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
  const parsed = parser(root, object);
  return parsed === undefined ? { violations } : { object: parsed, violations };
}
