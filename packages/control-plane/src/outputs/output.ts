import type { Finding, MeshModel } from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';

/**
 * Something that makes the model true: Envoy sidecars, the names that pods resolve, another mesh's objects. The loop calls
 * its two halves one after the other; an output that fails leaves the others alone, and what it published before in force.
 */
export interface Output {
  /** Unique among the outputs of a controller. */
  readonly name: string;
  /**
   * Versions of objects that the world refuses; read at the start of each pass. They are set aside: what was in force
   * before them is rendered in their place. Absent for a world that takes everything.
   */
  readonly refused?: ReadonlySet<SourceObject>;
  /** Renders the model. It publishes nothing yet; what it throws is a broken invariant. */
  render(model: MeshModel): Rendered;
  /** Forgets what it remembers of earlier models, as a pass that broke off may have left it half written. */
  forget(): void;
}

/** What an output made of a model. */
export interface Rendered {
  /** What it can't express. */
  readonly findings: readonly Finding[];
  /** Tells the world; at most once, and before the next model is rendered. Must not wait for the world's answer. */
  publish(revision: number): void;
}
