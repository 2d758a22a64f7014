import { list, message, typeOf } from './config.ts';

/** Whether access logs count what the filters of a connection have noted as denied, once for each connection. */
export function wouldBeDeniedLogs(logs: unknown): boolean {
  return list(logs).some(item => {
    const { filter, typedConfig } = message(item, 'AccessLog', ['name', 'filter', 'typedConfig']);
    const counts = typeOf(typedConfig) === 'envoy.extensions.access_loggers.stats.v3.Config';
    return counts && isOfDenied(filter);
  });
}

function isOfDenied(filter: unknown): boolean {
  const { andFilter } = message(filter, 'AccessLogFilter', ['andFilter']);
  const parts = list(message(andFilter, 'AndFilter', ['filters']).filters).map(part => JSON.stringify(part));
  const once = parts.includes('{"logTypeFilter":{"types":["TcpUpstreamConnected"]}}');
  return (
    once &&
    parts.some(part =>
      part.includes(`"expression":"'heddle.audit' in filter_state && filter_state['heddle.audit'] != b'allowed'"`),
    )
  );
}
