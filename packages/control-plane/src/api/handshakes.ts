import { handshakeFailed } from '@heddle/mesh';

/** A TLS handshake that failed at a pod's sidecar, as it logged it. */
export interface Handshake {
  /** RFC 3339. */
  readonly time: string;
  /** Address of the caller. */
  readonly from: string;
  /** Of the pod. */
  readonly port: number;
  /** What the TLS library says. */
  readonly reason: string;
}

/** What a failed handshake usually means. */
export interface HandshakeMeaning {
  /** The alert of RFC 8446 by which one side told the other; `none` where a connection broke off without. */
  readonly alert: string;
  readonly cause: string;
  readonly mend: string;
  /** Whether this is policy at work rather than something broken. */
  readonly isPolicy: boolean;
}

/** The failed handshakes in a sidecar's log; other lines, and half a one, are passed over. */
export function readHandshakes(log: string): Handshake[] {
  return log.split('\n').flatMap(line => {
    if (!line.includes(handshakeFailed)) return [];
    const { event, time, from, port, reason } = parseLine(line);
    if (event !== handshakeFailed) return [];
    return [{ time: String(time), from: String(from), port: Number(port), reason: String(reason) }];
  });
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // Envoy's own words, or a line that is being written
  }
}

const meanings: readonly (readonly [pattern: RegExp, meaning: HandshakeMeaning])[] = [
  [
    /certificate_has_expired|CERTIFICATE_EXPIRED/,
    {
      alert: 'certificate_expired',
      cause: 'A certificate is past its end: its sidecar has not been given the next one, or a clock is wrong.',
      mend: 'See whether the sidecars of both pods are connected and in sync, and whether their clocks agree.',
      isPolicy: false,
    },
  ],
  [
    /certificate_is_not_yet_valid/,
    {
      alert: 'bad_certificate',
      cause: 'A certificate is from the future: the clock of this pod is behind that of the controller.',
      mend: 'Set the clocks right.',
      isPolicy: false,
    },
  ],
  [
    /SAN_matcher/,
    {
      alert: 'certificate_unknown',
      cause: 'The caller’s identity is not one that may open this TCP port: that is how policy closes it.',
      mend: 'If it should be let in, name its service account in a TrafficTarget with a TCPRoute for this port.',
      isPolicy: true,
    },
  ],
  [
    /UNKNOWN_CA|self_signed|unable_to_get|issuer/,
    {
      alert: 'unknown_ca',
      cause:
        'The two sides do not believe the same root: a certificate of another mesh, or from before the root was changed.',
      mend: 'See whether both pods belong to this mesh and their sidecars are in sync; restart the one that is not.',
      isPolicy: false,
    },
  ],
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE|CERTIFICATE_REQUIRED/,
    {
      alert: 'certificate_required',
      cause: 'The caller showed no certificate: it has no sidecar, or led its call past it.',
      mend: 'Give the caller’s pod a sidecar, and look for heddle.dev/exclude-outbound annotations on it.',
      isPolicy: false,
    },
  ],
  [
    /ALERT_CERTIFICATE_UNKNOWN|BAD_CERTIFICATE/,
    {
      alert: 'certificate_unknown',
      cause:
        'The caller did not accept this pod’s identity: it is not one of the service accounts behind the Service that was called.',
      mend: 'See whether the caller’s sidecar is in sync; its list of endpoints may be old.',
      isPolicy: false,
    },
  ],
  [
    /CERTIFICATE_REVOKED/,
    {
      alert: 'certificate_revoked',
      cause: 'A certificate was revoked.',
      mend: 'Restart the pod whose certificate it is.',
      isPolicy: false,
    },
  ],
  [
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|WRONG_VERSION_NUMBER|HTTP_REQUEST/,
    {
      alert: 'protocol_version',
      cause: 'What came was not TLS 1.3, the only version inside the mesh.',
      mend: 'See that the caller has a sidecar and its call is not led past it.',
      isPolicy: false,
    },
  ],
  [
    /NO_SHARED_CIPHER|HANDSHAKE_FAILURE/,
    {
      alert: 'handshake_failure',
      cause: 'The two sides have no way of encryption in common: the caller is no sidecar of a mesh like this.',
      mend: 'See that the caller has a sidecar and its call is not led past it.',
      isPolicy: false,
    },
  ],
];

/** The alerts that have a meaning here, each once. */
export const knownAlerts: readonly string[] = [...new Set(meanings.map(([, { alert }]) => alert))];

/** What a reason of the TLS library usually means; the alert's own name where nothing more is known. */
export function meaningOf(reason: string): HandshakeMeaning {
  const known = meanings.find(([pattern]) => pattern.test(reason));
  if (known !== undefined) return known[1];
  const alert = /(?:SSLV3|TLSV1)_ALERT_([A-Z_]+)/.exec(reason)?.[1]?.toLowerCase() ?? 'none';
  return {
    alert,
    cause: `The TLS library says: ${reason.replaceAll('_', ' ')}.`,
    mend: 'See whether the sidecars of both pods are in sync.',
    isPolicy: false,
  };
}

/** The identity that a refused caller showed; nothing where it is not told. */
export function identityIn(reason: string): string | undefined {
  return /certificate_SANs_are_\[([^\]]+)\]/.exec(reason)?.[1];
}
