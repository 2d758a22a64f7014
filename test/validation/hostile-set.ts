import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import { appProtocol, duration, headerName, method, portName, portNumber, weight } from './edge-values.ts';
import { hostilePattern } from './hostile-patterns.ts';

/** Names from one letter to the longest that Kubernetes takes. */
const lengths = fc.constantFrom(1, 5, 40, 62, 63);
const longLengths = fc.constantFrom(1, 5, 63, 64, 200, 253);
const named = (length: number, tail: string): string =>
  tail.padStart(length, 'n').slice(-Math.max(length, tail.length));

/** The names of one set. */
interface Names {
  readonly namespace: string;
  readonly accounts: readonly string[];
  readonly services: readonly string[];
}

/** Everything of one namespace, which no other set has: pods, Services and policies at the edges of what is accepted. */
export function hostileSet(seed: number): readonly KubeObject[] {
  const [objects = []] = fc.sample(setOf(seed), { seed, numRuns: 1 });
  return objects;
}

function setOf(seed: number): fc.Arbitrary<KubeObject[]> {
  const tail = `set-${seed}`;
  return fc
    .tuple(
      lengths,
      fc.array(longLengths, { minLength: 1, maxLength: 3 }),
      fc.array(lengths, { minLength: 1, maxLength: 4 }),
    )
    .chain(([length, accountLengths, serviceLengths]) => {
      const set: Names = {
        namespace: named(length, tail),
        accounts: accountLengths.map((accountLength, index) => named(accountLength, `a${index}`)),
        services: serviceLengths.map((serviceLength, index) => named(serviceLength, `s${index}`)),
      };
      return fc.tuple(workloads(set), policies(set)).map(lists => lists.flat());
    });
}

// oxlint-disable-next-line max-params -- the parts of an object, in the order that they are written
function object(apiVersion: string, kind: string, namespace: string, name: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}

function workloads({ namespace, accounts, services }: Names): fc.Arbitrary<KubeObject[]> {
  const mode = fc.record(
    {
      'heddle.dev/mtls': fc.constantFrom('strict', 'permissive'),
      'heddle.dev/policy': fc.constantFrom('enforce', 'audit', 'allow-all'),
      'heddle.dev/egress': fc.constantFrom('allow', 'deny'),
      'heddle.dev/access-log': fc.constantFrom('off', 'denied', 'all'),
    },
    { requiredKeys: [] },
  );
  const pods = accounts.map((account, index) =>
    mode.map(
      (annotations): KubeObject => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `pod-${index}`, namespace, labels: { app: account.slice(0, 63), all: 'yes' }, annotations },
        spec: {
          serviceAccountName: account,
          containers: [{ name: 'main', ports: [{ name: 'named', containerPort: 8081 }] }],
        },
      }),
    ),
  );
  const port = fc
    .tuple(portNumber, portName, appProtocol, fc.constantFrom(undefined, 8080, 65_535, 'named', 'nowhere'))
    .map(([number, name, protocol, targetPort]) => ({
      port: number,
      name: `${name}-${number}`,
      ...(protocol && { appProtocol: protocol }),
      ...(targetPort && { targetPort }),
    }));
  const own = services.map(name =>
    fc
      .record({
        ports: fc.uniqueArray(port, { minLength: 1, maxLength: 4, selector: one => one.port }),
        app: fc.constantFrom(...accounts.map(account => ({ app: account.slice(0, 63) })), { all: 'yes' }),
        headless: fc.constantFrom(false, false, false, true),
        expose: fc.boolean(),
      })
      .map(
        ({ ports, app, headless, expose }): KubeObject => ({
          ...object('v1', 'Service', namespace, name, { ...(headless && { clusterIP: 'None' }), selector: app, ports }),
          metadata: { name, namespace, ...(expose && { annotations: { 'heddle.dev/expose': 'true' } }) },
        }),
      ),
  );
  const namespaceObject = mode.map(
    (annotations): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, annotations },
    }),
  );
  return fc
    .tuple(namespaceObject, fc.tuple(...pods), fc.tuple(...own))
    .map(([first, ...lists]) => [first, ...lists.flat()]);
}

const groupNames = ['g0', 'g1', named(253, 'g2')] as const;

function policies(set: Names): fc.Arbitrary<KubeObject[]> {
  const { namespace, services } = set;
  const specs = 'specs.smi-spec.io/v1alpha4';
  const access = 'access.smi-spec.io/v1alpha4';
  const matches = fc.array(entry, { minLength: 1, maxLength: 5 });
  const ports = fc.option(fc.array(portNumber, { maxLength: 4 }));
  const hosts = services.map(name => `${name}.${namespace}.svc.cluster.local`);
  return fc
    .record({
      groups: fc.tuple(...groupNames.map(() => matches.map(list => ({ matches: list })))),
      tcp: ports.map(list => [list === null ? {} : { matches: { name: 'ports', ports: list } }]),
      bindings: binding(set).map(spec => [spec]),
      targets: fc.array(target(set), { maxLength: 6 }),
      splits: fc.array(split(set), { maxLength: 12 }),
      profiles: fc.array(profile, { maxLength: hosts.length }),
    })
    .map(({ groups, tcp, bindings, targets, splits, profiles }) => [
      ...groups.map((spec, index) => object(specs, 'HTTPRouteGroup', namespace, groupNames[index] ?? '', spec)),
      ...tcp.map(spec => object(specs, 'TCPRoute', namespace, 'tcp', spec)),
      ...bindings.map(spec => object(access, 'IdentityBinding', namespace, 'binding', spec)),
      ...targets.map((spec, index) => object(access, 'TrafficTarget', namespace, `t${index}`, spec)),
      ...splits.map((spec, index) =>
        object('split.smi-spec.io/v1alpha4', 'TrafficSplit', namespace, named(253, `x${index}`), spec),
      ),
      ...profiles.map((spec, index) => object(specs, 'ServiceProfile', namespace, hosts[index] ?? '', spec)),
    ]);
}

const entryFields = {
  pathRegex: hostilePattern,
  methods: fc.array(method, { maxLength: 4 }),
  headers: fc.array(
    fc.tuple(headerName, hostilePattern).map(([name, pattern]) => Object.fromEntries([[name, pattern]])),
    { maxLength: 4 },
  ),
};

const entry = fc
  .tuple(fc.constantFrom('one', 'two', 'three', 'x'.repeat(300), 'é'), fc.record(entryFields, { requiredKeys: [] }))
  .map(([name, fields]) => ({ name, ...fields }));

function target({ accounts, namespace }: Names): fc.Arbitrary<object> {
  const account = fc.constantFrom(...accounts).map(name => ({ kind: 'ServiceAccount', name }));
  const somebody = fc.oneof(
    account,
    fc.constant({ kind: 'IdentityBinding', name: 'binding' }),
    fc.constant({ kind: 'ServiceAccount', name: named(253, 'far'), namespace: named(63, 'away') }),
    fc.constant({ kind: 'ServiceAccount', name: 'front-door', namespace: 'heddle-system' }),
  );
  const rule = fc.oneof(
    fc.constantFrom(...groupNames).map(name => ({ kind: 'HTTPRouteGroup', name })),
    fc.constantFrom(...groupNames).map(name => ({ kind: 'HTTPRouteGroup', name, matches: ['one', 'two'] })),
    fc.constant({ kind: 'TCPRoute', name: 'tcp' }),
    fc.constant({ kind: 'UDPRoute', name: 'udp' }),
  );
  return fc.record({
    destination: fc
      .tuple(fc.oneof(account, fc.constant({ kind: 'IdentityBinding', name: 'binding' })), fc.option(portNumber))
      .map(([one, port]) => ({ ...one, namespace, ...(port !== null && { port }) })),
    sources: fc.array(somebody, { minLength: 1, maxLength: 6 }),
    rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
  });
}

function binding({ accounts }: Names): fc.Arbitrary<object> {
  const spiffe = fc.constantFrom(
    'cluster.local/ns/a/sa/b',
    'spiffe://cluster.local/ns/a/sa/b',
    `spiffe://other.example/${'x'.repeat(2000)}`,
    'spiffe://é/ns',
    'spiffe://',
    '',
    'spiffe://a b/c',
    'spiffe://cluster.local/ns/a/sa/b?c#d',
    'x\ny',
  );
  return fc
    .record(
      {
        serviceAccount: fc.constantFrom(...accounts),
        spiffeIdentities: fc.array(spiffe, { maxLength: 5 }),
        podLabelSelector: fc.constantFrom(
          {},
          { matchLabels: {} },
          { matchLabels: { all: 'yes' } },
          { matchLabels: { all: 'no' } },
        ),
      },
      { requiredKeys: [] },
    )
    .map(schemes => ({ schemes }));
}

function split({ services, namespace }: Names): fc.Arbitrary<object> {
  const root = fc.constantFrom(
    ...services,
    ...services.map(name => `${name}.${namespace}`),
    'logical',
    `${services[0]}.${namespace}.svc.cluster.local.`,
    'example.com',
    '*.example.com',
    named(63, 'long-root'),
    `${'x'.repeat(63)}.${'y'.repeat(63)}.com`,
  );
  return fc.record(
    {
      service: root,
      backends: fc.array(fc.record({ service: fc.constantFrom(...services, 'missing'), weight }), {
        minLength: 1,
        maxLength: 8,
      }),
      matches: fc.array(
        fc.constantFrom(...groupNames).map(name => ({ kind: 'HTTPRouteGroup', name })),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ['service', 'backends'] },
  );
}

const profile = fc
  .array(
    fc.record(
      {
        name: fc.constantFrom('r', 'x'.repeat(300), 'é', 'a b'),
        pathRegex: hostilePattern,
        methods: fc.array(method, { maxLength: 3 }),
        timeout: duration,
        retries: fc.record(
          {
            attempts: fc.constantFrom(0, 1, 10, 4_294_967_295, 2 ** 33, -1),
            perTryTimeout: duration,
            retryOn: fc.subarray([
              '5xx',
              'gateway-error',
              'reset',
              'connect-failure',
              'retriable-4xx',
              'odd',
              'cancelled',
            ]),
          },
          { requiredKeys: ['attempts'] },
        ),
        failureStatus: fc.array(
          fc.record({ min: fc.constantFrom(100, 200, 500, 599, 0), max: fc.constantFrom(100, 499, 599, 600) }),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 4 },
  )
  .map(routes => ({ routes }));

/** Settings of the whole mesh at the edges of what is accepted. */
export function hostileSettings(seed: number): KubeObject {
  const number = fc.constantFrom(0, 1, 100, 101, 4_294_967_295, 4_294_967_296, -1, 1.5);
  const spec = fc.record(
    {
      mtls: fc.constantFrom('strict', 'permissive'),
      policy: fc.constantFrom('enforce', 'audit', 'allow-all'),
      egress: fc.constantFrom('allow', 'deny'),
      pathRegexAnchor: fc.constantFrom('full', 'start'),
      accessLog: fc.record({ mode: fc.constantFrom('off', 'denied', 'all') }),
      outlierDetection: fc.record(
        { consecutiveFailures: number, interval: duration, ejectionTime: duration, maxEjectionPercent: number },
        { requiredKeys: [] },
      ),
      limits: fc.record({ connections: number, pendingRequests: number, requests: number }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  );
  const [drawn = {}] = fc.sample(spec, { seed, numRuns: 1 });
  return { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'mesh' }, spec: drawn };
}
