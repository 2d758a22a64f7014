import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from './config.ts';

const environment = { HOME: '/home/ann' };

test('defaults', () => {
  const config = readConfig({ environment, flags: {} });
  assert.deepEqual([config.trustDomain, config.egress, config.color], ['cluster.local', 'allow', 'auto']);
  assert.equal(config.cacheDirectory, '/home/ann/.cache');
  assert.equal(config.envoy, undefined);
});

test('the nearest layer wins: defaults < file < environment < flags', () => {
  const file = {
    name: 'heddle.yaml',
    content: { trustDomain: 'file', egress: 'deny', color: 'always', envoy: '/file' },
  };
  const config = readConfig({
    file,
    environment: { ...environment, HEDDLE_TRUST_DOMAIN: 'environment', HEDDLE_COLOR: 'always', HEDDLE_ENVOY: '' },
    flags: { color: 'never' },
  });
  assert.deepEqual(
    [config.egress, config.trustDomain, config.color, config.envoy],
    ['deny', 'environment', 'never', '/file'],
  );
});

test('Heddle’s own variables come before those of the system', () => {
  const system = { ...environment, NO_COLOR: '1', XDG_CACHE_HOME: '/xdg' };
  assert.deepEqual(readConfig({ environment: system, flags: {} }).color, 'never');
  assert.deepEqual(readConfig({ environment: system, flags: {} }).cacheDirectory, '/xdg');
  const own = { ...system, HEDDLE_COLOR: 'always', HEDDLE_CACHE_DIRECTORY: '/own' };
  const { color, cacheDirectory } = readConfig({ environment: own, flags: {} });
  assert.deepEqual([color, cacheDirectory], ['always', '/own']);
});

function read(content: unknown): () => unknown {
  return () => readConfig({ file: { name: 'h.yaml', content }, environment, flags: {} });
}

test('what can not be is refused, with its place', () => {
  assert.throws(read({ egres: 'deny' }), /^ConfigError: h\.yaml: egres is not a setting; there are trustDomain, /);
  assert.throws(read({ egress: 'no' }), /h\.yaml: egress is "no"; it can be allow, deny\./);
  assert.throws(read({ trustDomain: 7 }), /h\.yaml: trustDomain must be a string\./);
  assert.throws(read([]), ConfigError);
  assert.doesNotThrow(read(null));
});
