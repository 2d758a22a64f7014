/** What the commands that install do with a cluster: objects in, server-side apply, and waiting until they are what they say. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '@heddle/smi';
import { controllerName } from '../../install/settings-of-values.ts';
import { plainObject } from '../../install/written-object.ts';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { collectionPath, objectPath } from '../../kube/object-path.ts';
import { recordOf } from '../../sources/record.ts';

/** Whose fields the objects of an installation are. */
export const installer = 'heddle-install';

/** Told what happens, a line each. */
export type Progress = (line: string) => void;

/** Milliseconds between two looks at something that takes its time. */
const lookEvery = 250;

/**
 * Applies objects in their order: definitions are served before anything else is tried. What somebody has changed of the
 * MeshConfig stays as it is.
 * @throws ApiError
 */
export async function applyObjects(client: ApiClient, objects: readonly KubeObject[], told: Progress): Promise<void> {
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const rest = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
  const [namespaces, others] = [rest.filter(isNamespace), rest.filter(object => !isNamespace(object))];
  for (const object of [...namespaces, ...definitions]) await applyOne(client, object, told);
  for (const definition of definitions) await established(client, definition);
  for (const object of others) await applyOne(client, object, told);
}

function isNamespace({ kind }: KubeObject): boolean {
  return kind === 'Namespace';
}

async function applyOne(client: ApiClient, object: KubeObject, told: Progress): Promise<void> {
  const path = objectPath(object);
  const before = await resourceVersion(client, path);
  const isOwn = object.kind !== 'MeshConfig';
  try {
    await client.apply(path, plainObject(object), { manager: installer, force: isOwn });
  } catch (error) {
    if (isOwn || !(error instanceof ApiError) || error.status !== 409) throw error;
    told(`${titleOf(object)}: kept, as somebody has changed it`);
    return;
  }
  const after = await resourceVersion(client, path);
  told(`${titleOf(object)}: ${before === undefined ? 'created' : before === after ? 'unchanged' : 'changed'}`);
}

/** KIND NAME, with its namespace where it has one. */
export function titleOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

async function resourceVersion(client: ApiClient, path: string): Promise<string | undefined> {
  const found = await objectAt(client, path);
  return found && String(recordOf(found.metadata)['resourceVersion']);
}

/** The object at a path; undefined where there is none, or not yet such a kind. */
export async function objectAt(client: ApiClient, path: string): Promise<KubeObject | undefined> {
  try {
    return await client.json<KubeObject>({ path });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Deletes what is there; says whether it was. */
export async function deleteAt(client: ApiClient, path: string): Promise<boolean> {
  try {
    await client.json({ method: 'DELETE', path, query: { propagationPolicy: 'Background' } });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

async function established(client: ApiClient, definition: KubeObject): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const found = await objectAt(client, objectPath(definition));
    const conditions: unknown = recordOf(found?.['status'])['conditions'];
    const list: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
    if (list.map(recordOf).some(({ type, status }) => type === 'Established' && status === 'True')) return;
    await delay(lookEvery);
  }
  throw new Error(`${titleOf(definition)} is not served after a minute; kubectl describe tells why.`);
}

/**
 * Waits until every replica of the control plane is ready.
 * @throws Error after `timeoutMs`, with how far it got
 */
export async function controllerReady(
  client: ApiClient,
  namespace: string,
  timeoutMs: number,
  told: Progress,
): Promise<void> {
  const path = `${collectionPath('apps/v1', 'Deployment', namespace)}/${controllerName}`;
  const deadline = performance.now() + timeoutMs;
  let last = '';
  while (true) {
    const found = await objectAt(client, path);
    const wanted = Number(recordOf(found?.['spec'])['replicas'] ?? 1);
    const status = recordOf(found?.['status']);
    const ready = Number(status['readyReplicas'] ?? 0);
    const isCurrent = status['observedGeneration'] === recordOf(found?.metadata)['generation'];
    const updated = Number(status['updatedReplicas'] ?? 0);
    if (isCurrent && ready >= wanted && updated >= wanted) return;
    const line = `${ready} of ${wanted} replicas of the control plane are ready`;
    if (line !== last) told(line);
    last = line;
    if (performance.now() >= deadline) {
      throw new Error(`${line} after ${timeoutMs / 1000} s; kubectl -n ${namespace} describe pods tells why.`);
    }
    await delay(lookEvery);
  }
}
