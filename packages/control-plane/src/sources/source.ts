import type { Finding, ResourceDelta } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';

/** Something that tells which objects there are: a folder of manifests, a Kubernetes API. */
export interface Source {
  /** Unique among the sources of a controller; what one says never displaces what another says. */
  readonly name: string;
  /**
   * Delivers all that there is, then every change, until the signal aborts. What can't be reached is tried again with
   * back-off; it rejects only for what no retry mends.
   */
  run(signal: AbortSignal, deliver: (delivery: Delivery) => void): Promise<void>;
}

/** What a source has to say. */
export interface Delivery {
  /** Against what it delivered before. */
  readonly delta: ResourceDelta;
  /** Everything that it has to say about its input, each time. */
  readonly findings: readonly Finding[];
  /** What somebody wrote; absent where things changed by themselves, such as the readiness of a pod. */
  readonly written?: Written;
}

/** Objects that somebody wrote or removed. */
export interface Written {
  readonly upserts: readonly ObjectRef[];
  readonly removals: readonly ObjectRef[];
}
