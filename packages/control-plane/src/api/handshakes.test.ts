import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityIn, meaningOf, readHandshakes } from './handshakes.ts';

const tls = (words: string) => `TLS_error:|268435581:SSL_routines:OPENSSL_internal:${words}:TLS_error_end`;
const failedWith = (words: string) => tls(`CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_${words}`);
const atDepth = 'X509_verify_cert:_certificate_verification_error_at_depth_0:';
const sanMismatch = failedWith('SAN_matcher,_certificate_SANs_are_[spiffe://cluster.local/ns/a/sa/b]');

const line = (event: string) =>
  JSON.stringify({ event, from: '10.0.0.1', port: 80, reason: 'r', time: '2026-01-01T00:00:00.000Z' });

test('of a sidecar’s log the failed handshakes are read, and nothing else', () => {
  const log = [
    '[warning] handshake failed',
    line('handshake failed'),
    line('other'),
    line('handshake failed').slice(9),
  ];
  assert.deepEqual(readHandshakes(log.join('\n')), [
    { time: '2026-01-01T00:00:00.000Z', from: '10.0.0.1', port: 80, reason: 'r' },
  ]);
});

const alerts: [reason: string, alert: string][] = [
  [tls('PEER_DID_NOT_RETURN_A_CERTIFICATE:peer_did_not_provide_required_client_certificate'), 'certificate_required'],
  [failedWith(`${atDepth}_self_signed_certificate`), 'unknown_ca'],
  [tls('TLSV1_ALERT_UNKNOWN_CA'), 'unknown_ca'],
  [failedWith(`${atDepth}_certificate_has_expired`), 'certificate_expired'],
  [tls('SSLV3_ALERT_CERTIFICATE_EXPIRED'), 'certificate_expired'],
  [sanMismatch, 'certificate_unknown'],
  [tls('SSLV3_ALERT_CERTIFICATE_UNKNOWN'), 'certificate_unknown'],
  [tls('UNSUPPORTED_PROTOCOL'), 'protocol_version'],
  [tls('TLSV1_ALERT_DECRYPT_ERROR'), 'decrypt_error'],
  [tls('BAD_PACKET_LENGTH'), 'none'],
];

for (const [reason, alert] of alerts) {
  test(`${reason.slice(57, -14)} is ${alert}`, () => assert.equal(meaningOf(reason).alert, alert));
}

test('a caller that policy keeps out is told by its identity', () => {
  assert.equal(identityIn(sanMismatch), 'spiffe://cluster.local/ns/a/sa/b');
  assert.ok(meaningOf(sanMismatch).isPolicy);
  assert.equal(identityIn(tls('UNSUPPORTED_PROTOCOL')), undefined);
});
