import { durationPattern } from '../parse/duration.ts';
import type { KindSchema, VersionSchema } from './kind-schema.ts';
import { type Fields, list, optional, type RecordSchema, record, type Schema, text, whole } from './schema.ts';

const group = 'specs.smi-spec.io';
const versions = ['v1alpha1', 'v1alpha2', 'v1alpha3', 'v1alpha4'];

const headers: Schema = optional({
  type: 'either',
  description:
    'Header name to RE2, as a map or as a list of maps; the written form is kept (V5). Every one must match its whole header (T7).',
  typescript: 'Readonly<Record<string, string>> | readonly Readonly<Record<string, string>>[]',
});

const pathRegex = optional(
  text('RE2; must match the whole path without its query (T6). Absent or empty: any path.', { maxLength: 2048 }),
);

const methods = optional(
  list('`*` or absent: any method (T7).', text('A method, as on the wire; or `*` for any.', { minLength: 1 })),
);

const match = record('HTTPMatch', 'One kind of request: every field that is written must match.', {
  name: text('What TrafficTargets name it by; unique within the group.', { minLength: 1 }),
  pathRegex,
  methods,
  headers,
});

const matches = list('The entries of the group.', match, {});

function routeGroup(version: string): VersionSchema {
  const isFlat = version === 'v1alpha1' || version === 'v1alpha2';
  return {
    version,
    description: 'Named kinds of HTTP requests, for TrafficTargets and TrafficSplits to refer to.',
    fields: isFlat ? { matches } : { spec: record('HTTPRouteGroupSpec', 'The entries of a route group.', { matches }) },
  };
}

const portRouteSpec: RecordSchema = record('PortRouteSpec', 'The ports that a TCPRoute or UDPRoute stands for.', {
  matches: optional(
    record('PortRouteMatches', 'Some ports only.', {
      name: optional(text('For the reader; nothing refers to it.')),
      ports: optional(
        list(
          'Ports of the pod; absent or empty: all (T8).',
          whole('A port of the pod.', { minimum: 1, maximum: 65_535 }),
        ),
      ),
    }),
  ),
});

/** Not in the specification before v1alpha4; kept in every version, so that no replace widens a route to all ports. */
const portRouteFields = (version: string): Fields => ({
  spec: version === 'v1alpha4' ? portRouteSpec : optional(portRouteSpec),
});

const duration = (description: string): Schema =>
  optional(text(`${description} Written as \`1.5s\`, \`300ms\`, \`1m30s\`.`, { pattern: durationPattern }));

/** What requests can be tried again for: of HTTP, then of gRPC. */
export const retryReasons: readonly string[] = [
  '5xx',
  'gateway-error',
  'connect-failure',
  'refused-stream',
  'reset',
  'retriable-4xx',
  'unavailable',
  'resource-exhausted',
  'deadline-exceeded',
  'cancelled',
  'internal',
];

const statusRange = record('StatusRange', 'HTTP statuses from one to another, both included.', {
  min: whole('The first of them.', { minimum: 100, maximum: 599 }),
  max: whole('The last of them.', { minimum: 100, maximum: 599 }),
});

const retries = record(
  'RouteRetries',
  'How often a request is sent again, if its method is idempotent; a budget bounds all together.',
  {
    attempts: whole('Tries after the first one.', { minimum: 0, maximum: 10 }),
    perTryTimeout: duration('How long one try may take; absent: as long as all of them.'),
    retryOn: optional(
      list(
        'After what; absent: what never reached the backend, and 503, with `perTryTimeout` also 502, 504 and a try that took too long. Statuses of gRPC have its requests sent again, though their method is POST.',
        text('A kind of failure.', { values: retryReasons }),
      ),
    ),
  },
);

const profileRoute = record(
  'ServiceProfileRoute',
  'Requests of one kind, and how they are treated; the first that fits counts.',
  {
    name: text('What metrics and `heddle explain` call it; unique within the profile.', { minLength: 1 }),
    pathRegex,
    methods,
    timeout: duration('How long a request may take in all; absent: without bound.'),
    retries: optional(retries),
    failureStatus: optional(list('Statuses that count as failures; absent: 500 to 599.', statusRange, {})),
  },
);

const base = { group, scope: 'Namespaced', stored: 'v1alpha4' } as const;

/** The kinds of `specs.smi-spec.io`; ServiceProfile is Heddle's own (V6). */
export const specsKinds: readonly KindSchema[] = [
  {
    ...base,
    kind: 'HTTPRouteGroup',
    plural: 'httproutegroups',
    shortNames: ['htr'],
    versions: versions.map(routeGroup),
  },
  {
    ...base,
    kind: 'TCPRoute',
    plural: 'tcproutes',
    shortNames: ['tr'],
    versions: versions.map(version => ({
      version,
      description: 'Ports that carry bytes of no further meaning, for TrafficTargets to refer to.',
      fields: portRouteFields(version),
    })),
  },
  {
    ...base,
    kind: 'UDPRoute',
    plural: 'udproutes',
    shortNames: ['ur'],
    versions: [
      {
        version: 'v1alpha4',
        description: 'Like TCPRoute, for datagrams. Validated and explained, not carried (T14).',
        fields: portRouteFields('v1alpha4'),
      },
    ],
  },
  {
    ...base,
    kind: 'ServiceProfile',
    plural: 'serviceprofiles',
    shortNames: [],
    versions: [
      {
        version: 'v1alpha4',
        description:
          'The routes of one Service, whose fully qualified name is the object’s. Not in the SMI specification: Heddle’s own (V6).',
        fields: {
          spec: record('ServiceProfileSpec', 'The routes of a Service.', {
            routes: list('Tried in this order.', profileRoute),
          }),
        },
      },
    ],
  },
];
