import type { NamespaceModel } from '../../model/mesh-model.ts';
import type { ResourceOrigin } from '../../model/origin.ts';
import type { ResolvedTarget } from '../../model/target.ts';
import type { Principal } from '../../model/workload.ts';
import { type Manifest, manifestOf } from '../manifest.ts';
import type { Shortfalls } from '../shortfalls.ts';

const apiVersion = 'policy.linkerd.io/v1alpha1';

/** The TrafficTargets of which Linkerd can name a caller; what it can't name is told, and not let in. */
export function authenticatedTargets({ targets }: NamespaceModel, shortfalls: Shortfalls): ReadonlySet<string> {
  for (const { principals } of targets.values()) {
    for (const principal of principals) {
      const why = objectionTo(principal);
      if (why !== undefined)
        shortfalls.say('Unsupported', principal.origin, `Linkerd ${why}: nobody is let in for this.`);
    }
  }
  return new Set([...targets.values()].filter(target => callersOf(target).length > 0).map(({ name }) => name));
}

/** A MeshTLSAuthentication for each TrafficTarget that opens anything, with its callers' service accounts. */
export function authentications({ name: namespace, targets }: NamespaceModel, used: ReadonlySet<string>): Manifest[] {
  return [...targets.values()]
    .filter(({ name }) => used.has(name))
    .map(target => {
      const head = { apiVersion, kind: 'MeshTLSAuthentication', namespace, name: target.name };
      return manifestOf(head, { identityRefs: callersOf(target) }, [target.origin]);
    });
}

/** Everybody, for what the kubelet asks. */
export function probesAuthentication(namespace: string, name: string, origins: readonly ResourceOrigin[]): Manifest {
  const head = { apiVersion, kind: 'NetworkAuthentication', namespace, name };
  return manifestOf(head, { networks: [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }] }, origins);
}

function callersOf({ principals }: ResolvedTarget): object[] {
  const refs = new Map(
    principals
      .filter(principal => objectionTo(principal) === undefined)
      .map(({ serviceAccount }) => {
        const ref = { kind: 'ServiceAccount', namespace: serviceAccount?.namespace, name: serviceAccount?.name };
        return [`${ref.namespace}/${ref.name}`, ref];
      }),
  );
  return [...refs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
}

function objectionTo({ serviceAccount, addresses, identity }: Principal): string | undefined {
  if (serviceAccount === undefined) return `knows service accounts of its own cluster, not ${identity}`;
  return addresses === undefined
    ? undefined
    : 'knows callers by their service account, not by the labels of their pods';
}
