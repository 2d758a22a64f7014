import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { runCommandLine } from '../run-command-line.ts';

async function translate(stdin: string, ...argv: readonly string[]) {
  const written = { out: '', err: '' };
  const output = (to: 'out' | 'err') => ({ write: (text: string) => void (written[to] += text), isTerminal: false });
  const code = await runCommandLine(['translate', '-f', '-', '--to', 'gateway-api', ...argv], {
    stdout: output('out'),
    stderr: output('err'),
    environment: {},
    readStdin: async () => stdin,
    interruption: () => new AbortController().signal,
  });
  return { code, ...written };
}

const services = ['books', 'books-v1', 'books-v2']
  .map(name => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{name: http, port: 80}]}\n`)
  .join('---\n');

const split = (name: string, weights: readonly number[]) => `---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: ${name}}
spec: {service: books, backends: [{service: books-v1, weight: ${weights[0]}}, {service: books-v2, weight: ${weights[1]}}]}
`;

test('an object says where it came from', async () => {
  const { code, out, err } = await translate(services + split('canary', [3, 1]));
  assert.deepEqual([code, err], [0, '']);
  assert.equal(
    out,
    `# From TrafficSplit default/canary.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: books-80
  namespace: default
  labels:
    app.kubernetes.io/managed-by: heddle
spec:
  parentRefs:
    - group: ""
      kind: Service
      name: books
      port: 80
  rules:
    - backendRefs:
        - name: books-v1
          port: 80
          weight: 3
        - name: books-v2
          port: 80
          weight: 1
`,
  );
});

test('what the target can not say is told; --strict refuses it', async () => {
  const lenient = await translate(services + split('canary', [0, 0]));
  assert.equal(lenient.code, 0);
  assert.match(lenient.err, /warning SMI5003 Approximated: The Gateway API answers 500/);
  const strict = await translate(services + split('canary', [0, 0]), '--strict');
  assert.deepEqual([strict.code, strict.out], [1, '']);
  assert.match(strict.err, /error SMI5003 Approximated/);
});

test('a file for each object; those of another run go, files of others stay', async context => {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-translate-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'own.yaml'), 'kind: Own\n');
  const first = await translate(services + split('canary', [3, 1]), '--out', folder);
  assert.equal(first.err, `${folder}: 1 written, 0 as they were, 0 removed\n`);
  const file = path.join(folder, 'default', 'httproute-books-80.yaml');
  assert.match(readFileSync(file, 'utf8'), /^# Made by heddle translate --to gateway-api/);
  const again = await translate(services + split('canary', [3, 1]), '--out', folder);
  assert.equal(again.err, `${folder}: 0 written, 1 as they were, 0 removed\n`);
  const gone = await translate(services, '--out', folder);
  assert.equal(gone.err, `${folder}: 0 written, 0 as they were, 1 removed\n`);
  assert.deepEqual(readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted(), ['default', 'own.yaml']);
});

test('an object that is refused is left out, with exit code 1', async () => {
  const { code, out, err } = await translate(services + split('canary', [-1, 1]));
  assert.equal(code, 1);
  assert.match(err, /error SMI1006 InvalidWeight/);
  assert.match(out, /name: books-v2/);
});
