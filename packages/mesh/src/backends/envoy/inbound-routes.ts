import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpFilterJson } from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { methodOverrideHeaders, spellingsOf } from '../../model/http-route-match.ts';
import { type InboundPort, restrictsMethods, type Workload } from '../../model/workload.ts';
import { withAuthority } from './authority.ts';
import { matchesAuthority, rbacPerRoute } from './authorization.ts';
import { pathHeader, refuseTwoHosts } from './http.ts';
import { names } from './names.ts';
import { typed } from './typed.ts';

const rbacFilter = 'envoy.filters.http.rbac';

/** What judges requests before they are passed on; routes say by which rules. */
export const requestFilters: readonly HttpFilterJson[] = [
  // Rules without a policy deny: a route that brings none of its own opens nothing.
  {
    name: rbacFilter,
    typedConfig: typed('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: { action: 'ALLOW' } }),
  },
];

/** Routes that lead on, but that no rule opens. */
export const nothingOpen: RouteConfigurationJson = {
  name: 'closed',
  virtualHosts: [
    {
      name: 'closed',
      domains: ['*'],
      routes: [refuseTwoHosts, { match: { prefix: '/' }, route: { cluster: names.inboundCluster } }],
    },
  ],
};

/** Where the requests of a port go, and which of them may: a change of policy, or of its mode, is one of routes. */
export function inboundRoutes({ key }: Workload, { number, policy }: InboundPort): RouteConfigurationJson {
  const name = names.inboundRoutes(key, number);
  return {
    name,
    requestHeadersToRemove: [pathHeader, ...(restrictsMethods(policy) ? methodOverrides : [])],
    virtualHosts: [
      {
        name,
        domains: ['*'],
        routes: [refuseTwoHosts, { match: { prefix: '/' }, route: { cluster: names.inboundCluster, timeout: '0s' } }],
        typedPerFilterConfig: {
          [rbacFilter]: rbacPerRoute(policy),
          ...(matchesAuthority(policy) && withAuthority),
        },
      },
    ],
    validateClusters: false,
  };
}

/** Kept from applications whose methods are restricted, in every spelling (T7). */
const methodOverrides = methodOverrideHeaders.flatMap(spellingsOf);
