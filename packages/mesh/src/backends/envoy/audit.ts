import type { AccessLogFilterJson, AccessLogJson } from '@heddle/envoy-api/envoy/config/accesslog/v3/accesslog_pb';
import type { TypedExtensionConfigJson } from '@heddle/envoy-api/envoy/config/core/v3/extension_pb';
import type { FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { FilterStateValueJson } from '@heddle/envoy-api/envoy/extensions/filters/common/set_filter_state/v3/value_pb';
import type { PolicyMode } from '../../model/modes.ts';
import { overAds, typed } from './typed.ts';

/** The `event` of a line that a sidecar logs on what it lets in and would deny, were policy enforced (I3). */
export const wouldBeDenied = 'would be denied';

/** What sidecars count of it: requests, and connections of bytes. */
export const wouldBeDeniedStats = {
  requests: 'http.inbound.rbac.shadow_denied',
  connections: 'tcp.inbound.shadow_denied',
} as const;

const noteType = 'envoy.extensions.filters.network.set_filter_state.v3.Config';
const noteKey = 'heddle.audit';

/** Whether a connection of bytes is one that would be denied, as an expression of CEL. */
export const auditDenied = `'${noteKey}' in filter_state && filter_state['${noteKey}'] != b'allowed'`;

/**
 * Notes on a connection of bytes, before a byte of it is seen, that no TrafficTarget would let it in.
 * What it is to note comes by name, so that a change of policy or of its mode touches no listener; until it has come, nothing.
 */
export function auditFilter(name: string): FilterJson {
  return {
    name,
    configDiscovery: {
      configSource: overAds,
      typeUrls: [`type.googleapis.com/${noteType}`],
      defaultConfig: typed(noteType, {}),
      applyDefaultConfigWithoutWarming: true,
    },
  };
}

/**
 * What the filter of that name notes in `audit`; in other modes nothing. It is for connections of those alone whom no
 * TrafficTarget lets in: all others take chains of their own.
 */
export function auditOf(name: string, mode: PolicyMode): TypedExtensionConfigJson {
  return { name, typedConfig: typed(noteType, mode === 'audit' ? { onNewConnection: [note('denied')] } : {}) };
}

function note(text: string): FilterStateValueJson {
  return {
    objectKey: noteKey,
    factoryKey: 'envoy.string',
    formatString: { textFormatSource: { inlineString: text } },
  };
}

const connectionDenied: AccessLogFilterJson = {
  andFilter: {
    filters: [
      // It is logged again when it ends.
      { logTypeFilter: { types: ['TcpUpstreamConnected'] } },
      {
        extensionFilter: {
          name: 'heddle.denied',
          typedConfig: typed('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
            expression: auditDenied,
          }),
        },
      },
    ],
  },
};

const requestDenied: AccessLogFilterJson = {
  metadataFilter: {
    matcher: {
      filter: 'envoy.filters.http.rbac',
      path: [{ key: 'shadow_engine_result' }],
      value: { stringMatch: { exact: 'denied' } },
    },
    matchIfKeyNotFound: false,
  },
};

function line(fields: Readonly<Record<string, string>>): NonNullable<AccessLogJson['typedConfig']> {
  const jsonFormat = {
    time: '%START_TIME%',
    event: wouldBeDenied,
    caller: '%DOWNSTREAM_PEER_URI_SAN%',
    from: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
    port: '%DOWNSTREAM_LOCAL_PORT%',
    ...fields,
  };
  return typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', { logFormat: { jsonFormat } });
}

/** A line, and one more in the count, for each connection that would be denied, as soon as it is let in. */
export const auditedConnections: readonly AccessLogJson[] = [
  { name: 'heddle.audit', filter: connectionDenied, typedConfig: line({}) },
  {
    name: 'heddle.audit.count',
    filter: connectionDenied,
    typedConfig: typed('envoy.extensions.access_loggers.stats.v3.Config', {
      statsScope: { prefix: 'tcp.inbound' },
      counters: [{ stat: { name: 'shadow_denied' }, valueFixed: '1' }],
    }),
  },
];

/** A line for each request that would be denied; the filter that judges them counts them. */
export const auditedRequests: readonly AccessLogJson[] = [
  {
    name: 'heddle.audit',
    filter: requestDenied,
    typedConfig: line({ method: '%REQ(:METHOD)%', path: '%PATH(NQ)%' }),
  },
];
