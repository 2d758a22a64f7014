import { type KubeObject, type ObjectRef, refOf } from '@heddle/smi';
import type { Origin } from '../model/origin.ts';
import type { Render } from './backend.ts';

/** An object for another mesh, and what it was made of. */
export interface Manifest {
  readonly object: KubeObject;
  /** Where it came from, each object once, in order of kind, namespace and name; empty for what holds by default. */
  readonly origins: readonly ObjectRef[];
}

/**
 * Renders the whole model as objects for another mesh, in an order that does not depend on that of the input. It needs
 * nothing but the model.
 */
export type RenderManifests = Render<void, readonly Manifest[]>;

/** What is told of an object besides its spec. */
export interface ManifestHead {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** By this label everything that was translated is found again. */
const ownLabels = { 'app.kubernetes.io/managed-by': 'heddle' };

/** Makes an object for another mesh. */
export function manifestOf(head: ManifestHead, spec: object, origins: readonly Origin[] = []): Manifest {
  const { apiVersion, kind, namespace, name, annotations } = head;
  const metadata = { name, namespace, labels: ownLabels, ...(annotations !== undefined && { annotations }) };
  return { object: { apiVersion, kind, metadata, spec }, origins: refsOf(origins) };
}

/** Orders what was made: by namespace, then by kind, then by name. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const keyed = manifests.map(manifest => {
    const { kind, metadata } = manifest.object;
    return { manifest, key: [metadata.namespace ?? '', kind, metadata.name].join('/') };
  });
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ manifest }) => manifest);
}

function refsOf(origins: readonly Origin[]): ObjectRef[] {
  const refs = new Map<string, ObjectRef>();
  for (const origin of origins) {
    if ('default' in origin) continue;
    const ref = refOf(origin.source.object);
    refs.set(`${ref.kind}/${ref.namespace}/${ref.name}`, ref);
  }
  return [...refs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}
