import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatPath, type KubeObject } from '../object.ts';
import { type Parsed, parse } from './parse.ts';

const target = (spec: unknown, version = 'v1alpha4'): KubeObject => ({
  apiVersion: `access.smi-spec.io/${version}`,
  kind: 'TrafficTarget',
  metadata: { name: 'books', namespace: 'stock' },
  spec,
});

const routes = (spec: unknown, more: object = {}): KubeObject => ({
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: { name: 'routes', namespace: 'stock' },
  ...(spec !== undefined && { spec }),
  ...more,
});

const entry = (match: unknown) => routes({ matches: [match] });

const portRoute = (kind: string, spec?: unknown): KubeObject => ({
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind,
  metadata: { name: 'ports', namespace: 'stock' },
  ...(spec !== undefined && { spec }),
});

const split = (spec: unknown, version = 'v1alpha4'): KubeObject => ({
  apiVersion: `split.smi-spec.io/${version}`,
  kind: 'TrafficSplit',
  metadata: { name: 'books', namespace: 'stock' },
  spec,
});

const destination = { kind: 'ServiceAccount', name: 'books' };
const sources = [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }];
const rules = [{ kind: 'HTTPRouteGroup', name: 'routes' }];
const backends = [{ service: 'v1', weight: 1 }];

const spec = (object: KubeObject) => parse(object).object?.spec;

/** Reasons and places, as `InvalidField spec.service`. */
const problems = ({ violations }: Parsed) => violations.map(({ reason, path }) => `${reason} ${formatPath(path)}`);

const cases: readonly (readonly [what: string, object: KubeObject, problems: readonly string[]])[] = [
  ['a target as it should be', target({ destination, sources, rules }), []],
  ['a target in v1alpha3 (V1)', target({ destination, sources, rules }, 'v1alpha3'), []],
  ['a target without a spec', target(undefined), ['InvalidField spec']],
  ['a target that is a list', target([]), ['InvalidField spec']],
  ['no destination', target({ sources, rules }), ['InvalidField spec.destination']],
  [
    'a destination without a name',
    target({ destination: { kind: 'ServiceAccount' }, sources, rules }),
    ['InvalidField spec.destination.name'],
  ],
  [
    'a destination of an unknown kind (T5)',
    target({ destination: { kind: 'Group', name: 'a' }, sources, rules }),
    ['UnsupportedKind spec.destination.kind'],
  ],
  [
    'a destination elsewhere (T3)',
    target({ destination: { ...destination, namespace: 'bank' }, sources, rules }),
    ['NamespaceMismatch spec.destination.namespace'],
  ],
  [
    'a destination that names its own namespace (T3)',
    target({ destination: { ...destination, namespace: 'stock' }, sources, rules }),
    [],
  ],
  [
    'a port that is none (T10)',
    target({ destination: { ...destination, port: 70_000 }, sources, rules }),
    ['InvalidField spec.destination.port'],
  ],
  [
    'a port in quotes (T10)',
    target({ destination: { ...destination, port: '80' }, sources, rules }),
    ['InvalidField spec.destination.port'],
  ],
  ['no sources (T2)', target({ destination, rules }), ['EmptySources spec.sources']],
  ['empty sources (T2)', target({ destination, sources: [], rules }), ['EmptySources spec.sources']],
  [
    'a source without a kind',
    target({ destination, sources: [{ name: 'web' }], rules }),
    ['InvalidField spec.sources[0].kind'],
  ],
  [
    'a source of an unknown kind (T5)',
    target({ destination, sources: [...sources, { kind: 'Group', name: 'all' }], rules }),
    ['UnsupportedKind spec.sources[1].kind'],
  ],
  [
    'a source with a port, which means nothing (V1)',
    target({ destination, sources: [{ ...sources[0], port: 80 }], rules }),
    ['UnknownField spec.sources[0].port'],
  ],
  [
    'a source of another group (T5)',
    target({ destination, sources: [{ group: 'example.com', ...sources[0] }], rules }),
    ['UnsupportedKind spec.sources[0].kind'],
  ],
  [
    'groups as they may be written (V1)',
    target({
      destination: { ...destination, group: 'v1' },
      sources: [
        { group: '', ...sources[0] },
        { group: 'access.smi-spec.io/v1alpha4', kind: 'IdentityBinding', name: 'web' },
      ],
      rules,
    }),
    [],
  ],
  ['no rules (T2)', target({ destination, sources }), ['EmptyRules spec.rules']],
  [
    'a rule of an unknown kind (T5)',
    target({ destination, sources, rules: [{ kind: 'GrpcRoute', name: 'a' }] }),
    ['UnsupportedKind spec.rules[0].kind'],
  ],
  [
    'matches that are no list (T4)',
    target({ destination, sources, rules: [{ ...rules[0], matches: 'all' }] }),
    ['InvalidField spec.rules[0].matches'],
  ],
  ['a misspelt field', target({ destination, source: sources, sources, rules }), ['UnknownField spec.source']],
  ['a field that no version has', { ...target({ destination, sources, rules }), data: {} }, ['UnknownField data']],
  ['a version that nobody reads', target({}, 'v1'), ['UnsupportedVersion apiVersion']],

  [
    'routes as they should be',
    entry({ name: 'read', pathRegex: '/books', methods: ['GET'], headers: [{ 'x-team': 'red' }] }),
    [],
  ],
  ['routes without a spec', routes(undefined), ['InvalidField spec']],
  ['routes without matches', routes({}), ['InvalidField spec.matches']],
  [
    'matches at the top (V2)',
    routes(undefined, { matches: [{ name: 'read', methods: ['GET'] }] }),
    ['MisplacedMatches matches'],
  ],
  ['an entry without a name', entry({ methods: ['GET'] }), ['InvalidField spec.matches[0].name']],
  ['an entry with a name only (T6)', entry({ name: 'all' }), ['MatchesEverything spec.matches[0]']],
  ['an entry with an empty path (T6)', entry({ name: 'all', pathRegex: '' }), ['MatchesEverything spec.matches[0]']],
  ['a bad regex (T6)', entry({ name: 'bad', pathRegex: '/(' }), ['InvalidRegex spec.matches[0].pathRegex']],
  ['a look-ahead (T6)', entry({ name: 'bad', pathRegex: '/(?=a)' }), ['InvalidRegex spec.matches[0].pathRegex']],
  ['a regex that is a number', entry({ name: 'bad', pathRegex: 7 }), ['InvalidField spec.matches[0].pathRegex']],
  [
    'a method that is none (T7)',
    entry({ name: 'bad', methods: ['GET THIS'] }),
    ['InvalidMethod spec.matches[0].methods[0]'],
  ],
  ['methods that are no list (T7)', entry({ name: 'bad', methods: 'GET' }), ['InvalidField spec.matches[0].methods']],
  [
    'headers as a map (V5)',
    entry({ name: 'map', headers: { 'x-team': 'red' } }),
    ['MapHeaders spec.matches[0].headers'],
  ],
  [
    'a header name that is none (T7)',
    entry({ name: 'bad', headers: [{ 'x team': 'red' }] }),
    ['InvalidField spec.matches[0].headers[0]["x team"]'],
  ],
  [
    'a header without a pattern (T7)',
    entry({ name: 'bad', headers: [{ 'x-team': null }] }),
    ['InvalidField spec.matches[0].headers[0].x-team'],
  ],
  [
    'a bad header regex (T6)',
    entry({ name: 'bad', headers: [{ 'x-team': '[' }] }),
    ['InvalidRegex spec.matches[0].headers[0].x-team'],
  ],
  [
    'two entries of one name',
    routes({
      matches: [
        { name: 'a', methods: ['GET'] },
        { name: 'a', methods: ['PUT'] },
      ],
    }),
    ['DuplicateMatchName spec.matches[1].name'],
  ],

  ['a TCP route without a spec (T8)', portRoute('TCPRoute'), []],
  ['a TCP route with ports (T8)', portRoute('TCPRoute', { matches: { name: 'a', ports: [80] } }), []],
  [
    'a TCP route with a bad port',
    portRoute('TCPRoute', { matches: { ports: [0] } }),
    ['InvalidField spec.matches.ports[0]'],
  ],
  [
    'a TCP route with an empty port',
    portRoute('TCPRoute', { matches: { ports: [null] } }),
    ['InvalidField spec.matches.ports[0]'],
  ],
  [
    'a TCP route whose ports are no list',
    portRoute('TCPRoute', { matches: { ports: 80 } }),
    ['InvalidField spec.matches.ports'],
  ],
  ['a TCP route with a list of matches', portRoute('TCPRoute', { matches: [] }), ['InvalidField spec.matches']],
  ['a UDP route (T14)', portRoute('UDPRoute', { matches: { name: 'a', ports: [53] } }), []],

  ['a split as it should be', split({ service: 'books', backends }), []],
  ['a split in v1alpha2 (V3)', split({ service: 'books', backends }, 'v1alpha2'), []],
  ['a split without a root', split({ backends }), ['InvalidField spec.service']],
  ['a split without backends', split({ service: 'books' }), ['InvalidField spec.backends']],
  [
    'a backend without a name',
    split({ service: 'books', backends: [{ weight: 1 }] }),
    ['InvalidField spec.backends[0].service'],
  ],
  [
    'a fraction (S3)',
    split({ service: 'books', backends: [{ service: 'v1', weight: 0.5 }] }),
    ['InvalidWeight spec.backends[0].weight'],
  ],
  [
    'a negative weight (S3)',
    split({ service: 'books', backends: [{ service: 'v1', weight: -1 }] }),
    ['InvalidWeight spec.backends[0].weight'],
  ],
  [
    'a quantity, which only v1alpha1 has (V3)',
    split({ service: 'books', backends: [{ service: 'v1', weight: '500m' }] }),
    ['InvalidWeight spec.backends[0].weight'],
  ],
  [
    'no weight (S3)',
    split({ service: 'books', backends: [{ service: 'v1' }] }),
    ['InvalidWeight spec.backends[0].weight'],
  ],
  ['100.0 is whole (S3)', split({ service: 'books', backends: [{ service: 'v1', weight: 100 }] }), []],
  [
    'matches of another kind (T5)',
    split({ service: 'books', backends, matches: [{ kind: 'TCPRoute', name: 'a' }] }),
    ['UnsupportedKind spec.matches[0].kind'],
  ],
  [
    'matches of another group (V2)',
    split({ service: 'books', backends, matches: [{ apiGroup: 'example.com', kind: 'HTTPRouteGroup', name: 'a' }] }),
    ['UnsupportedKind spec.matches[0].kind'],
  ],
  [
    'matches with a version in the group (V2)',
    split({
      service: 'books',
      backends,
      matches: [{ apiGroup: 'specs.smi-spec.io/v1alpha4', kind: 'HTTPRouteGroup', name: 'a' }],
    }),
    [],
  ],
  ['matches that are no list (S10)', split({ service: 'books', backends, matches: {} }), ['InvalidField spec.matches']],
];

for (const [what, object, expected] of cases) {
  test(`parse: ${what}`, () => assert.deepEqual(problems(parse(object)), expected));
}

test('what can not be read narrows, it never widens', () => {
  assert.deepEqual(spec(entry({ name: 'bad', pathRegex: '/(' })), { matches: [] });
  assert.deepEqual(spec(target({ destination, sources, rules: ['routes'] })), {
    destination,
    sources,
    rules: [{ kind: '', name: '' }],
  });
  assert.deepEqual(spec(target({ destination, sources, rules: [{ ...rules[0], matches: [7] }] })), {
    destination,
    sources,
    rules: [{ ...rules[0], matches: [''] }],
  });
  assert.deepEqual(spec(target({ destination, sources, rules: [{ ...rules[0], matches: 'all' }] })), {
    destination,
    sources,
    rules: [{ ...rules[0], matches: [''] }],
  });
  assert.deepEqual(spec(target({ destination, sources: [{ ...sources[0], namespace: 7 }, 'web'], rules })), {
    destination,
    sources: [
      { kind: '', name: '' },
      { kind: '', name: '' },
    ],
    rules,
  });
  for (const unreadable of [{ port: '80' }, { port: 0.5 }, { namespace: [] }, { group: 1 }, { namespace: 'bank' }]) {
    assert.equal(spec(target({ destination: { ...destination, ...unreadable }, sources, rules })), undefined);
  }
  assert.deepEqual(spec(split({ service: 'books', backends, matches: {} })), {
    service: 'books',
    backends,
    matches: [{ kind: '', name: '' }],
  });
  assert.equal(parse(portRoute('TCPRoute', { matches: { ports: [80, 'x'] } })).object, undefined);
});

test('what can not be read keeps its place, so that what comes after it keeps its own', () => {
  assert.deepEqual(spec(split({ service: 'books', backends: [7, { weight: 2 }, ...backends] })), {
    service: 'books',
    backends: [{ service: '', weight: 0 }, { service: '', weight: 2 }, ...backends],
  });
});

test('an object of any kind whatever is refused, not thrown at', () => {
  for (const kind of ['constructor', '__proto__', 'Pod']) {
    const { object, violations } = parse({ apiVersion: 'v1', kind, metadata: { name: 'a' } });
    assert.equal(object, undefined);
    assert.deepEqual(
      violations.map(({ reason }) => reason),
      ['UnsupportedVersion'],
    );
  }
});

test('every version is read into v1alpha4', () => {
  assert.equal(
    parse(target({ destination, sources, rules }, 'v1alpha3')).object?.apiVersion,
    'access.smi-spec.io/v1alpha4',
  );
  assert.equal(
    parse(split({ service: 'books', backends }, 'v1alpha2')).object?.apiVersion,
    'split.smi-spec.io/v1alpha4',
  );
});

test('parse never throws, whatever an object holds', () => {
  const kinds = fc.constantFrom(target, routes, split, (spec: unknown) => portRoute('TCPRoute', spec));
  const words = [
    'destination',
    'sources',
    'rules',
    'matches',
    'kind',
    'name',
    'headers',
    'methods',
    'ports',
    'backends',
  ];
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, 0, -1, 0.5, true, '', 'x', '(', 'HTTPRouteGroup', 'ServiceAccount'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...words, 'service', 'weight', 'pathRegex', '__proto__'), tie('tree'), {
        maxKeys: 4,
      }),
    ),
  }));
  fc.assert(
    fc.property(kinds, tree, (make, spec) => {
      const { object, violations } = parse(make(spec));
      assert.ok(object !== undefined || violations.length > 0, 'what is left out is said');
    }),
    { numRuns: 1000 },
  );
});
