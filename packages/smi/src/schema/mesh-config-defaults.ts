import type { MeshConfigSpec } from '../types/heddle-v1alpha1.ts';
import { meshConfigFields } from './mesh-config-fields.ts';

/** The same named fields, all of them said. */
type Settled<Of> = {
  readonly [Name in keyof Of]-?: NonNullable<Of[Name]> extends object
    ? Settled<NonNullable<Of[Name]>>
    : NonNullable<Of[Name]>;
};

/** Everything that a MeshConfig can say, said. */
export type SettledMeshConfig = Settled<MeshConfigSpec>;

/** What is in force where nobody says anything. */
export const meshConfigDefaults: SettledMeshConfig = defaults();

function defaults(): SettledMeshConfig {
  const values: Record<string, unknown> = {};
  for (const { path, default: value } of meshConfigFields) {
    const [first, name] = path;
    if (name === undefined) values[first] = value;
    else values[first] = { ...(values[first] as object | undefined), [name]: value };
  }
  // The table says what each field is; the type is made from it.
  return values as unknown as SettledMeshConfig;
}
