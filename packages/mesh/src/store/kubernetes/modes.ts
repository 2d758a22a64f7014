import { annotations, type FieldPath, type KubeObject } from '@heddle/smi';
import { type Modes, modeValues } from '../../model/modes.ts';

/** What the annotations of an object say of its modes. */
export interface ModesReading {
  /** Those that it speaks of; one that can't be read is the strictest there is. */
  readonly modes: Partial<Modes>;
  readonly mistakes: readonly ModeMistake[];
}

/** An annotation whose value is none of its values. */
export interface ModeMistake {
  readonly path: FieldPath;
  readonly message: string;
}

/**
 * Reads the annotations that set modes of a Namespace or a pod (I4). A value that nobody knows closes rather than falls
 * back to what holds around it, which may be more open than anything that its author can have meant.
 */
export function readModes({ metadata }: KubeObject): ModesReading {
  const written: Readonly<Record<string, unknown>> = metadata.annotations ?? {};
  const modes: Record<string, string> = {};
  const mistakes: ModeMistake[] = [];
  for (const mode of Object.keys(modeValues) as (keyof Modes)[]) {
    const name = annotations[mode];
    if (!Object.hasOwn(written, name)) continue;
    const value = written[name];
    const known: readonly unknown[] = modeValues[mode];
    modes[mode] = known.includes(value) ? String(value) : modeValues[mode][0];
    if (known.includes(value)) continue;
    const message = `${name} is ${JSON.stringify(value)}, which counts as ${modeValues[mode][0]}. Write ${modeValues[mode].join(', ')}.`;
    mistakes.push({ path: ['metadata', 'annotations', name], message });
  }
  return { modes, mistakes };
}
