import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommandLine } from '../run-command-line.ts';

async function convert(stdin: string, ...argv: readonly string[]) {
  const written = { out: '', err: '' };
  const output = (to: 'out' | 'err') => ({ write: (text: string) => void (written[to] += text), isTerminal: false });
  const code = await runCommandLine(['convert', '-f', '-', ...argv], {
    stdout: output('out'),
    stderr: output('err'),
    environment: {},
    readStdin: async () => stdin,
    interruption: () => new AbortController().signal,
  });
  return { code, ...written };
}

const target = `# Who may call books.
apiVersion: access.smi-spec.io/v1alpha1
kind: TrafficTarget
metadata:
  name: books # the name
# Whose pods.
destination: {kind: ServiceAccount, name: books, port: 8080}
sources:
  - kind: ServiceAccount
    name: web # the web
# What.
specs:
  - {kind: HTTPRouteGroup, name: routes}
`;

const service = `apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {app: "a"}} # as it was
`;

const split = `apiVersion: split.smi-spec.io/v1alpha1
kind: TrafficSplit
metadata:
  name: a
spec:
  service: a
  backends:
    - service: b
      weight: 500m # a third
    - {service: c, weight: "1"}
`;

test('fields move, with their comments and in their order (V1)', async () => {
  const { code, out, err } = await convert(target, '--to', 'access.smi-spec.io/v1alpha4');
  assert.deepEqual([code, err], [0, '']);
  assert.equal(
    out,
    `# Who may call books.
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata:
  name: books # the name
spec:
  # Whose pods.
  destination: {kind: ServiceAccount, name: books, port: 8080}
  sources:
    - kind: ServiceAccount
      name: web # the web
  # What.
  rules:
    - {kind: HTTPRouteGroup, name: routes}
`,
  );
});

test('there and back again is the same text, other objects and quantities included (V3, V4)', async () => {
  const text = [target, service, split].join('---\n');
  for (const group of ['access', 'split']) {
    const there = await convert(text, '--to', `${group}.smi-spec.io/v1alpha4`);
    assert.notEqual(there.out, text);
    const back = await convert(there.out, '--to', `${group}.smi-spec.io/v1alpha1`);
    assert.deepEqual([back.code, back.err], [0, '']);
    assert.equal(back.out, text);
  }
});

test('one object is JSON as it is, several are a List', async () => {
  const one = JSON.parse((await convert(split, '--to', 'split.smi-spec.io/v1alpha2', '-o', 'json')).out);
  assert.deepEqual(one.spec.backends, [
    { service: 'b', weight: 1 },
    { service: 'c', weight: 2 },
  ]);
  const two = JSON.parse((await convert(`${split}---\n${service}`, '--to', one.apiVersion, '-o', 'json')).out);
  assert.deepEqual([two.kind, two.items.length], ['List', 2]);
  const back = await convert(JSON.stringify(two), '--to', 'split.smi-spec.io/v1alpha1', '-o', 'json');
  assert.equal(JSON.parse(back.out).items[0].spec.backends[0].weight, '500m');
});

test('items of a list are converted where they stand', async () => {
  const item = split.replaceAll(/^/gm, '    ').trim();
  const { out } = await convert(
    `apiVersion: v1\nkind: List\nitems:\n  - ${item}\n`,
    '--to',
    'split.smi-spec.io/v1alpha4',
  );
  assert.match(out, /^ {2}- apiVersion: split\.smi-spec\.io\/v1alpha4$/m);
});

test('an object that has no such version is named with its place, and nothing is written', async () => {
  const binding = `apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: a}\nspec: {schemes: {}}\n`;
  const { code, out, err } = await convert(`${target}---\n${binding}`, '--to', 'access.smi-spec.io/v1alpha3');
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^<stdin>:15:1 error SMI1012 UnsupportedVersion: IdentityBinding has the versions v1alpha4 /);
});

test('what no longer counts of another version is told, and left out (V4)', async () => {
  const { out } = await convert(split, '--to', 'split.smi-spec.io/v1alpha4');
  const changed = out.replace('weight: 1', 'weight: 5');
  const back = await convert(changed, '--to', 'split.smi-spec.io/v1alpha1');
  assert.equal(back.code, 0);
  assert.match(back.err, /^<stdin>:\d+:\d+ warning SMI1022 StaleConversion: /);
  assert.doesNotMatch(back.out, /annotations/);
});

test('wrong usage ends with exit code 2 and says what there is', async () => {
  assert.match(
    (await convert(split, '--to', 'split.smi-spec.io/v1alpha9')).err,
    /There are split\.smi-spec\.io\/v1alpha1, /,
  );
  assert.equal((await convert(split, '--to', 'v1alpha4')).code, 2);
  assert.match(
    (await convert(service, '--to', 'split.smi-spec.io/v1alpha4')).err,
    /no object of split\.smi-spec\.io in -/,
  );
  assert.equal((await convert('a: [', '--to', 'split.smi-spec.io/v1alpha4')).code, 1);
});
