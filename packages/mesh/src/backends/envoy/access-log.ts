import type { AccessLogFilterJson, AccessLogJson } from '@heddle/envoy-api/envoy/config/accesslog/v3/accesslog_pb';
import type { RuntimeJson } from '@heddle/envoy-api/envoy/service/runtime/v3/rtds_pb';
import type { Modes } from '../../model/modes.ts';
import type { ResourceOrigin } from '../../model/origin.ts';
import { auditDenied } from './audit.ts';
import { runtimeType, type XdsResource } from './resource.ts';
import { typed } from './typed.ts';

/** The `event` of a line about a call. */
export const callEvent = 'call';

/** Name of the runtime layer by which what a sidecar writes down is switched. */
export const runtimeLayer = 'heddle';

/**
 * Whether calls are written down is a switch that every sidecar has by name, so that it turns without a listener being
 * changed, which would drain its connections: listeners always know how to write, and ask it each time.
 */
export function accessLogSwitch(mode: Modes['accessLog'], origin?: ResourceOrigin): XdsResource {
  const value: RuntimeJson = {
    name: runtimeLayer,
    layer: { [switches.all]: mode === 'all' ? 100 : 0, [switches.denied]: mode === 'denied' ? 100 : 0 },
  };
  return { typeUrl: runtimeType, name: runtimeLayer, value, origins: origin === undefined ? [] : [origin] };
}

const switches = { all: 'heddle.access_log.all', denied: 'heddle.access_log.denied' } as const;

function turned(on: keyof typeof switches): AccessLogFilterJson {
  return {
    runtimeFilter: {
      runtimeKey: switches[on],
      percentSampled: { numerator: 0, denominator: 'HUNDRED' },
      useIndependentRandomness: true,
    },
  };
}

/** Requests that an application sends to a Service, by its own sidecar. `service` is `namespace/name:port`. */
export function sentRequests(service: string): AccessLogJson {
  return line(turned('all'), {
    side: 'client',
    ...sent(service),
    ...request,
    attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  });
}

/** Connections of bytes that an application opens to a Service. */
export function sentBytes(service: string): AccessLogJson {
  return line(both(turned('all'), atItsEnd), { side: 'client', ...sent(service), ...connection });
}

/** Calls of an application to an address that policy hides, or that leave the mesh where none may. */
export function refusedRequests(): AccessLogJson {
  const fields = { side: 'client', address: '%DOWNSTREAM_LOCAL_ADDRESS%', policy: 'denied' };
  return line(either(turned('all'), turned('denied')), { ...fields, ...request });
}

/** Requests that come to a workload, which is `namespace/name`. */
export function takenRequests(workload: string): AccessLogJson {
  const filter = either(turned('all'), both(turned('denied'), requestDenied));
  return line(filter, { side: 'server', ...taken(workload), policy: `%CEL(${requestPolicy})%`, ...request });
}

/** Connections of bytes that a workload takes in: those that policy denies end at their handshake. */
export function takenBytes(workload: string): AccessLogJson {
  const filter = both(either(turned('all'), both(turned('denied'), holds(auditDenied))), atItsEnd);
  const policy = `%CEL((${auditDenied}) ? 'would be denied' : 'allowed')%`;
  return line(filter, { side: 'server', ...taken(workload), policy, ...connection });
}

/** Connections to a workload that end before anything is asked: at the handshake, or because no port takes them. */
export function refusedConnections(workload: string): AccessLogJson {
  const filter = both(
    either(turned('all'), turned('denied')),
    either(holds("connection.transport_failure_reason != ''"), { responseFlagFilter: { flags: ['NR'] } }),
  );
  const fields = { side: 'server', ...taken(workload), policy: 'denied' };
  return line(filter, { ...fields, ...connection, reason: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%' });
}

const denied = "response.code_details.startsWith('rbac_access_denied')";

const judged = "metadata.filter_metadata['envoy.filters.http.rbac']";

/** What rules that are not in force say is noted by Envoy's authorization; in other modes nothing is. */
const shadowDenied = [
  "'envoy.filters.http.rbac' in metadata.filter_metadata",
  `'shadow_engine_result' in ${judged}`,
  `${judged}['shadow_engine_result'] == 'denied'`,
].join(' && ');

const requestPolicy = `${denied} ? 'denied' : (${shadowDenied}) ? 'would be denied' : 'allowed'`;

const requestDenied = either(holds(denied), holds(shadowDenied));

const atItsEnd: AccessLogFilterJson = { logTypeFilter: { types: ['TcpConnectionEnd'] } };

type Fields = Readonly<Record<string, string>>;

function sent(service: string): Fields {
  return {
    source: '%UPSTREAM_LOCAL_URI_SAN%',
    service,
    route: '%ROUTE_NAME%',
    backend: '%UPSTREAM_CLUSTER_RAW%',
    endpoint: '%UPSTREAM_HOST%',
  };
}

function taken(workload: string): Fields {
  return {
    source: '%DOWNSTREAM_PEER_URI_SAN%',
    from: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
    destination: workload,
    port: '%DOWNSTREAM_LOCAL_PORT%',
  };
}

const bytes: Fields = { bytesIn: '%BYTES_RECEIVED%', bytesOut: '%BYTES_SENT%', milliseconds: '%DURATION%' };

/** The query is left out: it may hold what is nobody's business. */
const request: Fields = {
  protocol: '%PROTOCOL%',
  method: '%REQ(:METHOD)%',
  authority: '%REQ(:AUTHORITY)%',
  path: '%PATH(NQ)%',
  status: '%RESPONSE_CODE%',
  details: '%RESPONSE_CODE_DETAILS%',
  flags: '%RESPONSE_FLAGS%',
  ...bytes,
  requestId: '%REQ(X-REQUEST-ID)%',
  trace: '%REQ(TRACEPARENT)%',
};

const connection: Fields = { protocol: 'TCP', flags: '%RESPONSE_FLAGS%', ...bytes };

function line(filter: AccessLogFilterJson, fields: Fields): AccessLogJson {
  return {
    name: 'heddle.access-log',
    filter,
    typedConfig: typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
      logFormat: { omitEmptyValues: true, jsonFormat: { time: '%START_TIME%', event: callEvent, ...fields } },
    }),
  };
}

function both(...filters: AccessLogFilterJson[]): AccessLogFilterJson {
  return { andFilter: { filters } };
}

function either(...filters: AccessLogFilterJson[]): AccessLogFilterJson {
  return { orFilter: { filters } };
}

function holds(expression: string): AccessLogFilterJson {
  return {
    extensionFilter: {
      name: 'heddle.holds',
      typedConfig: typed('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', { expression }),
    },
  };
}
