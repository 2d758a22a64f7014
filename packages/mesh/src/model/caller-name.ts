/**
 * The name that the sidecar of an account's pods gives in its TLS handshakes (SNI), so that a destination knows before the
 * handshake whose connection it is: `<service account>.<namespace>`, in lower case. It is a claim, held against the
 * certificate.
 */
export function callerName(namespace: string, serviceAccount: string): string {
  return hostName(`${serviceAccount}.${namespace}`);
}

/**
 * The same for a SPIFFE ID, whatever its trust domain; one that is not of this form is called as it is spelt. Identities that
 * come to the same name share nothing but connections that end together.
 */
export function callerNameOf(identity: string): string {
  const [, namespace, serviceAccount] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(identity) ?? [];
  return namespace === undefined || serviceAccount === undefined
    ? hostName(identity)
    : callerName(namespace, serviceAccount);
}

/** No host name is longer than 253 characters. */
const longest = 250;

function hostName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^-.a-z0-9]+/g, '-')
    .slice(0, longest);
}
