/** Takes an installation out of a cluster, in the order in which nothing is left that waits for what is gone. */
import { crds, type KubeObject } from '@heddle/smi';
import { identityConfigMap } from '../../inject/sidecar-container.ts';
import { installation } from '../../install/installation.ts';
import { defaultValues } from '../../install/values.ts';
import { webhookNames } from '../../install/webhook-configurations.ts';
import type { ApiClient } from '../../kube/api-client.ts';
import { collectionPath, objectPath } from '../../kube/object-path.ts';
import { applicationConfigMap } from '../../sidecar/application-file.ts';
import { isRecord, recordOf } from '../../sources/record.ts';
import { deleteAt, objectAt, type Progress, titleOf } from './install-mesh.ts';

/** What is to go. */
export interface Uninstalling {
  readonly namespace: string;
  /** Definitions, SMI objects and the namespace, too. */
  readonly all: boolean;
}

/**
 * Uninstalls: the control plane first, which would put back what is missing; then what the API server asks it; then the rest.
 * @throws ApiError
 */
export async function uninstall(client: ApiClient, what: Uninstalling, told: Progress): Promise<void> {
  const { namespace, all } = what;
  const made = installation(defaultValues(), { namespace, version: '' }, { valuesJson: '', managedBy: '' });
  const objects = made.map(({ object }) => object);
  const remove = async (object: KubeObject): Promise<void> => {
    if (await deleteAt(client, objectPath(object))) told(`${titleOf(object)}: deleted`);
  };
  for (const object of objects.filter(({ kind }) => kind === 'Deployment')) await remove(object);
  await podsGone(client, namespace);
  for (const object of objects.filter(isWebhook)) await remove(object);
  if (!all) for (const line of await writersLeft(client)) told(line);
  for (const definition of crds()) {
    if (all) await remove(definition as unknown as KubeObject);
    else if (await withoutConversion(client, definition)) {
      told(`CustomResourceDefinition ${definition.metadata.name}: kept, without conversion`);
    }
  }
  const kept = new Set(['Namespace', 'CustomResourceDefinition', ...(all ? [] : ['MeshConfig'])]);
  for (const object of objects.toReversed()) if (!kept.has(object.kind)) await remove(object);
  await removeConfigMaps(client);
  if (all) for (const object of objects.filter(({ kind }) => kind === 'Namespace')) await remove(object);
}

function isWebhook({ metadata: { name } }: KubeObject): boolean {
  return Object.values<string>(webhookNames).includes(name);
}

/** A replica that ends may still put something back. */
async function podsGone(client: ApiClient, namespace: string): Promise<void> {
  const labelSelector = 'app.kubernetes.io/name=heddle,app.kubernetes.io/component=controller';
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const pods = collectionPath('v1', 'Pod', namespace);
    const { items } = await client.json<{ items: KubeObject[] }>({ path: pods, query: { labelSelector } });
    // One that no node has taken does nothing.
    if (items.every(({ spec }) => recordOf(spec)['nodeName'] === undefined)) return;
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}

/** Versions that mean the same without being converted are served on; the others would be answered with a failure. */
async function withoutConversion(client: ApiClient, definition: Definition): Promise<boolean> {
  const path = objectPath(definition);
  const present = await objectAt(client, path);
  if (present === undefined || recordOf(present['spec'])['conversion'] === undefined) return false;
  const spec = { conversion: { strategy: 'None', webhook: null }, versions: definition.spec.versions };
  await client.json({ method: 'PATCH', path, body: { spec }, contentType: 'application/merge-patch+json' });
  return true;
}

type Definition = ReturnType<typeof crds>[number];

/** Who writes objects in a version that is no longer served, a line each. */
async function writersLeft(client: ApiClient): Promise<readonly string[]> {
  const written = new Map<string, Set<string>>();
  for (const definition of crds()) {
    if ((await objectAt(client, objectPath(definition))) === undefined) continue;
    for (const [writer, title] of await writersOf(client, definition)) {
      written.set(writer, (written.get(writer) ?? new Set()).add(title));
    }
  }
  return [...written].map(([writer, titles]) => `${writer}, which stops working: ${[...titles].toSorted().join(', ')}`);
}

async function writersOf(client: ApiClient, { spec }: Definition): Promise<readonly (readonly [string, string])[]> {
  const { group, versions, names } = spec;
  const gone = versions.filter(({ served }) => !served).map(({ name }) => `${group}/${name}`);
  const stored = versions.find(({ storage }) => storage)?.name ?? '';
  const path = collectionPath(`${group}/${stored}`, names.kind);
  const { items } = await client.json<{ items: KubeObject[] }>({ path });
  return items.flatMap(item =>
    managersOf(item).flatMap(({ manager, version }) =>
      gone.includes(version) ? [[`${manager} writes ${version}`, titleOf(item)] as const] : [],
    ),
  );
}

function managersOf({ metadata }: KubeObject): readonly { readonly manager: string; readonly version: string }[] {
  const fields = recordOf(metadata)['managedFields'];
  if (!Array.isArray(fields)) return [];
  return fields
    .filter(isRecord)
    .map(({ manager, apiVersion }) => ({ manager: String(manager), version: String(apiVersion) }));
}

/** What the control plane has put into namespaces for their pods; those that run keep what they have mounted. */
async function removeConfigMaps(client: ApiClient): Promise<void> {
  const query = { labelSelector: 'app.kubernetes.io/managed-by=heddle' };
  const { items } = await client.json<{ items: { metadata: { namespace: string; name: string } }[] }>({
    path: '/api/v1/configmaps',
    query,
  });
  for (const { metadata } of items) {
    if (isOwn(metadata.name)) await deleteAt(client, objectPath({ apiVersion: 'v1', kind: 'ConfigMap', metadata }));
  }
}

function isOwn(name: string): boolean {
  return name === identityConfigMap || name.startsWith(applicationConfigMap(''));
}
