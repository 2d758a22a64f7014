import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath } from '@heddle/smi';
import { readService } from './service.ts';

const read = (spec: unknown, annotations = {}) =>
  readService({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'books', namespace: 'stock', annotations },
    spec,
  });

const good = (spec: unknown, annotations?: object) => {
  const { value, violations } = read(spec, annotations);
  assert.deepEqual(violations, []);
  assert.ok(value);
  return value;
};

const addresses = (spec: object) => good(spec).addresses;
const exposed = (value: string) => good(undefined, { 'heddle.dev/expose': value }).exposed;
const target = (targetPort: unknown) => good({ ports: [{ port: 80, targetPort }] }).ports[0]?.targetPort;

test('a Service with what Kubernetes adds where nothing is written', () => {
  assert.deepEqual(good({ clusterIP: '10.96.1.1', ports: [{ port: 80 }] }), {
    addresses: ['10.96.1.1'],
    headless: false,
    publishNotReady: false,
    selector: undefined,
    ports: [
      {
        name: '',
        number: 80,
        targetPort: 80,
        transport: 'TCP',
        appProtocol: undefined,
        path: ['spec', 'ports', 0],
      },
    ],
    exposed: false,
  });
});

test('addresses: none of a headless Service, all of one with two families', () => {
  assert.deepEqual(addresses({ clusterIP: 'None', clusterIPs: ['None'] }), []);
  assert.deepEqual(addresses({}), []);
  assert.deepEqual(addresses({ clusterIP: '' }), []);
  assert.deepEqual(addresses({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] }), ['10.0.0.1', 'fd00::1']);
});

test('a Service may show pods that are not ready', () => {
  assert.equal(good({ clusterIP: 'None', publishNotReadyAddresses: true }).publishNotReady, true);
});

test('a target port is a number, a name, or a number in quotes', () => {
  assert.equal(target(8080), 8080);
  assert.equal(target('web-1'), 'web-1');
  assert.equal(target('8080'), 8080);
  assert.equal(target(undefined), 80);
});

test('one number may be there over TCP and UDP', () => {
  assert.equal(good({ ports: [{ port: 53 }, { port: 53, protocol: 'UDP', name: 'udp' }] }).ports.length, 2);
});

test('a Service is shown by the front door when it says so', () => {
  assert.equal(exposed('true'), true);
  assert.equal(exposed(''), true);
  assert.equal(exposed('false'), false);
});

const first = { port: 79, name: 'first' };

const badPorts: readonly (readonly [what: string, port: unknown, field: string])[] = [
  ['no number', { name: 'a' }, 'port'],
  ['a fraction', { port: 80.5 }, 'port'],
  ['a number beyond the last', { port: 99_999 }, 'port'],
  ['a number in quotes', { port: '80' }, 'port'],
  ['a target of zero', { port: 80, targetPort: 0 }, 'targetPort'],
  ['a target beyond the last', { port: 80, targetPort: 65_536 }, 'targetPort'],
  ['a target beyond the last, in quotes', { port: 80, targetPort: '70000' }, 'targetPort'],
  ['a target that is a fraction', { port: 80, targetPort: 8080.5 }, 'targetPort'],
  ['a target with a name in capitals', { port: 80, targetPort: 'Web' }, 'targetPort'],
  ['a target with too long a name', { port: 80, targetPort: 'a-name-of-16-let' }, 'targetPort'],
  ['a target with a name that begins with a dash', { port: 80, targetPort: '-web' }, 'targetPort'],
  ['a target that is a list', { port: 80, targetPort: [] }, 'targetPort'],
  ['another protocol', { port: 80, protocol: 'HTTP' }, 'protocol'],
  ['a name that is a number', { port: 80, name: 80 }, 'name'],
  ['an application protocol that is a list', { port: 80, appProtocol: [] }, 'appProtocol'],
  ['the number of another one', { port: 79, name: 'other' }, 'port'],
  ['the name of another one', { port: 80, name: 'first' }, 'name'],
];

for (const [what, port, field] of badPorts) {
  test(`a port is left out and said with ${what}`, () => {
    const { value, violations } = read({ ports: [first, port] });
    assert.deepEqual(
      value?.ports.map(({ number }) => number),
      [79],
    );
    assert.deepEqual(
      violations.map(({ reason, path }) => `${reason} ${formatPath(path)}`),
      [`InvalidField spec.ports[1].${field}`],
    );
  });
}

const badParts: readonly (readonly [what: string, spec: unknown, field: string])[] = [
  ['a spec that is a list', [], 'spec'],
  ['ports that are a map', { ports: {} }, 'spec.ports'],
  ['a port that is a number', { ports: [80] }, 'spec.ports[0]'],
  ['an address that is none', { clusterIP: '10.0.0.300' }, 'spec.clusterIP'],
  ['an address among others that is none', { clusterIPs: ['10.0.0'] }, 'spec.clusterIPs[0]'],
  ['a selector that is a list', { selector: ['app'] }, 'spec.selector'],
  ['a selector with a number', { selector: { app: 'a', version: 1 } }, 'spec.selector.version'],
];

for (const [what, spec, field] of badParts) {
  test(`nothing is made of ${what}`, () => {
    const { value, violations } = read(spec);
    const nothing = { addresses: [], headless: false, publishNotReady: false, selector: undefined, ports: [] };
    assert.deepEqual(value, { ...nothing, exposed: false });
    assert.deepEqual(
      violations.map(({ reason, path }) => `${reason} ${formatPath(path)}`),
      [`InvalidField ${field}`],
    );
  });
}
