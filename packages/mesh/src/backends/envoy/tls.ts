import type { TransportSocketJson } from '@heddle/envoy-api/envoy/config/core/v3/base_pb';
import type {
  CommonTlsContextJson,
  DownstreamTlsContextJson,
  UpstreamTlsContextJson,
} from '@heddle/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { names } from './names.ts';
import { overAds, typed } from './typed.ts';

const tlsType = 'envoy.extensions.transport_sockets.tls.v3';

/** TLS 1.3 only; an upstream context would default to at most 1.2 and then fail every handshake. */
const tlsParams = { tlsMinimumProtocolVersion: 'TLSv1_3', tlsMaximumProtocolVersion: 'TLSv1_3' } as const;

const ownCertificate: CommonTlsContextJson = {
  tlsParams,
  tlsCertificateSdsSecretConfigs: [{ name: names.workloadCertificate, sdsConfig: overAds }],
};

/** What a client's sidecar opens: mutual TLS that accepts only the given SPIFFE IDs as the server (I1). */
export function upstreamTls(protocol: string, servers: readonly string[]): TransportSocketJson {
  const context: UpstreamTlsContextJson = {
    commonTlsContext: {
      ...ownCertificate,
      alpnProtocols: [protocol],
      combinedValidationContext: {
        defaultValidationContext: { matchTypedSubjectAltNames: subjectAltNames(servers) },
        validationContextSdsSecretConfig: { name: names.trustBundle, sdsConfig: overAds },
      },
    },
  };
  return { name: 'tls', typedConfig: typed(`${tlsType}.UpstreamTlsContext`, context) };
}

/** What a destination's sidecar accepts: mutual TLS with anybody of the mesh, with nobody, or with exactly the given SPIFFE IDs. */
export function downstreamTls(callers: 'anybody' | 'nobody' | readonly string[]): TransportSocketJson {
  const roots = { name: names.trustBundle, sdsConfig: overAds };
  const context: DownstreamTlsContextJson = {
    requireClientCertificate: true,
    commonTlsContext: {
      ...ownCertificate,
      ...(callers === 'anybody'
        ? { validationContextSdsSecretConfig: roots }
        : {
            combinedValidationContext: {
              defaultValidationContext: {
                matchTypedSubjectAltNames: subjectAltNames(callers === 'nobody' ? [] : callers),
              },
              validationContextSdsSecretConfig: roots,
            },
          }),
    },
  };
  return { name: 'tls', typedConfig: typed(`${tlsType}.DownstreamTlsContext`, context) };
}

/** Exactly these SPIFFE IDs. An empty list would accept anybody, so it becomes a name that nobody has. */
function subjectAltNames(identities: readonly string[]) {
  const allowed = identities.length === 0 ? ['spiffe://nobody.invalid'] : identities;
  return allowed.map(exact => ({ sanType: 'URI' as const, matcher: { exact } }));
}
