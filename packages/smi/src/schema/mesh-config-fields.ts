/** The fields of MeshConfig: the one table that its types, its definition, its reader, its defaults and its page are made from. */
import { annotations } from '../annotations.ts';
import {
  type ChoiceSchema,
  choice,
  type DurationSchema,
  duration,
  type TextSchema,
  text,
  type WholeSchema,
  whole,
} from './schema.ts';

/** One field of a MeshConfig's `spec`. */
export interface MeshConfigField {
  /** Below `spec`: a name, or a section and a name. */
  readonly path: readonly [string] | readonly [section: string, name: string];
  readonly schema: TextSchema | WholeSchema | DurationSchema | ChoiceSchema;
  /** What is in force where neither the object nor the configuration of the program says anything. */
  readonly default: string | number;
  /** The setting of the program that changes the default. */
  readonly setting?: string;
  /** What overrides it for a Namespace, and for a pod: the nearest counts (I4). */
  readonly annotation?: string;
  /** `restart`: a change counts from the next start of the mesh. */
  readonly effect: 'live' | 'restart';
  /** What counts where what is written can't be read and nothing better was in force: the closed one. */
  readonly inDoubt?: string;
}

/** Sections of `spec`, in the order of documentation: the name of their TypeScript interface, and what they are about. */
export const meshConfigSections = {
  certificates: { name: 'CertificateSettings', description: 'The certificates of workloads.' },
  accessLog: { name: 'AccessLogSettings', description: 'What sidecars write down of the calls that they carry.' },
  sidecar: { name: 'SidecarSettings', description: 'The sidecars themselves.' },
  outlierDetection: {
    name: 'OutlierDetectionSettings',
    description: 'When a caller’s sidecar leaves out an endpoint that fails.',
  },
  limits: {
    name: 'LimitSettings',
    description: 'What one sidecar sends to one Service at most at a time; what is above gets 503.',
  },
} as const;

const domain = {
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  maxLength: 253,
  said: 'a domain of lower-case letters, digits, "-" and "."',
} as const;

const modes: readonly MeshConfigField[] = [
  {
    path: ['mtls'],
    schema: choice('`permissive` takes plain text beside the mesh’s mutual TLS; such a caller has no identity (I2).', [
      'strict',
      'permissive',
    ]),
    default: 'strict',
    annotation: annotations.mtls,
    effect: 'live',
    inDoubt: 'strict',
  },
  {
    path: ['policy'],
    schema: choice(
      '`audit` lets through what `enforce` denies, and counts and logs it; `allow-all` asks no TrafficTarget (I3).',
      ['enforce', 'audit', 'allow-all'],
    ),
    default: 'enforce',
    annotation: annotations.policy,
    effect: 'live',
    inDoubt: 'enforce',
  },
  {
    path: ['egress'],
    schema: choice('Traffic to addresses outside the mesh (H4).', ['allow', 'deny']),
    default: 'allow',
    setting: 'egress',
    annotation: annotations.egress,
    effect: 'live',
    inDoubt: 'deny',
  },
  {
    path: ['pathRegexAnchor'],
    schema: choice(
      'What of a path, without its query, a `pathRegex` of an HTTPRouteGroup must match: all of it, or its start (T6).',
      ['full', 'start'],
    ),
    default: 'full',
    effect: 'live',
    inDoubt: 'full',
  },
];

const sections: readonly MeshConfigField[] = [
  {
    path: ['certificates', 'lifetime'],
    schema: duration(
      'How long a certificate is valid; it is renewed between half and two thirds of that. Those that are valid longer than a new lifetime are replaced at once.',
      '1m',
      '365d',
    ),
    default: '24h',
    setting: 'certificateLifetime',
    effect: 'live',
  },
  {
    path: ['accessLog', 'mode'],
    schema: choice(
      '`all`: every request and connection; `denied`: those that policy denies, or would under `enforce`; `off`: none.',
      ['off', 'denied', 'all'],
    ),
    default: 'off',
    annotation: annotations.accessLog,
    effect: 'live',
  },
  {
    path: ['sidecar', 'logLevel'],
    schema: choice('What sidecars write into their own log; on Kubernetes those that start from then on.', [
      'trace',
      'debug',
      'info',
      'warning',
      'error',
      'critical',
      'off',
    ]),
    default: 'warning',
    annotation: annotations.sidecarLogLevel,
    effect: 'live',
  },
];

const outlierDetection: readonly MeshConfigField[] = [
  {
    path: ['outlierDetection', 'consecutiveFailures'],
    schema: whole(
      'Failures in a row after which an endpoint is left out: 502, 503, 504, and connections that fail or break; not 500, which is an application’s answer to one request. 0: never.',
      { minimum: 0, maximum: 1000 },
    ),
    default: 5,
    effect: 'live',
  },
  {
    path: ['outlierDetection', 'interval'],
    schema: duration('How often it is looked whether endpoints come back.', '100ms', '1h'),
    default: '10s',
    effect: 'live',
  },
  {
    path: ['outlierDetection', 'ejectionTime'],
    schema: duration('For how long an endpoint is left out, times how often it was.', '100ms', '1h'),
    default: '30s',
    effect: 'live',
  },
  {
    path: ['outlierDetection', 'maxEjectionPercent'],
    schema: whole('How much of a Service’s endpoints is left out at most; the only one of a Service never is.', {
      minimum: 0,
      maximum: 99,
    }),
    default: 50,
    effect: 'live',
  },
];

const bound = { minimum: 1, maximum: 4_294_967_295 } as const;

const limits: readonly MeshConfigField[] = [
  { path: ['limits', 'connections'], schema: whole('Open connections.', bound), default: 10_000, effect: 'live' },
  {
    path: ['limits', 'pendingRequests'],
    schema: whole('Requests that wait for a connection.', bound),
    default: 10_000,
    effect: 'live',
  },
  { path: ['limits', 'requests'], schema: whole('Requests under way.', bound), default: 10_000, effect: 'live' },
];

/** Every field, in the order of documentation. */
export const meshConfigFields: readonly MeshConfigField[] = [
  {
    path: ['trustDomain'],
    schema: text('Of every SPIFFE ID that the mesh issues (I1).', domain),
    default: 'cluster.local',
    setting: 'trustDomain',
    effect: 'restart',
  },
  {
    path: ['clusterDomain'],
    schema: text('The DNS suffix of Services: `name.ns.svc.<cluster domain>` (H1).', domain),
    default: 'cluster.local',
    setting: 'clusterDomain',
    effect: 'restart',
  },
  ...modes,
  ...sections,
  ...outlierDetection,
  ...limits,
];
