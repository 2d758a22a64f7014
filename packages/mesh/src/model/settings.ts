import { meshConfigDefaults, type SettledMeshConfig } from '@heddle/smi';
import type { Modes } from './modes.ts';

/** How the mesh as a whole behaves; its modes hold where no namespace and no workload says otherwise. */
export interface MeshSettings extends SettledMeshConfig, Pick<Modes, 'mtls' | 'policy' | 'egress'> {
  /** Where addresses of Services come from; one of these without a listener of its own is a Service that policy hides. */
  readonly serviceRanges: readonly string[];
}

/** What is in force where nothing is said. */
export const defaultSettings: MeshSettings = { ...meshConfigDefaults, serviceRanges: ['10.96.0.0/12'] };

/** The modes that hold where no namespace and no workload says otherwise. */
export function modesOf({ mtls, policy, egress, accessLog, sidecar }: MeshSettings): Modes {
  return { mtls, policy, egress, accessLog: accessLog.mode, sidecarLogLevel: sidecar.logLevel };
}
