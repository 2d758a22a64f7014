import type { FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { typed } from './typed.ts';

/**
 * Has every connection to a destination say in its TLS handshake whose it is (SNI): the name is the `caller` of the node's
 * metadata, so the listener that says so is the same for all sidecars.
 */
export const announceCaller: FilterJson = {
  name: 'heddle.caller',
  typedConfig: typed('envoy.extensions.filters.network.set_filter_state.v3.Config', {
    onNewConnection: [
      {
        objectKey: 'envoy.network.upstream_server_name',
        formatString: { textFormatSource: { inlineString: '%CEL(xds.node.metadata.caller)%' } },
        sharedWithUpstream: 'ONCE',
      },
    ],
  }),
};
