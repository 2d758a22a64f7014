import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInRange } from './address-range.ts';

test('an address is in a range when it begins with its bits', () => {
  const table: readonly [address: string, range: string, expected: boolean][] = [
    ['10.96.0.1', '10.96.0.0/12', true],
    ['10.111.255.255', '10.96.0.0/12', true],
    ['10.112.0.0', '10.96.0.0/12', false],
    ['10.95.255.255', '10.96.0.0/12', false],
    ['172.20.3.4', '172.20.3.4/32', true],
    ['172.20.3.4', '172.20.3.4', true],
    ['172.20.3.5', '172.20.3.4', false],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['192.168.200.7', '192.168.128.0/17', true],
    ['192.168.100.7', '192.168.128.0/17', false],
    ['fd00:10:96::1', 'fd00:10:96::/112', true],
    ['fd00:10:96::1:1', 'fd00:10:96::/112', false],
    ['fd00:10:96:0:0:0:0:ff', 'fd00:10:96::/112', true],
    ['fd00:10:97::1', 'fd00:10:96::/47', true],
    ['fd00:10:98::1', 'fd00:10:96::/47', false],
    ['::1', '::1', true],
    ['::1', '10.96.0.0/12', false],
    ['10.96.0.1', '::/0', false],
  ];
  for (const [address, range, expected] of table)
    assert.equal(isInRange(address, range), expected, `${address} ${range}`);
});
