import { defaultSettings, type MeshSettings, startSettings } from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';
import type { Config } from '../../config.ts';

/**
 * The settings that a mesh starts with, which its MeshConfig is laid over as long as it runs: defaults, what the program is
 * told, and of `objects` what a MeshConfig says that counts from a start only.
 */
export function settingsAtStart(config: Config, objects: readonly SourceObject[] = []): MeshSettings {
  const { trustDomain, clusterDomain, egress, certificateLifetime } = config;
  const base = {
    ...defaultSettings,
    trustDomain,
    clusterDomain,
    egress,
    certificates: { lifetime: certificateLifetime },
  };
  return startSettings(base, objects);
}
