import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAddress } from './address.ts';

const addresses = [
  '10.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '::',
  '::1',
  'fd00::1',
  'FD00:10:96::a',
  '1:2:3:4:5:6:7:8',
];

const others = [
  '',
  'None',
  '10.0.0',
  '10.0.0.1.2',
  '10.0.0.256',
  '10.0.0.01',
  '10.0.0.1/32',
  '10.0.0.1:80',
  ' 10.0.0.1',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '1::2::3',
  ':::',
  ':1::',
  '12345::',
  'fe80::1%eth0',
  '::ffff:10.0.0.1',
  'books.stock.svc',
];

for (const text of addresses) test(`${text} is an address`, () => assert.equal(isAddress(text), true));
for (const text of others) test(`${JSON.stringify(text)} is no address`, () => assert.equal(isAddress(text), false));
