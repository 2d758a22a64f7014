import { list, type Message, message, text, typedMessage } from './config.ts';
import type { Sidecar } from './sidecar.ts';
import { matchesString } from './string-match.ts';

/** A connection as the listener sees it. */
export interface Connection {
  /** Of the client. */
  readonly source: string;
  /** Where it was made to, before it was redirected. */
  readonly address: string;
  readonly port: number;
  readonly transport: 'tls' | 'raw_buffer';
  /** The ALPN that it offers, or what an inspector would find. */
  readonly application: string | undefined;
  /** The name of a server that it asks for. */
  readonly serverName?: string | undefined;
}

type Chain = Message<(typeof chainFields)[number]>;
const chainFields = ['name', 'filterChainMatch', 'filters', 'transportSocket'] as const;
const listenerFields = [
  'name',
  'address',
  'bindToPort',
  'trafficDirection',
  'accessLog',
  'useOriginalDst',
  'listenerFiltersTimeout',
  'continueOnListenerFiltersTimeout',
  'listenerFilters',
  'filterChains',
  'defaultFilterChain',
] as const;

/** The filter chain that takes a connection which interception sent to a port of the sidecar; `undefined`: it is closed. */
export function chainFor(sidecar: Sidecar, interceptedBy: number, connection: Connection): Chain | undefined {
  const listeners = [...sidecar.listeners.values()].map(item => message(item, 'Listener', listenerFields));
  const at = (address: string | undefined, port: number) =>
    listeners.find(({ address: own }) => {
      const socket = (own as { socketAddress?: { address: string; portValue: number } }).socketAddress;
      return socket !== undefined && socket.portValue === port && (address === undefined || socket.address === address);
    });
  const entrance = at(undefined, interceptedBy);
  if (entrance === undefined) return undefined;
  const handedOver = entrance.useOriginalDst === true ? at(connection.address, connection.port) : undefined;
  const listener = handedOver ?? entrance;
  const inspected = connection.transport === 'tls' ? connection : { ...connection, ...inspect(listener, connection) };
  const chains = list(listener.filterChains).map(item => message(item, 'FilterChain', chainFields));
  const named = ofName(ofPort(chains, connection.port), connection.serverName);
  const fitting = nearest(named.filter(chain => fits(chain.filterChainMatch, inspected)));
  const [best, ...others] = fitting;
  if (others.length > 0) throw new Error(`${String(listener.name)}: more than one chain fits`);
  const fallback = listener.defaultFilterChain;
  return best ?? (fallback === undefined ? undefined : message(fallback, 'FilterChain', chainFields));
}

/**
 * Of chains that fit the one that asks for more counts: for the name of the server, for the application's protocol, then for the
 * source.
 */
function nearest(fitting: readonly Chain[]): readonly Chain[] {
  return (['serverNames', 'applicationProtocols', 'sourcePrefixRanges'] as const).reduce((left, field) => {
    const asking = left.filter(({ filterChainMatch: match }) => Object.hasOwn(match ?? {}, field));
    return asking.length === 0 ? left : asking;
  }, fitting);
}

const matchFields = [
  'prefixRanges',
  'destinationPort',
  'transportProtocol',
  'applicationProtocols',
  'serverNames',
  'sourcePrefixRanges',
] as const;

/** Chains of a port come before all else: where there are any, only they count. */
function ofPort(chains: readonly Chain[], port: number): readonly Chain[] {
  const portOf = ({ filterChainMatch }: Chain) =>
    (filterChainMatch as { destinationPort?: number } | undefined)?.destinationPort;
  const own = chains.filter(chain => portOf(chain) === port);
  return own.length > 0 ? own : chains.filter(chain => portOf(chain) === undefined);
}

/** Once chains name the server that is asked for, only they count. */
function ofName(chains: readonly Chain[], serverName: string | undefined): readonly Chain[] {
  const namesOf = ({ filterChainMatch }: Chain) =>
    list((filterChainMatch as { serverNames?: unknown } | undefined)?.serverNames);
  const own = chains.filter(chain => namesOf(chain).includes(serverName));
  return own.length > 0 ? own : chains.filter(chain => namesOf(chain).length === 0);
}

/** Without an inspector nothing is known of a plain connection. */
function inspect(listener: Message<(typeof listenerFields)[number]>, connection: Connection) {
  const filters = list(listener.listenerFilters).map(item =>
    message(item, 'filter', ['name', 'typedConfig', 'filterDisabled']),
  );
  const inspects = filters.some(
    ({ name, filterDisabled }) =>
      name === 'envoy.filters.listener.http_inspector' &&
      !(filterDisabled !== undefined && holdsAt(filterDisabled, connection.port)),
  );
  return { application: inspects ? connection.application : undefined };
}

function holdsAt(predicate: unknown, port: number): boolean {
  const { notMatch, orMatch, destinationPortRange } = message(predicate, 'ListenerFilterChainMatchPredicate', [
    'notMatch',
    'orMatch',
    'destinationPortRange',
  ]);
  if (notMatch !== undefined) return !holdsAt(notMatch, port);
  if (orMatch !== undefined)
    return list(message(orMatch, 'MatchSet', ['rules']).rules).some(rule => holdsAt(rule, port));
  const { start, end } = message(destinationPortRange, 'Int32Range', ['start', 'end']);
  return port >= Number(start) && port < Number(end);
}

function fits(match: unknown, connection: Connection): boolean {
  if (match === undefined) return true;
  const { prefixRanges, destinationPort, transportProtocol, applicationProtocols, serverNames, sourcePrefixRanges } =
    message(match, 'FilterChainMatch', matchFields);
  if (sourcePrefixRanges !== undefined && !list(sourcePrefixRanges).some(range => within(range, connection.source)))
    return false;
  if (destinationPort !== undefined && destinationPort !== connection.port) return false;
  if (prefixRanges !== undefined && !list(prefixRanges).some(range => within(range, connection.address))) return false;
  if (transportProtocol !== undefined && transportProtocol !== connection.transport) return false;
  const names = list(serverNames);
  if (names.length > 0 && !names.includes(connection.serverName)) return false;
  const wanted = list(applicationProtocols);
  return wanted.length === 0 || (connection.application !== undefined && wanted.includes(connection.application));
}

/** Whether an address is in a `CidrRange`. */
export function within(range: unknown, address: string): boolean {
  const { addressPrefix, prefixLen } = message(range, 'CidrRange', ['addressPrefix', 'prefixLen']);
  const bits = 32 - Number(prefixLen);
  return numberOf(text(addressPrefix, 'addressPrefix')) >> BigInt(bits) === numberOf(address) >> BigInt(bits);
}

function numberOf(address: string): bigint {
  return address.split('.').reduce((total, part) => total * 256n + BigInt(part), 0n);
}

const tlsPackage = 'envoy.extensions.transport_sockets.tls.v3';
const commonFields = [
  'tlsParams',
  'tlsCertificateSdsSecretConfigs',
  'alpnProtocols',
  'combinedValidationContext',
  'validationContextSdsSecretConfig',
] as const;

const combinedFields = ['defaultValidationContext', 'validationContextSdsSecretConfig'] as const;

/** What a cluster offers and accepts: its ALPN, and whether it takes a server of an identity. `undefined`: plain text. */
export function clientTls(socket: unknown, server: string): { alpn: string; accepts: boolean } | undefined {
  if (socket === undefined) return undefined;
  const { typedConfig } = message(socket, 'TransportSocket', ['name', 'typedConfig']);
  const { commonTlsContext } = typedMessage(typedConfig, `${tlsPackage}.UpstreamTlsContext`, ['commonTlsContext']);
  const common = message(commonTlsContext, 'CommonTlsContext', commonFields);
  const { defaultValidationContext, validationContextSdsSecretConfig } = message(
    common.combinedValidationContext,
    'CombinedCertificateValidationContext',
    combinedFields,
  );
  if (secretName(validationContextSdsSecretConfig) !== 'trust-bundle') throw new Error('an unknown trust bundle');
  return { alpn: String(list(common.alpnProtocols)[0]), accepts: acceptsName(defaultValidationContext, server) };
}

/** Whether a filter chain's mutual TLS takes a client of an identity. */
export function serverAccepts(socket: unknown, client: string): boolean {
  const { typedConfig } = message(socket, 'TransportSocket', ['name', 'typedConfig']);
  const { commonTlsContext, requireClientCertificate } = typedMessage(
    typedConfig,
    `${tlsPackage}.DownstreamTlsContext`,
    ['commonTlsContext', 'requireClientCertificate'],
  );
  if (requireClientCertificate !== true) throw new Error('a chain takes clients without a certificate');
  const common = message(commonTlsContext, 'CommonTlsContext', commonFields);
  const combined = message(
    common.combinedValidationContext ?? {},
    'CombinedCertificateValidationContext',
    combinedFields,
  );
  const roots = combined.validationContextSdsSecretConfig ?? common.validationContextSdsSecretConfig;
  if (secretName(roots) !== 'trust-bundle') throw new Error('an unknown trust bundle');
  return combined.defaultValidationContext === undefined || acceptsName(combined.defaultValidationContext, client);
}

function secretName(config: unknown): string {
  return text(message(config, 'SdsSecretConfig', ['name', 'sdsConfig']).name, 'name');
}

function acceptsName(context: unknown, identity: string): boolean {
  const { matchTypedSubjectAltNames } = message(context, 'CertificateValidationContext', [
    'trustedCa',
    'matchTypedSubjectAltNames',
  ]);
  const names = list(matchTypedSubjectAltNames);
  if (names.length === 0) return true;
  return names.some(item => {
    const { sanType, matcher } = message(item, 'SubjectAltNameMatcher', ['sanType', 'matcher']);
    if (sanType !== 'URI') throw new Error(`a subject of type ${String(sanType)}`);
    return matchesString(matcher, identity);
  });
}
