import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpFilterJson } from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { typed } from './typed.ts';

/** Where a request's authority is kept as it is matched: in lower case, without port and trailing dot (T7). */
export const authorityKey = 'heddle.authority';

/**
 * Works out the authority and has the route chosen again, by matches that can see it now. It is off but where routes
 * turn it on: a policy that starts to ask for hosts changes routes, not listeners, and no other request pays for it.
 */
export const authorityFilter: HttpFilterJson = {
  name: authorityKey,
  disabled: true,
  typedConfig: typed('envoy.extensions.filters.http.set_filter_state.v3.Config', {
    clearRouteCache: true,
    onRequestHeaders: [
      {
        objectKey: authorityKey,
        factoryKey: 'envoy.string',
        formatString: {
          textFormatSource: {
            inlineString: String.raw`%CEL(re.extract(request.host.lowerAscii(), '^(.*?)[.]?(:[0-9]*)?$', '\\1'))%`,
          },
          formatters: [
            {
              name: 'envoy.formatter.cel',
              typedConfig: typed('envoy.extensions.formatter.cel.v3.Cel', {
                celConfig: { enableStringFunctions: true },
              }),
            },
          ],
        },
      },
    ],
  }),
};

/** What turns it on, for `typedPerFilterConfig`. */
export const withAuthority: NonNullable<
  NonNullable<RouteConfigurationJson['virtualHosts']>[number]['typedPerFilterConfig']
> = { [authorityKey]: typed('envoy.config.route.v3.FilterConfig', { config: {} }) };

/** Reads it in a matcher. */
export const authorityInput = {
  name: 'host',
  typedConfig: typed('envoy.extensions.matching.common_inputs.network.v3.FilterStateInput', { key: authorityKey }),
};
