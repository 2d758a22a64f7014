import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '@heddle/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { encode } from './encode.ts';
import { messageType } from './message-type.ts';
import { typeUrls } from './resource-type.ts';
import { type XdsObserver, XdsServer } from './server.ts';

const requestType = messageType<DeltaDiscoveryRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest');
const responseType = messageType<DeltaDiscoveryResponse>('envoy.service.discovery.v3.DeltaDiscoveryResponse');
const folder = mkdtempSync(join(tmpdir(), 'heddle-xds-'));
after(() => rmSync(folder, { recursive: true }));

let abort = new AbortController();
const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  abort.abort();
});

function serve(observer: XdsObserver = {}, now?: () => Date): XdsServer {
  abort = new AbortController();
  const server = new XdsServer({ observer, ...(now && { now }) });
  void server.run(abort.signal);
  return server;
}

type Call = ClientDuplexStream<Uint8Array, DeltaDiscoveryResponse>;

function connect(address: string): Call {
  const client = new Client(address, credentials.createInsecure());
  clients.push(client);
  const call = client.makeBidiStreamRequest<Uint8Array, DeltaDiscoveryResponse>(
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    bytes => Buffer.from(bytes),
    bytes => fromBinary(responseType, bytes),
  );
  call.on('error', () => {});
  return call;
}

function ask(call: Call, node: string | undefined, nonce = ''): void {
  const who = node === undefined ? {} : { node: { id: node } };
  call.write(toBinary(requestType, create(requestType, { typeUrl: typeUrls.cluster, responseNonce: nonce, ...who })));
}

async function failure(call: Call): Promise<[status, string]> {
  const [error] = (await once(call, 'error')) as [ServiceError];
  return [error.code, error.details];
}

const snapshot = (...names: string[]) => ({ groups: [{ resources: names.map(name => encode('cluster', { name })) }] });

test('serves a node on its own socket, and says when it has everything', async () => {
  const synced = Promise.withResolvers<unknown>();
  let time = 0;
  const server = serve({ synced: event => synced.resolve(event) }, () => new Date((time += 1000)));
  const path = join(folder, 'a.sock');
  writeFileSync(path, 'left behind');
  const { address } = await server.listen({ path, node: 'n' });
  const published = snapshot('a');
  assert.equal(server.publish('n', published), true);
  assert.equal(server.publish('n', { groups: [...published.groups] }), false);
  assert.deepEqual(
    server.status().map(({ connected, inSync }) => [connected, inSync]),
    [[false, false]],
  );

  const call = connect(address);
  ask(call, 'n');
  const [response] = (await once(call, 'data')) as [DeltaDiscoveryResponse];
  assert.deepEqual(
    response.resources.map(({ name }) => name),
    ['a'],
  );
  ask(call, undefined, response.nonce);
  const event = (await synced.promise) as { node: string };
  assert.equal(event.node, 'n');
  const [node] = server.status();
  assert.deepEqual([node?.connected, node?.inSync, node?.types.length], [true, true, 1]);
  assert.equal(node?.since.getTime(), time);
});

test('a socket proves who connects: another node id is refused', async () => {
  const refused: unknown[] = [];
  const server = serve({ refused: event => refused.push(event.claimed) });
  const { address } = await server.listen({ path: join(folder, 'b.sock'), node: 'n' });
  server.publish('m', snapshot('a'));
  const call = connect(address);
  const failed = failure(call);
  ask(call, 'm');
  assert.deepEqual(await failed, [status.PERMISSION_DENIED, 'this socket belongs to node "n", not to "m"']);
  assert.deepEqual(refused, ['m']);
});

test('over TCP any node id is believed, but there must be one', async () => {
  const server = serve();
  const { address } = await server.listen({ port: 0 });
  server.publish('m', snapshot('a'));
  const call = connect(address);
  ask(call, 'm');
  await once(call, 'data');
  const nobody = connect(address);
  const failed = failure(nobody);
  ask(nobody, undefined);
  assert.deepEqual(await failed, [status.INVALID_ARGUMENT, 'the first request names no node']);
});

test('a node that connects first waits for its snapshot', async () => {
  const connected = Promise.withResolvers<void>();
  const server = serve({ connected: () => connected.resolve() });
  const { address } = await server.listen({ port: 0 });
  const call = connect(address);
  ask(call, 'n');
  await connected.promise;
  const data = once(call, 'data');
  server.publish('n', snapshot('a'));
  const [response] = (await data) as [DeltaDiscoveryResponse];
  assert.deepEqual(
    response.resources.map(({ name }) => name),
    ['a'],
  );
});

test('forgetting a node ends its streams; nothing of it is left', async () => {
  const connected = Promise.withResolvers<void>();
  const disconnected = Promise.withResolvers<void>();
  const server = serve({ connected: () => connected.resolve(), disconnected: () => disconnected.resolve() });
  const { address } = await server.listen({ port: 0 });
  server.publish('n', snapshot('a'));
  const call = connect(address);
  const failed = failure(call);
  ask(call, 'n');
  await connected.promise;
  server.forget('n');
  assert.equal((await failed)[0], status.UNAVAILABLE);
  await disconnected.promise;
  assert.deepEqual(server.status(), []);
});

test('ends with its signal, and leaves no socket behind', async () => {
  const server = serve();
  const path = join(folder, 'c.sock');
  const { address } = await server.listen({ path, node: 'n' });
  server.publish('n', snapshot('a'));
  const call = connect(address);
  const failed = failure(call);
  ask(call, 'n');
  await once(call, 'data');
  abort.abort();
  await failed;
  assert.equal(existsSync(path), false);
});

test('an address that is taken as the server ends is given up', async () => {
  const path = join(folder, 'late.sock');
  const server = serve();
  abort.abort();
  await Promise.resolve();
  await server.listen({ path, node: 'a' });
  const call = connect(`unix:${path}`);
  ask(call, 'a');
  assert.equal((await failure(call))[0], status.UNAVAILABLE);
});

test('tells that a sidecar went, came back and is in sync, although it is sent nothing', async () => {
  const told = { moved: (): void => {} };
  const server = serve({ moved: () => told.moved() });
  const { address } = await server.listen({ port: 0 });
  const until = (wanted: string) =>
    new Promise<void>(resolve => {
      const look = (): void => {
        const [node] = server.status();
        if (`${node?.connected} ${node?.inSync}` === wanted) resolve();
      };
      told.moved = look;
      look();
    });
  server.publish('n', { groups: [] });
  for (let turn = 0; turn < 2; turn++) {
    const call = connect(address);
    ask(call, 'n');
    await once(call, 'data');
    ask(call, 'n', '1');
    await until('true true');
    call.end();
    await until('false false');
  }
});
