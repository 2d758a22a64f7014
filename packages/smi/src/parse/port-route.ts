import { versionOf } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import type { PortRouteSpec, TCPRoute, UDPRoute } from '../types/specs-v1alpha4.ts';
import type { Reader } from './reader.ts';

const laterPorts =
  'Ports of a TCPRoute came with v1alpha4; they bound this one all the same. Say that this object is of v1alpha4.';

/** Reads a TCPRoute of any version; without ports it means all (T8). */
export function parseTCPRoute(root: Reader, object: KubeObject): TCPRoute | undefined {
  const matches = root.field('spec').field('matches');
  if (matches.present && versionOf(object.apiVersion) !== 'v1alpha4') matches.report('LaterField', laterPorts);
  const spec = parseSpec(root.field('spec'));
  return spec && { apiVersion: 'specs.smi-spec.io/v1alpha4', kind: 'TCPRoute', metadata: object.metadata, spec };
}

/** Reads a UDPRoute of specs v1alpha4; without ports it means all (T8). */
export function parseUDPRoute(root: Reader, object: KubeObject): UDPRoute | undefined {
  const spec = parseSpec(root.field('spec'));
  return spec && { apiVersion: 'specs.smi-spec.io/v1alpha4', kind: 'UDPRoute', metadata: object.metadata, spec };
}

/** `undefined` when a port can't be read: fewer ports than were written, down to none, would mean all. */
function parseSpec(spec: Reader): PortRouteSpec | undefined {
  if (!spec.present) return {};
  if (!spec.isObject()) return undefined;
  spec.knows(['matches']);
  const matches = spec.field('matches');
  if (!matches.present) return {};
  if (!matches.isObject()) return undefined;
  matches.knows(['name', 'ports']);
  const list = matches.field('ports');
  if (list.present && !Array.isArray(list.value)) {
    list.items();
    return undefined;
  }
  const ports: number[] = [];
  for (const item of list.items()) {
    const port = item.present ? item.optionalPort() : item.report('InvalidField', 'A port is empty; write its number.');
    if (port === undefined) return undefined;
    ports.push(port);
  }
  const name = matches.field('name').optionalString();
  return { matches: { ...(name !== undefined && { name }), ...(ports.length > 0 && { ports }) } };
}
