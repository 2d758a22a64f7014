import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import type { Cluster, ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { EncodeError, encode } from './encode.ts';
import { messageType } from './message-type.ts';

const socket = (typedConfig: object) => ({ name: 'a', transportSocket: { name: 't', typedConfig } }) as ClusterJson;
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

test('encodes the message with its extensions, under a hash of the bytes', () => {
  const json = socket({ '@type': tls, sni: 'x' });
  const resource = encode('cluster', json);
  const cluster = fromBinary(messageType<Cluster>('envoy.config.cluster.v3.Cluster'), resource.bytes);
  assert.equal(cluster.name, 'a');
  assert.equal(cluster.transportSocket?.configType.value?.typeUrl, tls);
  assert.equal(resource.name, 'a');
  assert.equal(resource.typeUrl, 'type.googleapis.com/envoy.config.cluster.v3.Cluster');
  assert.match(resource.version, /^[\w-]{22}$/);
});

test('the same object is encoded once', () => {
  const json = { name: 'a' };
  assert.equal(encode('cluster', json), encode('cluster', json));
  assert.equal(encode('listener', json).typeUrl, 'type.googleapis.com/envoy.config.listener.v3.Listener');
});

test('equal content has one version, whatever the order of its keys', () => {
  const limits = { rq: { '@type': tls, sni: 'x' }, aq: { '@type': tls, sni: 'y' } };
  const a = encode('cluster', { name: 'a', connectTimeout: '1s', typedExtensionProtocolOptions: limits });
  const b = encode('cluster', {
    typedExtensionProtocolOptions: { aq: limits.aq, rq: limits.rq },
    connectTimeout: '1s',
    name: 'a',
  });
  assert.equal(a.version, b.version);
  assert.notEqual(a.version, encode('cluster', { name: 'a', connectTimeout: '2s' }).version);
});

test('endpoints are named by their cluster', () => {
  assert.equal(encode('endpoints', { clusterName: 'a' }).name, 'a');
});

test('a cluster says which endpoints must follow it', () => {
  assert.equal(encode('cluster', { name: 'a', type: 'EDS' }).endpoints, 'a');
  assert.equal(encode('cluster', { name: 'a', type: 'EDS', edsClusterConfig: { serviceName: 'b' } }).endpoints, 'b');
  assert.equal(encode('cluster', { name: 'a', type: 'STATIC' }).endpoints, undefined);
});

test('a version can be given', () => {
  const resource = encode('secret', { name: 's' }, { version: 'v', accepts: version => version === 'u' });
  assert.equal(resource.version, 'v');
  assert.equal(resource.accepts?.('u'), true);
});

test('an unknown field is refused, naming resource and field', () => {
  const json = {
    name: 'a',
    loadAssignment: { clusterName: 'a', endpoints: [{ colour: 'red' } as object] },
  } as ClusterJson;
  assert.throws(
    () => encode('cluster', json),
    (error: unknown) =>
      error instanceof EncodeError &&
      error.resource === 'a' &&
      /Cluster "a": .*LocalityLbEndpoints.*"colour"/.test(error.message),
  );
});

test('an unknown field inside an extension, an unknown extension and a missing name are refused', () => {
  assert.throws(() => encode('cluster', socket({ '@type': tls, colour: 'red' })), /Cluster "a": .*colour/);
  assert.throws(
    () => encode('cluster', socket({ '@type': 'type.googleapis.com/no.such.Type' })),
    /Cluster "a": .*no\.such\.Type/,
  );
  assert.throws(() => encode('cluster', {}), /Cluster "": has no name/);
});
