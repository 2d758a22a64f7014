/** `error`: refused; `warning`: accepted, but part of it has no effect; `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

interface Entry {
  readonly code: `SMI${number}`;
  readonly severity: Severity;
  /** What it means, for the reference page. */
  readonly meaning: string;
}

/**
 * Every finding there is. `SMI1xxx` shape, `SMI2xxx` references, `SMI3xxx` conflicts, `SMI4xxx` meaning, `SMI5xxx` what
 * a backend can't express. Codes are never reused; `docs/reference/findings.md` is generated from this table.
 */
export const catalogue = {
  UnreadableFile: {
    code: 'SMI1001',
    severity: 'error',
    meaning: 'The file is not valid YAML or JSON, or can not be read; its last good content stays in force.',
  },
  NotAnObject: {
    code: 'SMI1002',
    severity: 'error',
    meaning: 'A document is not a Kubernetes object with apiVersion, kind and metadata.name.',
  },
  DuplicateObject: {
    code: 'SMI1003',
    severity: 'error',
    meaning: 'The same object is defined twice; the first by file and position is in force.',
  },
  InvalidField: { code: 'SMI1004', severity: 'error', meaning: 'A field is missing or has the wrong type.' },
  UnknownField: {
    code: 'SMI1005',
    severity: 'warning',
    meaning: 'A field that this version of the kind does not have; it is ignored.',
  },
  InvalidWeight: {
    code: 'SMI1006',
    severity: 'error',
    meaning: 'A weight is negative, fractional or not a number (S3).',
  },
  InvalidRegex: {
    code: 'SMI1007',
    severity: 'error',
    meaning: 'A regular expression is not RE2, or is too large (T6); the entry is out of force.',
  },
  InvalidMethod: { code: 'SMI1008', severity: 'error', meaning: 'A method is not an HTTP method token.' },
  EmptySources: { code: 'SMI1009', severity: 'error', meaning: 'A TrafficTarget without sources allows nobody (T2).' },
  EmptyRules: { code: 'SMI1010', severity: 'error', meaning: 'A TrafficTarget without rules allows nothing (T2).' },
  DuplicateMatchName: {
    code: 'SMI1011',
    severity: 'error',
    meaning: 'Two entries of a route group share a name; both count wherever it is named.',
  },
  UnsupportedVersion: {
    code: 'SMI1012',
    severity: 'error',
    meaning: 'The API version of an SMI kind is not one that Heddle reads.',
  },
  MapHeaders: {
    code: 'SMI1013',
    severity: 'info',
    meaning: 'Headers written as a map: clients built on the official Go types fail on lists with it (V5).',
  },
  MisplacedMatches: {
    code: 'SMI1014',
    severity: 'warning',
    meaning: 'Top-level matches in a version that has them under spec: read all the same (V2).',
  },
  UnreadableObject: {
    code: 'SMI1015',
    severity: 'error',
    meaning: 'Reading an object failed in a way that nobody foresaw; its last good version stays in force.',
  },
  LaterField: {
    code: 'SMI1016',
    severity: 'info',
    meaning:
      'A field that only a later version of the kind has: read all the same, since ignoring it would widen (V1, V2, V3).',
  },
  AllowsNobody: {
    code: 'SMI1017',
    severity: 'warning',
    meaning: 'A TrafficTarget of v1alpha1 or v1alpha2 without sources or rules: accepted, and allows nobody (T2).',
  },
  IgnoredPort: {
    code: 'SMI1018',
    severity: 'warning',
    meaning: 'The port of a source, in v1alpha1 and v1alpha2, says nothing and is ignored (V1).',
  },
  ExclusiveSchemes: {
    code: 'SMI1019',
    severity: 'error',
    meaning: 'An IdentityBinding with both serviceAccount and podLabelSelector: these two bind nobody (T11).',
  },
  NoSchemes: {
    code: 'SMI1020',
    severity: 'warning',
    meaning: 'An IdentityBinding without a scheme binds nobody (T11).',
  },
  EmptySelector: {
    code: 'SMI1021',
    severity: 'warning',
    meaning: 'A podLabelSelector without labels selects every pod of the namespace (T11).',
  },
  StaleConversion: {
    code: 'SMI1022',
    severity: 'warning',
    meaning:
      'What the annotation heddle.dev/conversion keeps of another version is ignored: the object changed since (V4).',
  },
  InvalidMode: {
    code: 'SMI1023',
    severity: 'warning',
    meaning:
      'An annotation of a pod that sets a mode of the mesh has none of its values; it counts as the strictest, one of logs as the default (I4).',
  },
  BackendNotFound: {
    code: 'SMI2001',
    severity: 'warning',
    meaning: 'A backend names a Service that does not exist; the rest share its part (S5).',
  },
  BackendPortMismatch: {
    code: 'SMI2002',
    severity: 'warning',
    meaning: 'A backend lacks a port of the root, or speaks another protocol on it; it is left out on that port (S6).',
  },
  NoMatchingBackends: {
    code: 'SMI2003',
    severity: 'warning',
    meaning: 'No backend of a split is usable; the root itself serves, or nobody (S5).',
  },
  RouteGroupNotFound: {
    code: 'SMI2004',
    severity: 'warning',
    meaning: 'A rule or match names a route object that does not exist; it matches nothing (S10, T4).',
  },
  RouteMatchNotFound: {
    code: 'SMI2005',
    severity: 'warning',
    meaning: 'A rule names an entry that its route group does not have; it matches nothing (T4).',
  },
  NamespaceMismatch: {
    code: 'SMI2006',
    severity: 'error',
    meaning: 'An object speaks for another namespace, which it may not (S4, T3).',
  },
  IdentityNotFound: {
    code: 'SMI2007',
    severity: 'warning',
    meaning: 'An identity that no workload has; it is in force as soon as one does.',
  },
  UnsupportedKind: {
    code: 'SMI2008',
    severity: 'warning',
    meaning: 'A rule, source or match of an unknown kind is ignored (T5).',
  },
  ServicePortNotPodPort: {
    code: 'SMI2009',
    severity: 'warning',
    meaning: 'A number that is a Service port only; the port of the pod counts (T8).',
  },
  ConfigurationNotFound: {
    code: 'SMI2010',
    severity: 'error',
    meaning:
      'A pod takes its configuration from a ConfigMap or Secret, or a key of one, that does not exist: it starts once that does.',
  },
  ServiceProfileNotFound: {
    code: 'SMI2011',
    severity: 'warning',
    meaning: 'A ServiceProfile whose name is not that of a Service, in full: no request takes its routes (V6).',
  },
  ConflictingSplit: {
    code: 'SMI3001',
    severity: 'warning',
    meaning: 'Of two splits without matches on one root the older is in force (S11).',
  },
  DuplicateBackend: {
    code: 'SMI3002',
    severity: 'warning',
    meaning: 'A backend named twice: its weights add up (S9).',
  },
  AddressConflict: {
    code: 'SMI3003',
    severity: 'error',
    meaning: 'Two pods have one address: the first by namespace and name runs.',
  },
  AllWeightsZero: {
    code: 'SMI4001',
    severity: 'warning',
    meaning: 'Every weight of a split is zero: requests get 503 (S2).',
  },
  WeightsScaled: {
    code: 'SMI4002',
    severity: 'info',
    meaning: 'Weights were scaled down to fit; shares stay within one part in 4294967295 per backend (S1).',
  },
  SelfReferentialBackend: {
    code: 'SMI4003',
    severity: 'info',
    meaning: 'A split names its own root as a backend: that share goes to the root’s own endpoints (S8).',
  },
  MatchesOnTcpPort: {
    code: 'SMI4004',
    severity: 'warning',
    meaning:
      'Matches of a split, and routes of a ServiceProfile, mean nothing on a port that does not speak HTTP (S12, V6).',
  },
  MatchesEverything: {
    code: 'SMI4005',
    severity: 'info',
    meaning: 'A route entry with a name only matches every request (T6).',
  },
  ProtocolUnknown: {
    code: 'SMI4006',
    severity: 'warning',
    meaning: 'An appProtocol that Heddle does not know counts as TCP (H2).',
  },
  ProtocolConflict: {
    code: 'SMI4007',
    severity: 'warning',
    meaning:
      'The protocol of a port is disputed: the backends of a logical root disagree, so it counts as TCP (S7), or a backend takes only a part of what a root takes (S6).',
  },
  NotInMesh: {
    code: 'SMI4008',
    severity: 'warning',
    meaning: 'Policy names what has no sidecar, so it has no effect there (H6).',
  },
  UdpNotCarried: {
    code: 'SMI4009',
    severity: 'warning',
    meaning: 'UDP is not carried by the mutual-TLS data path (T14).',
  },
  UnknownObjectKind: {
    code: 'SMI4010',
    severity: 'info',
    meaning: 'Objects of a kind that Heddle has no use for are left alone.',
  },
  PodFieldNotHonoured: {
    code: 'SMI4011',
    severity: 'info',
    meaning: 'A field of a pod that the local mesh does not honour.',
  },
  NoCommand: {
    code: 'SMI4012',
    severity: 'error',
    meaning:
      'A container without a command, which would be in its image: the local mesh runs no images, so the pod does not run.',
  },
  NoEffectYet: {
    code: 'SMI4013',
    severity: 'warning',
    meaning: 'An object of a kind that Heddle knows and does not follow yet: nothing of it is in force.',
  },
  TakesEffectAtRestart: {
    code: 'SMI4014',
    severity: 'warning',
    meaning:
      'A field of the MeshConfig that counts from the next start of the mesh; what it started with stays till then.',
  },
  PermissiveButEnforced: {
    code: 'SMI4015',
    severity: 'warning',
    meaning:
      'mtls is permissive where policy is enforced: plain text has no identity, so no TrafficTarget lets it in (I2).',
  },
  UnsafeHeader: {
    code: 'SMI4016',
    severity: 'warning',
    meaning:
      'A rule names an entry that asks for a header which vouches for nothing: no request gets in by that entry.',
  },
  Unsupported: { code: 'SMI5001', severity: 'warning', meaning: 'A backend can not express this part of the model.' },
  NotProgrammed: {
    code: 'SMI5002',
    severity: 'error',
    meaning: 'What was made of the object can not be encoded, or Envoy refused it; what was in force before stays.',
  },
  Approximated: {
    code: 'SMI5003',
    severity: 'warning',
    meaning: 'A backend expresses this part of the model, and acts otherwise in the case that the message names.',
  },
  DependsOnTarget: {
    code: 'SMI5004',
    severity: 'info',
    meaning: 'Whether and how another mesh does this hangs on its implementation, or on a setting of its own.',
  },
  RequestsNotChecked: {
    code: 'SMI5005',
    severity: 'warning',
    meaning: 'A backend knows no rules for requests: whoever a TrafficTarget names may send any request to the port.',
  },
} as const satisfies Record<string, Entry>;

/** The CamelCase reason of a finding. */
export type Reason = keyof typeof catalogue;
