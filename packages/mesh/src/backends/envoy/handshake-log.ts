import type { AccessLogJson } from '@heddle/envoy-api/envoy/config/accesslog/v3/accesslog_pb';
import { typed } from './typed.ts';

/** The `event` of a line that a sidecar logs on a TLS handshake that failed. */
export const handshakeFailed = 'handshake failed';

/**
 * A line of JSON on standard output for each connection whose handshake failed, on whichever side, with what BoringSSL
 * says of it; none for any other. Who is refused is known nowhere else: the caller's side sees an alert and no reason.
 */
export const handshakeLog: AccessLogJson = {
  name: 'heddle.handshakes',
  filter: {
    extensionFilter: {
      name: 'heddle.failed',
      typedConfig: typed('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
        expression: "connection.transport_failure_reason != ''",
      }),
    },
  },
  typedConfig: typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
    logFormat: {
      jsonFormat: {
        time: '%START_TIME%',
        event: handshakeFailed,
        from: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
        port: '%DOWNSTREAM_LOCAL_PORT%',
        reason: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%',
      },
    },
  }),
};
