// H2, H3, T12: protocols as applications speak them, through real sidecars: TLS of their own, WebSocket, HTTP/2, gRPC.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { renewServing } from '../../../packages/control-plane/src/identity/serving-certificate.ts';
import { Place, RunningUp } from '../up-harness.ts';
import type { Seen } from './speaker.ts';

const program = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'speaker.ts')];

const pod = (namespace: string, name: string, command: readonly string[], more = '') => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec: {serviceAccountName: ${name}, containers: [{name: ${name}, image: node:24, command: ${JSON.stringify(command)}${more}}]}
---`;
const idle = [process.execPath, '-e', 'setInterval(() => {}, 2 ** 30)'];

const manifests = (certificate: string, key: string) => `${pod('shop', 'web', idle)}${pod('shop', 'reader', idle)}
${pod('stock', 'db', [...program, 'serve', certificate, key], ', readinessProbe: {tcpSocket: {port: 8081}}')}
apiVersion: v1
kind: Service
metadata: {name: db, namespace: stock}
spec:
  selector: {app: db}
  ports: [{name: tls, port: 8443}, {name: http, port: 8080}, {name: h2c, port: 8081, appProtocol: kubernetes.io/h2c}]
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: stock}
spec: {matches: [{name: chat, pathRegex: /chat, methods: [GET]}, {name: page, pathRegex: /page}, {name: rpc, pathRegex: "/db[.]Db/Get"}]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: tls, namespace: stock}
spec: {matches: {name: tls, ports: [8443]}}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: requests, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: db}
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
  rules: [{kind: HTTPRouteGroup, name: routes}]
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: bytes, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: db}
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
  rules: [{kind: TCPRoute, name: tls}]
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: reading, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: db}
  sources: [{kind: ServiceAccount, name: reader, namespace: shop}]
  rules: [{kind: HTTPRouteGroup, name: routes, matches: [page]}]
`;

describe('protocols as applications speak them', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.empty();
    const { serving, trustBundlePem } = renewServing(undefined, ['inside.example'], new Date());
    const at = (name: string) => join(place.directory, name);
    await writeFile(at('serving.pem'), serving.certificatePem);
    await writeFile(at('serving.key'), serving.privateKey.reveal());
    await writeFile(at('roots.pem'), trustBundlePem);
    await writeFile(join(place.manifests, 'mesh.yaml'), manifests(at('serving.pem'), at('serving.key')));
    up = new RunningUp(place);
    await up.until(/^Ready after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  async function ask(client: string): Promise<Seen> {
    const command = [...program, 'ask', 'db.stock', join(place.directory, 'roots.pem')];
    const { out, err } = await place.run(['exec', client, '--', ...command]);
    assert.notEqual(out, '', err);
    return JSON.parse(out) as Seen;
  }

  test('who is let in speaks to the application itself, by its own certificate where it has one', async () => {
    assert.deepEqual(await ask('web'), {
      tls: 'over TLS of its own as DNS:inside.example',
      websocket: 'frame',
      http2: '200',
      grpc: '200 0',
    } satisfies Seen);
  });

  test('who is not is told in the words of each protocol', async () => {
    assert.deepEqual(await ask('reader'), {
      tls: 'failed: closed',
      websocket: '403',
      http2: '200',
      grpc: '200 7',
    } satisfies Seen);
  });
});
