import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommandLine } from './run-command-line.ts';

const testdata = path.relative(process.cwd(), path.join(import.meta.dirname, 'testdata'));
const shop = path.join(testdata, 'shop');
const broken = path.join(testdata, 'broken');
const dump = path.join(testdata, 'dump');

/** What no parser takes. */
const garbage = 'apiVersion: v1\nkind: [\n';

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface World {
  readonly terminal?: boolean;
  readonly environment?: Record<string, string>;
  readonly stdin?: string;
}

/** Runs a command line in this process. */
async function heddle(
  argv: readonly string[],
  { terminal = false, environment = {}, stdin = '' }: World = {},
): Promise<Run> {
  const written = { out: '', err: '' };
  const output = (to: 'out' | 'err') => ({
    write: (text: string) => void (written[to] += text),
    isTerminal: terminal,
  });
  const code = await runCommandLine(argv, {
    stdout: output('out'),
    stderr: output('err'),
    environment,
    readStdin: async () => stdin,
    interruption: () => new AbortController().signal,
  });
  return { code, out: shown(written.out), err: shown(written.err) };
}

/** Fixtures are named `testdata/…` wherever the tests run. */
function shown(text: string): string {
  return text.replaceAll(testdata, 'testdata');
}

function explain(...rest: string[]): string[] {
  return ['explain', '-f', shop, ...rest];
}

/** The whole of a run as one text, compared with `testdata/expected`. */
function golden(t: TestContext, name: string, { code, out, err }: Run): void {
  const text = `${out}--- standard error\n${err}--- exit code ${code}\n`;
  t.assert.fileSnapshot(text, path.join(import.meta.dirname, 'testdata/expected', name), {
    serializers: [value => String(value)],
  });
}

test('text answers', async t => {
  const runs: Record<string, string[]> = {
    'validate.txt': ['validate', '-f', shop],
    'validate-broken.txt': ['validate', '-f', broken, '-f', '-'],
    'explain-allowed.txt': explain('--from', 'web/web', '--to', 'shop.shop', '--path', '/books/7?page=2'),
    'explain-path.txt': explain('--from', 'web/web', '--to', 'shop.shop', '--path', '/books/x'),
    'explain-method.txt': explain('--from', 'web/web', '--to', 'shop.shop', '--path', '/books/7', '--method', 'POST'),
    'explain-stranger.txt': explain('--from', 'web/wep', '--to', 'shop.shop'),
    'explain-tcp.txt': explain('--from', 'shop/shop', '--to', 'db:5432', '--protocol', 'tcp'),
    'explain-malformed.txt': explain('--from', 'web/web', '--to', 'shop.shop', '--path', '/a%2fb'),
    'explain-nobody.txt': explain('--from', 'web/web', '--to', 'nobody.shop'),
    'explain-dump.txt': ['explain', '-f', dump, '--from', 'pod/shop/web-aaa-1', '--to', 'api', '--path', '/v1/books'],
    'validate-dump.txt': ['validate', '-f', dump],
    'test.txt': ['test', '-f', shop],
    'test-broken.txt': ['test', '-f', broken],
    'help-explain.txt': ['help', 'explain'],
  };
  for (const [name, argv] of Object.entries(runs)) {
    await t.test(name, async t => golden(t, name, await heddle(argv, { stdin: garbage })));
  }
});

test('validate -o json is the bare list of findings, every field there', async () => {
  const { code, out, err } = await heddle(['validate', '-f', broken, '-f', '-', '-o', 'json'], { stdin: garbage });
  const findings = JSON.parse(out) as Record<string, unknown>[];
  assert.equal(code, 1);
  assert.equal(err, '');
  for (const finding of findings) {
    assert.deepEqual(Object.keys(finding), [
      'code',
      'reason',
      'severity',
      'object',
      'field',
      'file',
      'line',
      'column',
      'message',
    ]);
  }
  const weight = findings.find(({ reason }) => reason === 'InvalidWeight');
  assert.deepEqual(
    { ...weight, message: '' },
    {
      code: 'SMI1006',
      reason: 'InvalidWeight',
      severity: 'error',
      object: { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', namespace: 'shop', name: 'shop' },
      field: 'spec.backends[0].weight',
      file: 'testdata/broken/policy.yaml',
      line: 24,
      column: 7,
      message: '',
    },
  );
  const unreadable = findings.find(({ reason }) => reason === 'UnreadableFile');
  assert.deepEqual([unreadable?.['object'], unreadable?.['field']], [null, null]);
});

test('validate -o yaml and validate from standard input', async () => {
  const stdin = 'apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: a}\nspec: {}\n';
  const { code, out } = await heddle(['validate', '-f', '-', '-o', 'yaml'], { stdin });
  assert.equal(code, 1);
  assert.match(out, /^- code: SMI1004\n  reason: InvalidField\n/);
  assert.match(out, /file: <stdin>\n  line: \d/);
});

test('--strict makes a warning count', async () => {
  const stdin = `apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: a}
spec:
  destination: {kind: ServiceAccount, name: b}
  sources: [{kind: ServiceAccount, name: c}]
  rules: [{kind: TCPRoute, name: d}]
`;
  assert.equal((await heddle(['validate', '-f', '-'], { stdin })).code, 0);
  assert.equal((await heddle(['validate', '-f', '-', '--strict'], { stdin })).code, 1);
});

test('explain -o json of what is allowed', async () => {
  const { code, out } = await heddle(
    explain('--from', 'pod/web/web-0', '--to', 'SHOP.shop.svc.cluster.local.:80', '--path', '/books/7', '-o', 'json'),
  );
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), {
    allowed: true,
    wouldDeny: false,
    status: 200,
    reason: 'Allowed',
    message: 'TrafficTarget web-buys lets the caller send what buy describes to port 8080 of shop/shop-v1.',
    decidedBy: {
      kind: 'TrafficTarget',
      namespace: 'shop',
      name: 'web-buys',
      field: 'spec.rules[0]',
      file: 'testdata/shop/policy.yaml',
      line: 29,
    },
    route: null,
    backends: [
      { service: 'shop-v1', namespace: 'shop', port: 80, share: 0.75 },
      { service: 'shop-v2', namespace: 'shop', port: 80, share: 0.25 },
    ],
    mtls: 'strict',
    nearMisses: [],
  });
});

test('explain -o json of what is denied', async () => {
  const { code, out } = await heddle(
    explain('--from', 'web/web', '--to', 'shop.shop', '--path', '/books/x', '-o', 'json'),
  );
  const verdict = JSON.parse(out) as Record<string, unknown>;
  assert.equal(code, 1);
  assert.deepEqual(Object.keys(verdict), [
    'allowed',
    'wouldDeny',
    'status',
    'reason',
    'message',
    'decidedBy',
    'route',
    'backends',
    'mtls',
    'nearMisses',
  ]);
  assert.deepEqual(
    [verdict['allowed'], verdict['status'], verdict['decidedBy']],
    [false, 403, { default: 'DenyByDefault' }],
  );
  const [near] = verdict['nearMisses'] as unknown[];
  assert.deepEqual(near, {
    object: { kind: 'HTTPRouteGroup', namespace: 'shop', name: 'books' },
    field: 'spec.matches[0]',
    why: 'path /books/x does not match /books/[0-9]+',
  });
});

test('explain -o yaml says the same', async () => {
  const argv = explain('--from', 'web/web', '--to', 'shop.shop', '--path', '/books/7');
  const { parse } = await import('yaml');
  const [json, yaml] = [await heddle([...argv, '-o', 'json']), await heddle([...argv, '-o', 'yaml'])];
  assert.deepEqual(parse(yaml.out), JSON.parse(json.out));
});

test('a missing namespace is the caller’s, headers repeat, and other callers get notes', async () => {
  assert.equal((await heddle(explain('--from', 'shop/shop', '--to', 'db:5432', '--protocol', 'tcp'))).code, 0);
  const { out } = await heddle(explain('--from', 'web/web', '--to', 'shop.shop', '-H', 'X-A: 1', '-H', 'x-a:2'));
  assert.match(out, /^GET \/ \(X-A: 1\) \(x-a: 2\) from web\/web/);
  const front = await heddle(explain('--from', 'heddle-system/front-door', '--to', 'shop.shop'));
  assert.equal(front.err, '');
});

test('wrong usage is said and ends with 2', async t => {
  const cases: [string[], RegExp][] = [
    [[], /^Usage: heddle/],
    [['expalin'], /unknown command 'expalin'\n\(Did you mean explain\?\)/],
    [['validate'], /required option '-f, --file <path\.\.\.>' not specified/],
    [['validate', '--fil', shop], /unknown option '--fil'\n\(Did you mean --file\?\)/],
    [['validate', '-f', shop, '-o', 'xml'], /'xml' is invalid\. Allowed choices are text, json, yaml\./],
    [['validate', 'more', '-f', shop], /too many arguments/],
    [['validate', '-f', path.join(testdata, 'nowhere')], /There is no file or folder testdata\/nowhere\./],
    [['help', 'valdate'], /unknown command 'valdate'\n\(Did you mean validate\?\)/],
    [['render'], /^Usage: heddle render/],
    [['render', 'envoi'], /unknown command 'envoi'\n\(Did you mean envoy\?\)/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish\./],
    [
      ['test', '-f', path.join(shop, 'policy.yaml')],
      /There is no object of kind Traffic in testdata\/shop\/policy\.yaml\./,
    ],
    [
      explain('--from', 'web', '--to', 'shop.shop'),
      /--from is written as NAMESPACE\/SERVICEACCOUNT or pod\/NAMESPACE\/NAME/,
    ],
    [explain('--from', 'pod/web/wep-0', '--to', 'shop.shop'), /no pod wep-0 in web\. Did you mean web-0\?/],
    [explain('--from', 'pod/web/outsider', '--to', 'shop.shop'), /Pod web\/outsider has no sidecar/],
    [
      explain('--from', 'shop/shop', '--to', 'db'),
      /several ports, so --to needs one: 5432 \(tcp-sql\), 8081 \(http-admin\)\. Write db:5432, say/,
    ],
    [explain('--from', 'web/web', '--to', 'shop.shop:http'), /is not a port/],
    [explain('--from', 'web/web', '--to', 'www.example.com'), /host outside the cluster/],
    [explain('--from', 'web/web', '--to', 'shop.shop', '-H', 'no'), /A header is written as/],
    [explain('--from', 'web/web', '--to', 'shop.shop', '--protocol', 'udp'), /Allowed choices are http, grpc, tcp/],
    [
      ['explain', '-f', path.join(testdata, 'depends.yaml'), '--from', 'shop/closed', '--to', 'mixed'],
      /depends on the pod behind shop\/mixed/,
    ],
    [
      ['render', 'envoy', '-f', shop, '--workload', 'shop/shop-v3'],
      /no workload shop\/shop-v3 .*Did you mean shop\/shop-v1 or shop\/shop-v2\?/,
    ],
    [['render', 'envoy', '-f', shop, '--workload', 'shop'], /--workload is written as NAMESPACE\/NAME/],
    [['version', '--config', 'nowhere.yaml'], /configuration file nowhere\.yaml can not be read/],
  ];
  for (const [argv, message] of cases) {
    await t.test(argv.join(' '), async () => {
      const { code, out, err } = await heddle(argv);
      assert.match(err, message);
      assert.equal(out, '');
      assert.equal(code, 2);
    });
  }
});

test('test fails a call that would see something else, or has no single answer', async () => {
  const failing = `apiVersion: heddle.dev/v1alpha1
kind: Traffic
metadata: {name: wrong}
calls:
  - {name: wrong share, from: web/web, to: "shop.shop:80", path: /books/1, expect: {verdict: allow, shares: {shop-v1: 0.5}}}
`;
  const { code, out, err } = await heddle(['test', '-f', shop, '-f', '-'], { stdin: failing });
  assert.equal(code, 1);
  assert.match(
    out,
    /^FAIL wrong share: expected allow, shop-v1 0\.5; seen allow 200, shop-v1 0\.75\n     TrafficTarget web-buys lets/m,
  );
  assert.equal(err, '7 calls, 6 ok, 1 failed\n');
  const mixed = await heddle(['test', '-f', path.join(testdata, 'depends.yaml'), '-o', 'json']);
  const [result] = JSON.parse(mixed.out) as Record<string, unknown>[];
  assert.equal(mixed.code, 1);
  assert.deepEqual([result?.['name'], result?.['ok'], result?.['seen']], ['shop/closed to mixed:80', false, null]);
});

test('render envoy writes the resources of a workload, and with --static a bootstrap', async () => {
  const argv = ['render', 'envoy', '-f', shop, '--workload', 'web/web', '-o', 'json'];
  const dynamic = JSON.parse((await heddle(argv)).out) as Record<string, { name?: string; clusterName?: string }[]>;
  const types = ['listeners', 'routes', 'clusters', 'endpoints', 'extensions', 'secrets', 'runtime'];
  assert.deepEqual(Object.keys(dynamic), types);
  assert.ok((dynamic['clusters'] ?? []).some(({ name }) => name?.includes('shop-v1')));
  assert.deepEqual(await heddle(argv), await heddle(argv));
  const bootstrap = JSON.parse((await heddle([...argv, '--static'])).out) as Record<string, unknown>;
  const resources = bootstrap['staticResources'] as Record<string, { name: string }[]>;
  assert.equal(bootstrap['dynamicResources'], undefined);
  assert.deepEqual(
    resources['secrets']?.slice(0, 2).map(({ name }) => name),
    ['workload-certificate', 'trust-bundle'],
  );
  assert.ok((resources['listeners'] ?? []).length >= 2);
  assert.doesNotMatch(JSON.stringify(bootstrap['layeredRuntime']), /rtds/);
});

test('colours: on a terminal only, unless told otherwise', async () => {
  const argv = ['validate', '-f', broken];
  const colored = async (world: World, ...more: string[]) =>
    (await heddle([...argv, ...more], world)).out.includes('\u{1B}[');
  assert.equal(await colored({}), false);
  assert.equal(await colored({ terminal: true }), true);
  assert.equal(await colored({ terminal: true }, '--no-color'), false);
  assert.equal(await colored({ terminal: true, environment: { NO_COLOR: '1' } }), false);
  assert.equal(await colored({ environment: { HEDDLE_COLOR: 'always' } }), true);
  assert.equal((await heddle(['help'], { terminal: true })).out.includes('\u{1B}[1m'), true);
});

test('a setting that can not be is wrong usage', async () => {
  const { code, err } = await heddle(['version'], { environment: { HEDDLE_EGRESS: 'maybe' } });
  assert.equal(err, 'error: HEDDLE_EGRESS is "maybe"; it can be allow, deny.\n');
  assert.equal(code, 2);
});

test('the binary itself: exit codes, streams, a reader that leaves early', () => {
  const bin = path.join(import.meta.dirname, '../../bin/heddle');
  const run = (...argv: string[]) => spawnSync(bin, argv, { encoding: 'utf8' });
  const version = run('version', '-o', 'json');
  assert.deepEqual(Object.keys(JSON.parse(version.stdout) as object), ['version', 'node', 'envoy']);
  assert.equal(version.status, 0);
  assert.match(run('--version').stdout, /^heddle \d+\.\d+\.\d+ \(Node\.js 24\./);
  assert.equal(run('validate', '-f', broken).status, 1);
  assert.equal(run('validat').status, 2);
  const early = spawnSync('sh', ['-c', `"$0" validate -f "$1" -o json | head -n 1`, bin, broken], { encoding: 'utf8' });
  assert.deepEqual([early.stdout, early.stderr], ['[\n', '']);
});

test('diagnose tells, step by step, what is wrong and what to change', async t => {
  golden(t, 'diagnose-broken.txt', await heddle(['diagnose', '-f', broken]));
  const call = ['--from', 'web/wep', '--to', 'shop.shop', '--path', '/books/7'];
  golden(t, 'diagnose-call.txt', await heddle(['diagnose', '-f', shop, ...call]));
});

test('diagnose in JSON has every step and every field', async () => {
  const { code, out } = await heddle(['diagnose', '-f', shop, '-o', 'json']);
  const { steps } = JSON.parse(out) as { steps: { step: string; outcome: string; items: object[] }[] };
  assert.equal(code, 0, out);
  assert.deepEqual(
    steps.map(({ step, outcome }) => `${step} ${outcome}`),
    ['accepted ok', 'routes note', 'profiles note', 'groups ok', 'references ok'],
  );
});

test('diagnose takes a whole call or none, and manifests or a mesh', async () => {
  assert.equal((await heddle(['diagnose', '-f', shop, '--from', 'shop/web'])).code, 2);
  assert.equal((await heddle(['diagnose', '-f', shop, '--run', '/nowhere'])).code, 2);
});
