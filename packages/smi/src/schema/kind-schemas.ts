import { accessKinds } from './access.ts';
import type { KindSchema } from './kind-schema.ts';
import { meshKinds } from './mesh.ts';
import { metricsKinds } from './metrics.ts';
import { specsKinds } from './specs.ts';
import { splitKinds } from './split.ts';

/**
 * The form of every kind of the specification and of Heddle’s own, in every version: the one source of types and
 * CustomResourceDefinitions.
 */
export const kindSchemas: readonly KindSchema[] = [
  ...accessKinds,
  ...specsKinds,
  ...splitKinds,
  ...metricsKinds,
  ...meshKinds,
];
