import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { runCommandLine } from '../run-command-line.ts';

async function inject(stdin: string, ...argv: readonly string[]) {
  const written = { out: '', err: '' };
  const output = (to: 'out' | 'err') => ({ write: (text: string) => void (written[to] += text), isTerminal: false });
  const code = await runCommandLine(['inject', '-f', '-', ...argv], {
    stdout: output('out'),
    stderr: output('err'),
    environment: {},
    readStdin: async () => stdin,
    interruption: () => new AbortController().signal,
  });
  return { code, ...written };
}

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop} # the web
spec:
  # two of them
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app # the application
          image: app:1
---
# beside it
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
`;

test('a manifest is injected in place: comments, order and what makes no pods stay', async () => {
  const { code, out, err } = await inject(manifest);
  assert.equal(code, 0);
  assert.equal(err, 'Deployment shop/web: injected\n');
  for (const comment of ['# the web', '# two of them', '# the application', '# beside it'])
    assert.ok(out.includes(comment));
  const [deployment, service] = parseAllDocuments(out).map(document => document.toJS() as unknown);
  assert.match(JSON.stringify(deployment), /"name":"heddle-sidecar".*"restartPolicy":"Always"/);
  assert.deepEqual(service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { ports: [{ port: 80 }] },
  });
});

test('injecting twice changes nothing', async () => {
  const once = await inject(manifest);
  const twice = await inject(once.out);
  assert.equal(twice.out, once.out);
  assert.equal(twice.err, 'Deployment shop/web: left alone, it has a sidecar already\n');
});

test('the image can be chosen, and the sidecar be a container like any other', async () => {
  const { out } = await inject(manifest, '--no-native-sidecars', '--sidecar-image', 'mine/envoy:2');
  assert.match(out, /image: mine\/envoy:2/);
  assert.doesNotMatch(out, /restartPolicy/);
});

test('a bad annotation: nothing is written, and a sentence says why', async () => {
  const bad = manifest.replace('{labels: {app: web}}', '{annotations: {heddle.dev/exclude-inbound-ports: "x"}}');
  const { code, out, err } = await inject(bad);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^Deployment shop\/web: The annotation heddle\.dev\/exclude-inbound-ports must be ports/);
});

test('where nothing makes pods that is said', async () => {
  const { code, err } = await inject('apiVersion: v1\nkind: Service\nmetadata: {name: a}\n');
  assert.equal(code, 2);
  assert.match(err, /Nothing in - makes pods/);
});
