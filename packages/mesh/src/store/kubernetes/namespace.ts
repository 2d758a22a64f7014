import type { KubeObject } from '@heddle/smi';
import type { Modes } from '../../model/modes.ts';
import type { Reading } from './fields.ts';
import { readModes } from './modes.ts';

/** What the mesh reads of a Namespace. */
export interface NamespaceSpec {
  /** Those that it sets for its workloads (I4). */
  readonly modes: Partial<Modes>;
}

/** Reads a Namespace. One whose modes can't be read is refused: those of its last good version stay in force. */
export function readNamespace(object: KubeObject): Reading<NamespaceSpec> {
  const { modes, mistakes } = readModes(object);
  return { value: { modes }, violations: mistakes.map(mistake => ({ reason: 'InvalidField', ...mistake })) };
}
