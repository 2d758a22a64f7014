import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { BootstrapSchema } from '@heddle/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import { sidecarBootstrap, sidecarNodeId } from './bootstrap.ts';

const options = {
  nodeId: sidecarNodeId({ ip: '10.244.0.2', name: 'a-0', namespace: 'shop' }),
  nodeCluster: 'shop/a-0',
  caller: 'a.shop',
  admin: { pipe: '/run/admin.sock' },
  xds: { pipe: '/run/xds.sock' },
} as const;

test('a sidecar says who it is, and takes everything from the control plane by delta ADS', () => {
  const bootstrap = sidecarBootstrap(options);
  assert.equal(bootstrap.node?.id, 'sidecar~10.244.0.2~a-0.shop~local');
  assert.deepEqual(bootstrap.node.metadata, { caller: 'a.shop' });
  assert.equal(bootstrap.dynamicResources?.adsConfig?.apiType, 'DELTA_GRPC');
  assert.deepEqual(
    bootstrap.staticResources?.clusters?.map(cluster => cluster.name),
    ['xds'],
  );
  assert.equal(bootstrap.staticResources?.listeners, undefined);
});

test('its connections are marked where interception is to know them', () => {
  assert.equal(sidecarBootstrap(options).clusterManager?.upstreamBindConfig, undefined);
  const marked = sidecarBootstrap({ ...options, mark: 1337 }).clusterManager?.upstreamBindConfig;
  assert.equal(marked?.socketOptions?.[0]?.intValue, '1337');
});

test('repeated headers are matched joined, and expressions are bounded by policy, not by Envoy', () => {
  const runtime = sidecarBootstrap(options).layeredRuntime?.layers?.[0]?.staticLayer;
  assert.equal(runtime?.['envoy.reloadable_features.match_headers_individually'], false);
  assert.equal(runtime?.['envoy.reloadable_features.rbac_match_headers_individually'], false);
  assert.equal(runtime?.['re2.max_program_size.error_level'], 100_000);
});

test('the control plane can be at a TCP address', () => {
  const [cluster] =
    sidecarBootstrap({ ...options, xds: { address: '127.0.0.1', port: 15010 } }).staticResources?.clusters ?? [];
  const address = cluster?.loadAssignment?.endpoints?.[0]?.lbEndpoints?.[0]?.endpoint?.address;
  assert.deepEqual(address, { socketAddress: { address: '127.0.0.1', portValue: 15010 } });
});

test('it is proto3 JSON of Envoy’s bootstrap', () => {
  const bootstrap = sidecarBootstrap({ ...options, mark: 1337 });
  // Extensions are checked by Envoy itself, in the integration tests.
  const known = JSON.parse(JSON.stringify(bootstrap), (key, value: JsonValue) =>
    key === 'typedExtensionProtocolOptions' || key === 'typedConfig' ? undefined : value,
  ) as JsonValue;
  assert.doesNotThrow(() => fromJson(BootstrapSchema, known));
});
