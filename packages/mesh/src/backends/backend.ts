import type { Finding } from '../findings/finding.ts';
import type { MeshModel } from '../model/mesh-model.ts';

/** What a backend made of the model, and what it could not express. */
export interface Rendering<Output> {
  readonly output: Output;
  readonly findings: readonly Finding[];
}

/**
 * A backend: the model in, configuration of something that enforces it out. Pure; it must not know any other backend.
 * In the output of one that serves a mesh which runs, what did not change from one model to the next is the same object.
 */
export type Render<Target, Output> = (model: MeshModel, target: Target) => Rendering<Output>;
