import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, environmentOf, readConfig } from './config.ts';

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

const lifetime = (written: string) =>
  readConfig({ environment: { HEDDLE_CERTIFICATE_LIFETIME: written }, flags: {} }).certificateLifetime;

test('a certificate lives as long as is written', () => {
  assert.deepEqual(['', '90m', '7d'].map(lifetime), ['24h', '90m', '7d']);
  for (const odd of ['24', '0h', '1.5h', '-1h', '1w', 'h'])
    assert.throws(
      () => lifetime(odd),
      /HEDDLE_CERTIFICATE_LIFETIME is ".*"; it is a whole number of minutes, hours or days/,
    );
});

test('what was given anywhere goes on to other processes of the mesh as environment', () => {
  const file = { name: 'h.yaml', content: { trustDomain: 'shop', egress: 'deny' } };
  const inherited = environmentOf(readConfig({ file, environment, flags: {} }));
  assert.deepEqual(inherited, {
    HEDDLE_TRUST_DOMAIN: 'shop',
    HEDDLE_CLUSTER_DOMAIN: 'cluster.local',
    HEDDLE_EGRESS: 'deny',
    HEDDLE_CERTIFICATE_LIFETIME: '24h',
  });
});
