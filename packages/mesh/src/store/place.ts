import { kindOf, type ObjectRef } from '@heddle/smi';

/** Which table holds a kind that the mesh is compiled from, or will be. */
const tableOfKind = {
  Namespace: 'namespaces',
  MeshConfig: 'meshConfigs',
  ServiceAccount: 'serviceAccounts',
  Service: 'services',
  Pod: 'pods',
  Endpoints: 'endpoints',
  EndpointSlice: 'endpoints',
  AssignedAddress: 'addresses',
  TrafficTarget: 'trafficTargets',
  IdentityBinding: 'identityBindings',
  HTTPRouteGroup: 'routeGroups',
  TCPRoute: 'tcpRoutes',
  UDPRoute: 'udpRoutes',
  ServiceProfile: 'serviceProfiles',
  TrafficSplit: 'trafficSplits',
  TrafficMetrics: 'trafficMetrics',
} as const;

/** A table of a namespace or of the cluster. */
export type TableName = (typeof tableOfKind)[keyof typeof tableOfKind];

/** Every table. */
export const tableNames: readonly TableName[] = [...new Set(Object.values(tableOfKind))];

/** The scope of objects that have no namespace. */
export const clusterScope = '';

/** Where an object is kept. */
export interface Place {
  /** A namespace, or `clusterScope`. */
  readonly scope: string;
  readonly table: TableName;
  /** One name in the table, whatever the object's version. */
  readonly name: string;
}

/** The place of an object; `undefined` for kinds that the mesh has no use for. */
export function placeOf({ apiVersion, kind, namespace, name }: ObjectRef): Place | undefined {
  if (kindOf(apiVersion, kind) === undefined || !hasTable(kind)) return undefined;
  // An Endpoints object and an EndpointSlice of one name are two entries of the same table.
  return { scope: namespace, table: tableOfKind[kind], name: kind === 'Endpoints' ? `${name} (Endpoints)` : name };
}

function hasTable(kind: string): kind is keyof typeof tableOfKind {
  return Object.hasOwn(tableOfKind, kind);
}

/** Names a place in one string. */
export function keyOf({ scope, table, name }: Place): string {
  return `${table} ${scope}/${name}`;
}
