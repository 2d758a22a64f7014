import { kinds } from '@heddle/smi';

/** A kind that is followed in a cluster. */
export interface ClusterKind {
  /** Empty for Kubernetes' core. */
  readonly group: string;
  readonly kind: string;
  /** As it stands in paths. */
  readonly plural: string;
  /** Versions that can be read, the one that is preferred first. */
  readonly versions: readonly string[];
  /** Whether it says what the mesh is to do. */
  readonly policy: boolean;
  /** Whether a cluster without it lacks nothing. */
  readonly optional: boolean;
}

/**
 * Kinds that are known and not followed: metrics are computed and not stored, addresses are Services' own here, Endpoints
 * are what EndpointSlices say once more.
 */
const unfollowed: ReadonlySet<string> = new Set(['TrafficMetrics', 'AssignedAddress', 'Endpoints']);

/** Every kind that the mesh is compiled from, or will be, as an API server has it. */
export const clusterKinds: readonly ClusterKind[] = kinds
  .filter(({ kind, use }) => (use === 'mesh' || use === 'pending') && !unfollowed.has(kind))
  .map(({ group, kind, versions, policy }) => ({
    group,
    kind,
    plural: `${kind.toLowerCase()}s`,
    versions: versions.toReversed(),
    policy,
    optional: group === 'heddle.dev',
  }));
