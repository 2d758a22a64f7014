/** How the mesh as a whole behaves. */
export interface MeshSettings {
  /** Of every SPIFFE ID that the mesh issues. */
  readonly trustDomain: string;
  /** The DNS suffix of Services: `name.ns.svc.<clusterDomain>`. */
  readonly clusterDomain: string;
  /** Where addresses of Services come from; one of these without a listener of its own is a Service that policy hides. */
  readonly serviceRanges: readonly string[];
  /** Traffic to addresses outside the mesh (H4). */
  readonly egress: 'allow' | 'deny';
}

/** What is in force where nothing is said. */
export const defaultSettings: MeshSettings = {
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  serviceRanges: ['10.96.0.0/12'],
  egress: 'allow',
};
