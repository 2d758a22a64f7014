import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '@heddle/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { decodeDeltaRequest, encodeDeltaResponse } from './delta-wire.ts';
import { encode } from './encode.ts';
import { messageType } from './message-type.ts';

const requestType = messageType<DeltaDiscoveryRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest');
const responseType = messageType<DeltaDiscoveryResponse>('envoy.service.discovery.v3.DeltaDiscoveryResponse');

test('a joined response is the message that protobuf would have written', () => {
  const resources = [encode('cluster', { name: 'a', connectTimeout: '1s' }), encode('cluster', { name: 'b' })];
  const bytes = encodeDeltaResponse({ typeUrl: 'T', nonce: '7', resources, removed: ['c', 'd'] });
  const whole = create(responseType, {
    typeUrl: 'T',
    nonce: '7',
    removedResources: ['c', 'd'],
    resources: resources.map(({ name, version, typeUrl, bytes: value }) => ({
      name,
      version,
      resource: { typeUrl, value },
    })),
  });
  assert.deepEqual(
    fromBinary(responseType, new Uint8Array(bytes)),
    fromBinary(responseType, toBinary(responseType, whole)),
  );
  assert.deepEqual(encodeDeltaResponse({ typeUrl: 'T', nonce: '7', resources, removed: ['c', 'd'] }), bytes);
});

test('a response of nothing has its type and nonce', () => {
  const response = fromBinary(
    responseType,
    encodeDeltaResponse({ typeUrl: 'T', nonce: '1', resources: [], removed: [] }),
  );
  assert.deepEqual([response.typeUrl, response.nonce, response.resources], ['T', '1', []]);
});

test('reads a request', () => {
  const request = create(requestType, {
    node: { id: 'n' },
    typeUrl: 'T',
    resourceNamesSubscribe: ['a'],
    resourceNamesUnsubscribe: ['b'],
    initialResourceVersions: { c: '1' },
    responseNonce: '3',
    errorDetail: { code: 13, message: 'bad' },
  });
  assert.deepEqual(decodeDeltaRequest(toBinary(requestType, request)), {
    nodeId: 'n',
    typeUrl: 'T',
    subscribe: ['a'],
    unsubscribe: ['b'],
    initialVersions: { c: '1' },
    nonce: '3',
    error: 'bad',
  });
});
