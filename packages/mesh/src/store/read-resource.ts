import { type ObjectRef, parse, refOf, type SourceObject, type TrafficSplit } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { readServiceName } from '../model/service-name.ts';
import type { MeshSettings } from '../model/settings.ts';
import { readEndpointSlice, readEndpoints, readPod, readService } from './kubernetes.ts';
import type { Tables } from './resource-set.ts';

/** The tables of a namespace by name. */
export type TableName = keyof Tables;

const tableOfKind: Readonly<Record<string, TableName>> = {
  '/Namespace': 'namespaces',
  '/ServiceAccount': 'serviceAccounts',
  '/Service': 'services',
  '/Pod': 'pods',
  '/Endpoints': 'endpoints',
  'discovery.k8s.io/EndpointSlice': 'endpoints',
  'heddle.dev/AssignedAddress': 'addresses',
  'access.smi-spec.io/TrafficTarget': 'trafficTargets',
  'specs.smi-spec.io/HTTPRouteGroup': 'routeGroups',
  'specs.smi-spec.io/TCPRoute': 'tcpRoutes',
  'specs.smi-spec.io/UDPRoute': 'udpRoutes',
  'split.smi-spec.io/TrafficSplit': 'trafficSplits',
};

/** Every table, in the order in which they are listed. */
export const tableNames: readonly TableName[] = [...new Set(Object.values(tableOfKind))];

/** Where an object is kept. */
export interface Place {
  readonly namespace: string;
  readonly table: TableName;
  /** One name in the table, whatever the object's version. */
  readonly name: string;
}

/** The place of an object; `undefined` for kinds that the mesh has no use for. */
export function placeOf({ apiVersion, kind, namespace, name }: ObjectRef): Place | undefined {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  const table = tableOfKind[`${group}/${kind}`];
  if (table === undefined) return undefined;
  // An Endpoints object and an EndpointSlice of one name are two entries of the same table.
  return { namespace: namespace || name, table, name: kind === 'Endpoints' ? `${name} (Endpoints)` : name };
}

/** What could be read of an object, and what is wrong with it. */
export interface Reading {
  /** Absent when nothing of it can be in force. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

/** Reads an object for its table. */
export function readResource(table: TableName, source: SourceObject, settings: MeshSettings): Reading {
  switch (table) {
    case 'namespaces':
    case 'serviceAccounts':
      return accepted(null);
    case 'services':
      return accepted(readService(source.object));
    case 'pods':
      return accepted(readPod(source.object));
    case 'endpoints':
      return accepted(readEndpointsOf(source));
    case 'addresses':
      return accepted({ address: String(source.object['address']) });
    default:
      return readSmi(source, settings);
  }
}

function accepted(value: unknown): Reading {
  return { value, findings: [] };
}

function readEndpointsOf(source: SourceObject): unknown {
  if (source.object.kind === 'Endpoints') return readEndpoints(source.object);
  const slice = readEndpointSlice(source.object);
  return slice === undefined ? [] : [slice];
}

function readSmi(source: SourceObject, settings: MeshSettings): Reading {
  const { object, violations } = parse(source.object);
  const findings = violations.map(({ reason, path, message }) => findingAt(reason, source, path, message));
  const foreign = object?.kind === 'TrafficSplit' ? foreignRoot(object, source, settings) : [];
  return { value: object, findings: [...findings, ...foreign] };
}

/** A split whose root names a Service of another namespace, in any form, is refused (S4). */
function foreignRoot({ spec }: TrafficSplit, source: SourceObject, { clusterDomain }: MeshSettings): Finding[] {
  const { namespace } = refOf(source.object);
  const root = readServiceName(spec.service, namespace, clusterDomain);
  if (root.kind === 'external' || root.namespace === namespace) return [];
  const message = `A TrafficSplit speaks only for Services of its own namespace ${namespace}; move it to ${root.namespace}.`;
  return [findingAt('NamespaceMismatch', source, ['spec', 'service'], message)];
}
