import { type ObjectRef, parse, refOf, type SmiObject, type SourceObject } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { defaultSettings, type MeshSettings } from '../model/settings.ts';
import { readEndpointSlice, readEndpoints, readPod, readService } from './kubernetes.ts';
import type { NamespaceResources, Resource, ResourceSet, Tables } from './resource-set.ts';

/** What changed since the last delivery. */
export interface ResourceDelta {
  readonly upserts: readonly SourceObject[];
  readonly removals: readonly ObjectRef[];
}

type TableName = keyof Tables;
type MutableTables = { -readonly [Name in TableName]: Map<string, Resource<Tables[Name]>> };

const tableNames: readonly TableName[] = [
  'namespaces',
  'serviceAccounts',
  'services',
  'pods',
  'endpoints',
  'addresses',
  'trafficTargets',
  'routeGroups',
  'tcpRoutes',
  'udpRoutes',
  'trafficSplits',
];

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

/**
 * Holds what the sources delivered. In: objects and removals. Out: an immutable set in which what did not change is the
 * same JavaScript object as before. An object that is refused leaves its last accepted version in force; without one,
 * what can be read of it is in force, closed where in doubt (S3, T6).
 */
export class ResourceStore {
  #namespaces = new Map<string, NamespaceResources>();
  #settings: MeshSettings = defaultSettings;
  #findings = new Map<string, readonly Finding[]>();
  #findingList: readonly Finding[] = [];

  /** Replaces the settings of the mesh. */
  configure(settings: MeshSettings): void {
    this.#settings = settings;
  }

  /** Takes a delivery in; kinds that the mesh has no use for are skipped. */
  apply(delta: ResourceDelta): ResourceSet {
    const draft = new Draft(this.#namespaces);
    const before = this.#findings;
    this.#findings = new Map(before);
    for (const ref of delta.removals) this.#remove(draft, ref);
    for (const source of delta.upserts) this.#upsert(draft, source);
    this.#namespaces = draft.finish();
    this.#findingList = [...this.#findings.values()].flat();
    return this.current();
  }

  /** The set as it stands. */
  current(): ResourceSet {
    return { settings: this.#settings, namespaces: this.#namespaces, findings: this.#findingList };
  }

  #remove(draft: Draft, ref: ObjectRef): void {
    const table = tableFor(ref);
    if (table === undefined) return;
    this.#findings.delete(keyOf(ref));
    draft.table(ref.namespace || ref.name, table).delete(nameInTable(ref));
  }

  #upsert(draft: Draft, source: SourceObject): void {
    const ref = refOf(source.object);
    const table = tableFor(ref);
    if (table === undefined) return;
    const namespace = ref.namespace || ref.name;
    const { value, findings } = read(table, source);
    if (findings.length > 0) this.#findings.set(keyOf(ref), findings);
    else this.#findings.delete(keyOf(ref));
    const refused = findings.some(finding => finding.severity === 'error');
    if (refused && draft.has(namespace, table, nameInTable(ref))) return;
    const entries = draft.table(namespace, table) as Map<string, Resource>;
    if (value === undefined) entries.delete(nameInTable(ref));
    else entries.set(nameInTable(ref), { ref, source, value });
  }
}

/** The next generation of tables: copies a table the first time that it is written. */
class Draft {
  readonly #namespaces: Map<string, NamespaceResources>;
  readonly #copied = new Map<string, Set<TableName>>();

  constructor(namespaces: ReadonlyMap<string, NamespaceResources>) {
    this.#namespaces = new Map(namespaces);
  }

  has(namespace: string, table: TableName, name: string): boolean {
    return this.#namespaces.get(namespace)?.[table].has(name) ?? false;
  }

  table<Name extends TableName>(namespace: string, name: Name): MutableTables[Name] {
    let copied = this.#copied.get(namespace);
    if (copied === undefined) {
      copied = new Set();
      this.#copied.set(namespace, copied);
      this.#namespaces.set(namespace, { ...(this.#namespaces.get(namespace) ?? emptyNamespace()) });
    }
    const tables = this.#namespaces.get(namespace) as MutableTables;
    if (!copied.has(name)) {
      copied.add(name);
      (tables as Record<TableName, unknown>)[name] = new Map<string, unknown>(tables[name]);
    }
    return tables[name];
  }

  finish(): Map<string, NamespaceResources> {
    for (const namespace of this.#copied.keys()) {
      const tables = this.#namespaces.get(namespace);
      if (tables !== undefined && tableNames.every(name => tables[name].size === 0)) this.#namespaces.delete(namespace);
    }
    return this.#namespaces;
  }
}

function emptyNamespace(): NamespaceResources {
  return Object.fromEntries(tableNames.map(name => [name, new Map()])) as unknown as NamespaceResources;
}

function tableFor(ref: ObjectRef): TableName | undefined {
  const group = ref.apiVersion.includes('/') ? ref.apiVersion.split('/')[0] : '';
  return tableOfKind[`${group}/${ref.kind}`];
}

/** An Endpoints object and an EndpointSlice of one name are two entries of the same table. */
function nameInTable(ref: ObjectRef): string {
  return ref.kind === 'Endpoints' ? `${ref.name} (Endpoints)` : ref.name;
}

/** One object whatever its version: writing it in another one replaces it. */
function keyOf(ref: ObjectRef): string {
  return `${ref.apiVersion.split('/')[0]}/${ref.kind}/${ref.namespace}/${ref.name}`;
}

function read(table: TableName, source: SourceObject): { value: unknown; findings: readonly Finding[] } {
  switch (table) {
    case 'namespaces':
    case 'serviceAccounts':
      return { value: null, findings: [] };
    case 'services':
      return { value: readService(source.object), findings: [] };
    case 'pods':
      return { value: readPod(source.object), findings: [] };
    case 'endpoints':
      return { value: readEndpointsOf(source), findings: [] };
    case 'addresses':
      return { value: { address: String(source.object['address']) }, findings: [] };
    default:
      return readSmi(source);
  }
}

function readEndpointsOf(source: SourceObject): unknown {
  if (source.object.kind === 'Endpoints') return readEndpoints(source.object);
  const slice = readEndpointSlice(source.object);
  return slice === undefined ? [] : [slice];
}

function readSmi(source: SourceObject): { value: SmiObject | undefined; findings: readonly Finding[] } {
  const { object, violations } = parse(source.object);
  const findings = violations.map(({ reason, path, message }) => findingAt(reason, source, path, message));
  return { value: object, findings };
}
