import type { Modes } from './modes.ts';

/** How the mesh as a whole behaves; its modes hold where no namespace and no workload says otherwise. */
export interface MeshSettings extends Modes {
  /** Of every SPIFFE ID that the mesh issues. */
  readonly trustDomain: string;
  /** The DNS suffix of Services: `name.ns.svc.<clusterDomain>`. */
  readonly clusterDomain: string;
  /** Where addresses of Services come from; one of these without a listener of its own is a Service that policy hides. */
  readonly serviceRanges: readonly string[];
}

/** What is in force where nothing is said. */
export const defaultSettings: MeshSettings = {
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  serviceRanges: ['10.96.0.0/12'],
  mtls: 'strict',
  policy: 'enforce',
  egress: 'allow',
};
