import { isDeepStrictEqual } from 'node:util';
import type { MeshModel, ResolvedSplit } from '@heddle/mesh';
import type { ApiObject } from '../../kube/kube-object.ts';
import { logicalRootLabel } from '../../sources/kubernetes/logical-root.ts';

export { logicalRootLabel } from '../../sources/kubernetes/logical-root.ts';

/** Whose fields a root's Service has. */
export const manager = 'heddle-roots';

/** The root of splits that is no Service of its own. */
export interface Root {
  readonly namespace: string;
  readonly name: string;
  /** The union of its backends' ports. */
  readonly ports: readonly { readonly number: number; readonly name: string }[];
  /** The splits that name it. */
  readonly owners: readonly RootOwner[];
}

/** A split, as an owner reference names it. */
export interface RootOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The roots of a model that need a Service: those without one, whose backends have a port. */
export function logicalRoots({ namespaces }: MeshModel): Root[] {
  return [...namespaces.values()].flatMap(({ services, splits }) =>
    [...services.values()].flatMap(({ namespace, name, key, logical, ports }) => {
      if (!logical || ports.length === 0) return [];
      const root = splits.get(name) ?? splits.get(key);
      const named = root === undefined ? [] : [...root.matching, ...(root.catchAll ? [root.catchAll] : [])];
      return [
        {
          namespace,
          name,
          ports: ports.map(port => ({ number: port.number, name: port.name })),
          owners: named.flatMap(ownerOf),
        },
      ];
    }),
  );
}

function ownerOf({ origin }: ResolvedSplit): RootOwner[] {
  const { apiVersion, kind, metadata } = origin.source.object;
  return metadata.uid === undefined ? [] : [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }];
}

/** Whether a Service says that Heddle made it. */
export function isOwn({ metadata }: Pick<ApiObject, 'metadata'>): boolean {
  return metadata.labels?.[logicalRootLabel] === 'true';
}

/** The Service of a root: nobody is behind it, sidecars lead its calls to the backends. */
export function serviceOf(root: Root) {
  const labels = { [logicalRootLabel]: 'true', 'app.kubernetes.io/managed-by': 'heddle' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: root.name, namespace: root.namespace, labels, ownerReferences: root.owners },
    spec: { ports: portsOf(root) },
  };
}

/** Its ports as a Service has them. */
export function portsOf({ ports }: Root) {
  return ports.map(({ number, name }) => ({
    name: name === '' ? `port-${number}` : name,
    port: number,
    targetPort: number,
    protocol: 'TCP',
  }));
}

/** Whether a Service that Heddle made is as the root wants it. */
export function isSame(service: ApiObject, root: Root): boolean {
  const { ports = [] } = service['spec'] as { readonly ports?: readonly Record<string, unknown>[] };
  const standing = ports.map(({ name, port, targetPort, protocol }) => ({ name, port, targetPort, protocol }));
  const { ownerReferences = [] } = service.metadata as { readonly ownerReferences?: readonly RootOwner[] };
  const owners = ownerReferences.map(({ apiVersion, kind, name, uid }) => ({ apiVersion, kind, name, uid }));
  return isDeepStrictEqual(standing, portsOf(root)) && isDeepStrictEqual(owners, root.owners);
}
