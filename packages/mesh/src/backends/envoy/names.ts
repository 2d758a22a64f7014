/** Names of resources. They are the contract between the parts of this backend, and what people see in Envoy. */
export const names = {
  /** Every connection of an application arrives here. */
  outboundListener: 'outbound',
  /** Where connections go that leave the mesh, to the address that they were made to. */
  egressCluster: 'egress',
  /** Where a sidecar hands what it let in to its application. */
  inboundCluster: 'inbound',
  workloadCertificate: 'workload-certificate',
  trustBundle: 'trust-bundle',
  service: (key: string, port: number) => `outbound/${key}/${port}`,
  /** The Service at one address of several. */
  listenerAt: (key: string, port: number, address: string) => `outbound/${key}/${port}/${address}`,
  tcpCluster: (key: string, port: number) => `outbound/${key}/${port}/tcp`,
  /** A Service outside the mesh, as it is called: in plain text. */
  plainCluster: (key: string, port: number) => `outbound/${key}/${port}/plain`,
  /** The pod of a headless Service that a client has connected to. */
  directCluster: (key: string, port: number) => `outbound/${key}/${port}/direct`,
  directTcpCluster: (key: string, port: number) => `outbound/${key}/${port}/direct-tcp`,
  frontDoor: (key: string, port: number) => `front-door/${key}/${port}`,
  inboundListener: (workload: string) => `inbound/${workload}`,
  inboundRoutes: (workload: string, port: number) => `inbound/${workload}/${port}`,
  /** What is noted of connections of bytes on a port. */
  audit: (workload: string, port: number) => `audit/${workload}/${port}`,
} as const;

/** Where the sidecar takes over what the application sends. */
export const outboundPort = 15_001;

/** Where the sidecar takes over what others send to the application. */
export const inboundPort = 15_006;

/** The ALPN of mesh connections, which names the filter chain: what speaks HTTP and what is bytes. */
export const alpn = { http: 'heddle-http', tcp: 'heddle-tcp' } as const;
