import type { TrafficCall } from '../../packages/control-plane/src/traffic/traffic.ts';
import type { MadeMesh } from '../worlds/mesh-of.ts';

/** A folder of `scenarios/`, read and made. */
export interface Scenario {
  /** Folder below `scenarios/`, as `access/default-deny`. */
  readonly name: string;
  /** Its absolute path. */
  readonly folder: string;
  /** Text of `input.yaml`. */
  readonly input: string;
  readonly mesh: MadeMesh;
  readonly calls: readonly TrafficCall[];
}
