import { staleConversions } from '../convert/convert.ts';
import { groupOf, kindOf, versionOf } from '../kinds.ts';
import type { KubeObject, SourceObject } from '../object.ts';
import type { IdentityBinding, TrafficTarget } from '../types/access-v1alpha4.ts';
import type { MeshConfig } from '../types/heddle-v1alpha1.ts';
import type { TrafficMetrics } from '../types/metrics-v1alpha2.ts';
import type { HTTPRouteGroup, ServiceProfile, TCPRoute, UDPRoute } from '../types/specs-v1alpha4.ts';
import type { TrafficSplit } from '../types/split-v1alpha4.ts';
import { parseHTTPRouteGroup } from './http-route-group.ts';
import { parseIdentityBinding } from './identity-binding.ts';
import { parseMeshConfig } from './mesh-config.ts';
import { parseTCPRoute, parseUDPRoute } from './port-route.ts';
import { Reader } from './reader.ts';
import { parseServiceProfile } from './service-profile.ts';
import { shapeOf } from './shape.ts';
import { parseTrafficMetrics } from './traffic-metrics.ts';
import { parseTrafficSplit } from './traffic-split.ts';
import { parseTrafficTarget } from './traffic-target.ts';
import type { Violation } from './violation.ts';

/** Every SMI kind, in the version that the rest of Heddle works on (v1alpha4, and v1alpha2 of metrics), and MeshConfig. */
export type SmiObject =
  | TrafficTarget
  | IdentityBinding
  | HTTPRouteGroup
  | TCPRoute
  | UDPRoute
  | ServiceProfile
  | TrafficSplit
  | TrafficMetrics
  | MeshConfig;

/** What could be read of an object, and everything that is wrong with it. */
export interface Parsed {
  /** Absent when nothing of it can be in force. */
  readonly object?: SmiObject;
  readonly violations: readonly Violation[];
}

interface Parser {
  readonly read: (root: Reader, object: KubeObject) => SmiObject | undefined;
  /** Its fields in some version, beside those that every object has. */
  readonly fields: (version: string) => readonly string[];
}

const underSpec = () => ['spec'];

const parsers: Readonly<Record<string, Parser>> = {
  'access.smi-spec.io/TrafficTarget': {
    read: parseTrafficTarget,
    fields: version => (version === 'v1alpha1' ? ['destination', 'sources', 'specs'] : ['spec']),
  },
  'access.smi-spec.io/IdentityBinding': { read: parseIdentityBinding, fields: underSpec },
  'specs.smi-spec.io/HTTPRouteGroup': {
    read: parseHTTPRouteGroup,
    fields: version => (version === 'v1alpha1' || version === 'v1alpha2' ? ['matches'] : ['spec', 'matches']),
  },
  'specs.smi-spec.io/TCPRoute': { read: parseTCPRoute, fields: underSpec },
  'specs.smi-spec.io/UDPRoute': { read: parseUDPRoute, fields: underSpec },
  'specs.smi-spec.io/ServiceProfile': { read: parseServiceProfile, fields: underSpec },
  'split.smi-spec.io/TrafficSplit': { read: parseTrafficSplit, fields: underSpec },
  'heddle.dev/MeshConfig': { read: parseMeshConfig, fields: underSpec },
  'metrics.smi-spec.io/TrafficMetrics': {
    read: parseTrafficMetrics,
    fields: version => {
      const fields = ['timestamp', 'window', 'resource', 'edge', 'metrics'];
      return version === 'v1alpha2' ? [...fields, 'backend'] : fields;
    },
  },
};

/**
 * Reads an SMI object, or a MeshConfig, of any version that Heddle knows into its v1alpha4 form. Never throws, whatever the value: all
 * violations come back at once, each with its place in the object as it was written and, where `locate` can tell, in its
 * file. Reading is strict in what it opens: what can't be read narrows or is left out, it never widens.
 */
export function parse(value: unknown, locate?: SourceObject['locate']): Parsed {
  const { object, violations } = parseValue(value);
  const located = locate === undefined ? violations : violations.map(violation => withPlace(violation, locate));
  return object === undefined ? { violations: located } : { object, violations: located };
}

function withPlace(violation: Violation, locate: NonNullable<SourceObject['locate']>): Violation {
  const place = locate(violation.path);
  return place === undefined ? violation : { ...violation, place };
}

function parseValue(value: unknown): Parsed {
  const shape = shapeOf(value);
  if ('violations' in shape) return shape;
  const { object } = shape;
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
  root.knows(['apiVersion', 'kind', 'metadata', 'status', ...parser.fields(version)]);
  const parsed = parser.read(root, object);
  violations.push(...staleConversions(object));
  return parsed === undefined ? { violations } : { object: parsed, violations };
}
