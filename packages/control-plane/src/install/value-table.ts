/** Everything that can be set of an installation: the one table that its reader, its schema, the chart and the docs are made from. */

/** What a value may be, as JSON Schema says it. */
export interface ValueSchema {
  readonly type: 'string' | 'boolean' | 'integer' | 'array' | 'object';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: ValueSchema;
}

/** One value. */
export interface ValueDefinition {
  /** Where it stands: `image.registry`. */
  readonly path: string;
  readonly schema: ValueSchema;
  readonly default: unknown;
  readonly meaning: string;
  /** Where Open Service Mesh has it, when not at the same place. */
  readonly formerly?: string;
}

const text: ValueSchema = { type: 'string' };
const flag: ValueSchema = { type: 'boolean' };
const map: ValueSchema = { type: 'object' };
const ports: ValueSchema = { type: 'array', items: { type: 'integer', minimum: 1, maximum: 65_535 } };
const ranges: ValueSchema = { type: 'array', items: { type: 'string', pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$' } };
const failure: ValueSchema = { type: 'string', enum: ['Fail', 'Ignore'] };
const seconds: ValueSchema = { type: 'integer', minimum: 1, maximum: 30 };
const name: ValueSchema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' };
const domain: ValueSchema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' };

const controlPlane: readonly ValueDefinition[] = [
  { path: 'meshName', schema: name, default: 'heddle', meaning: 'Namespaces are enrolled in the mesh of this name.' },
  { path: 'image.registry', schema: text, default: 'ghcr.io/heddle', meaning: 'Where Heddle’s own images are.' },
  { path: 'image.tag', schema: text, default: '', meaning: 'Of Heddle’s own images; empty: the version of the chart.' },
  {
    path: 'image.pullPolicy',
    schema: { type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] },
    default: 'IfNotPresent',
    meaning: 'Of all images.',
  },
  {
    path: 'imagePullSecrets',
    schema: { type: 'array', items: map },
    default: [],
    meaning: 'Secrets of heddle-system, as `{name: …}`, to pull Heddle’s image with.',
  },
  {
    path: 'replicaCount',
    schema: { type: 'integer', minimum: 1, maximum: 100 },
    default: 2,
    meaning: 'Replicas of the control plane; each serves every sidecar.',
    formerly: 'osmController.replicaCount',
  },
  {
    path: 'resources',
    schema: map,
    default: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '1Gi' } },
    meaning: 'Of one replica.',
    formerly: 'osmController.resource',
  },
  {
    path: 'verbosity',
    schema: { type: 'integer', minimum: 0, maximum: 9 },
    default: 0,
    meaning: 'Of the log; 4 shows every resource and every exchange.',
  },
  {
    path: 'enablePodDisruptionBudget',
    schema: flag,
    default: true,
    meaning: 'Whether evictions leave one replica.',
    formerly: 'osmController.enablePodDisruptionBudget',
  },
  {
    path: 'networkPolicies',
    schema: flag,
    default: false,
    meaning: 'Whether only what must reach the control plane can.',
  },
];

const mesh: readonly ValueDefinition[] = [
  { path: 'trustDomain', schema: domain, default: 'cluster.local', meaning: 'Of every identity that the mesh issues.' },
  { path: 'clusterDomain', schema: domain, default: 'cluster.local', meaning: 'The DNS suffix of Services.' },
  {
    path: 'enablePermissiveTrafficPolicy',
    schema: flag,
    default: false,
    meaning: 'Ask no TrafficTarget: `policy: allow-all` of MeshConfig; `false` is `enforce`.',
  },
  {
    path: 'enableEgress',
    schema: flag,
    default: true,
    meaning: 'Whether calls may leave the mesh: `egress` of MeshConfig.',
  },
  {
    path: 'certificateProvider.serviceCertValidityDuration',
    schema: { type: 'string', pattern: '^[1-9][0-9]*(m|h|d)$' },
    default: '24h',
    meaning: 'How long a certificate of a workload is valid.',
  },
  {
    path: 'certificateProvider.kind',
    schema: { type: 'string', enum: ['heddle', 'secret'] },
    default: 'heddle',
    meaning:
      '`heddle`: a root that Heddle makes where there is none; `secret`: the Secret `heddle-ca`, made by you or cert-manager.',
  },
];

const sidecars: readonly ValueDefinition[] = [
  {
    path: 'sidecarImage',
    schema: text,
    default: 'docker.io/envoyproxy/envoy:v1.40.0',
    meaning: 'The image of sidecars: Envoy.',
  },
  { path: 'initImage', schema: text, default: '', meaning: 'What leads traffic to sidecars; empty: Heddle’s own.' },
  {
    path: 'envoyLogLevel',
    schema: { type: 'string', enum: ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] },
    default: 'warning',
    meaning: 'How much sidecars say of themselves.',
  },
  {
    path: 'sidecarResources',
    schema: map,
    default: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } },
    meaning: 'Of one sidecar.',
  },
  {
    path: 'nativeSidecars',
    schema: { type: 'string', enum: ['auto', 'always', 'never'] },
    default: 'auto',
    meaning: 'Whether sidecars start before and end after the application; `auto`: where Kubernetes has it (1.29).',
  },
  {
    path: 'inboundPortExclusionList',
    schema: ports,
    default: [],
    meaning: 'Ports of every pod that are reached past its sidecar.',
  },
  {
    path: 'outboundPortExclusionList',
    schema: ports,
    default: [],
    meaning: 'Ports that every pod reaches past its sidecar.',
  },
  {
    path: 'outboundIPRangeExclusionList',
    schema: ranges,
    default: [],
    meaning: 'Addresses that every pod reaches past its sidecar.',
  },
];

const webhooks: readonly ValueDefinition[] = [
  {
    path: 'ignoredNamespaces',
    schema: { type: 'array', items: name },
    default: ['kube-system', 'kube-public', 'kube-node-lease'],
    meaning: 'Namespaces whose pods are left alone whatever they say.',
  },
  {
    path: 'injector.failurePolicy',
    schema: failure,
    default: 'Fail',
    meaning: 'What becomes of new pods of the mesh while nobody can inject them.',
  },
  { path: 'injector.webhookTimeoutSeconds', schema: seconds, default: 10, meaning: 'How long that may take.' },
  {
    path: 'validator.failurePolicy',
    schema: failure,
    default: 'Ignore',
    meaning: 'What becomes of new policy while nobody can judge it; what is wrong is then told by its status.',
  },
  { path: 'validator.webhookTimeoutSeconds', schema: seconds, default: 10, meaning: 'How long that may take.' },
  {
    path: 'validator.namespaceSelector',
    schema: map,
    default: {},
    meaning: 'Namespaces whose policy is judged, as a selector of their labels; empty: all.',
  },
];

/** Every value, in the order of the chart. */
export const valueTable: readonly ValueDefinition[] = [...controlPlane, ...mesh, ...sidecars, ...webhooks];
