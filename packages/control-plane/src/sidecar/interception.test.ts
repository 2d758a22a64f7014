import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interceptionRules } from './interception.ts';

test('everything but loopback and the sidecar’s own traffic is redirected', () => {
  const { ipv4, ipv6 } = interceptionRules({ sidecar: { mark: 1337 } });
  assert.equal(
    ipv4,
    `*nat
:HEDDLE_INBOUND - [0:0]
:HEDDLE_OUTBOUND - [0:0]
-A PREROUTING -p tcp -j HEDDLE_INBOUND
-A OUTPUT -p tcp -j HEDDLE_OUTBOUND
-A HEDDLE_INBOUND -i lo -j RETURN
-A HEDDLE_INBOUND -p tcp -j REDIRECT --to-ports 15006
-A HEDDLE_OUTBOUND -o lo ! -d 127.0.0.0/8 -p tcp -m mark --mark 0x539 -j REDIRECT --to-ports 15006
-A HEDDLE_OUTBOUND -o lo -j RETURN
-A HEDDLE_OUTBOUND -m mark --mark 0x539 -j RETURN
-A HEDDLE_OUTBOUND -p tcp -j REDIRECT --to-ports 15001
COMMIT
`,
  );
  assert.equal(ipv6, ipv4.replace('127.0.0.0/8', '::1/128'));
});

test('a sidecar can be known by its user', () => {
  const { ipv4 } = interceptionRules({ sidecar: { uid: 1337 } });
  assert.match(ipv4, /-A HEDDLE_OUTBOUND -m owner --uid-owner 1337 -j RETURN/);
  assert.doesNotMatch(ipv4, /mark/);
});

test('exclusions come before the redirect, and addresses go to the rules of their family', () => {
  const { ipv4, ipv6 } = interceptionRules({
    sidecar: { mark: 1 },
    dnsServers: ['10.96.0.10', 'fd00::a'],
    excludeInboundPorts: [9090],
    excludeInboundCidrs: ['10.244.0.1/32'],
    excludeOutboundPorts: [3306],
    excludeOutboundCidrs: ['192.0.2.0/24', 'fd00:1::/64'],
  });
  assert.deepEqual(outbound(ipv4), [
    '-A HEDDLE_OUTBOUND -o lo ! -d 127.0.0.0/8 -p tcp -m mark --mark 0x1 -j REDIRECT --to-ports 15006',
    '-A HEDDLE_OUTBOUND -o lo -j RETURN',
    '-A HEDDLE_OUTBOUND -m mark --mark 0x1 -j RETURN',
    '-A HEDDLE_OUTBOUND -d 10.96.0.10 -p tcp --dport 53 -j RETURN',
    '-A HEDDLE_OUTBOUND -d 192.0.2.0/24 -j RETURN',
    '-A HEDDLE_OUTBOUND -p tcp --dport 3306 -j RETURN',
    '-A HEDDLE_OUTBOUND -p tcp -j REDIRECT --to-ports 15001',
  ]);
  assert.ok(outbound(ipv6).includes('-A HEDDLE_OUTBOUND -d fd00::a -p tcp --dport 53 -j RETURN'));
  assert.ok(outbound(ipv6).includes('-A HEDDLE_OUTBOUND -d fd00:1::/64 -j RETURN'));
  assert.doesNotMatch(ipv6, /10\.|192\./);
  assert.match(ipv4, /INBOUND -s 10\.244\.0\.1\/32 -j RETURN\n-A HEDDLE_INBOUND -p tcp --dport 9090 -j RETURN\n/);
});

function outbound(rules: string): readonly string[] {
  return rules.split('\n').filter(rule => rule.startsWith('-A HEDDLE_OUTBOUND'));
}
