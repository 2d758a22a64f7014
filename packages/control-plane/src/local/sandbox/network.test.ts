import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeNetworkCommands, podNetwork, podNetworkCommands } from './network.ts';

test('the first address of the range is the node’s', () => {
  assert.deepEqual(podNetwork('10.244.0.0/16'), { gateway: '10.244.0.1', prefixLength: 16 });
  assert.deepEqual(podNetwork('192.168.77.9/24'), { gateway: '192.168.77.1', prefixLength: 24 });
  for (const cidr of ['10.0.0.0', '10.0.0.0/31', '300.0.0.0/16', 'fd00::/64'])
    assert.throws(() => podNetwork(cidr), RangeError);
});

test('hardware addresses follow from addresses', () => {
  const network = podNetwork('10.244.0.0/16');
  assert.match(nodeNetworkCommands(network), /link add heddle0 address 02:00:0a:f4:00:01 type bridge/);
  assert.match(
    podNetworkCommands('10.244.1.16', 'pod1', network),
    /eth0 address 02:00:0a:f4:01:10 type veth peer name pod1/,
  );
});
