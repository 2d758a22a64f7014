import { wouldBeDeniedLogs } from './access-log.ts';
import { inspectHttp } from './codec.ts';
import { list, type Message, message, text, typedMessage, typeOf } from './config.ts';
import { chainFor, serverAccepts } from './connection.ts';
import { answered, type Ending, ended, type Payload, refused } from './ending.ts';
import { manage, managerType } from './http-manager.ts';
import type { Sidecar } from './sidecar.ts';

const inboundPort = 15_006;

/** Somebody who connects to a pod. */
export interface Arrival {
  /** Where it comes from. */
  readonly source: string;
  readonly address: string;
  readonly port: number;
  readonly payload: Payload;
  /** Over mutual TLS of the mesh; absent: plain text. */
  readonly mesh?: {
    readonly alpn: string;
    /** Who it says that it is, before the handshake. */
    readonly announced: string | undefined;
    readonly identity: string;
    /** Who it takes the pod for. */
    readonly server: string;
  };
}

/** What a pod's sidecar does with a connection; `undefined`: no chain of it takes it, so it is closed. */
export function arrive(sidecar: Sidecar, arrival: Arrival): Ending | undefined {
  const { source, address, port, payload, mesh } = arrival;
  const chain = chainFor(sidecar, inboundPort, {
    source,
    address,
    port,
    transport: mesh === undefined ? 'raw_buffer' : 'tls',
    application: mesh === undefined ? payload && inspectHttp(payload) : mesh.alpn,
    serverName: mesh?.announced,
  });
  if (chain === undefined) return undefined;
  if (mesh === undefined && chain.transportSocket !== undefined) throw new Error('plain text reaches a chain of TLS');
  if (mesh !== undefined && !serverAccepts(chain.transportSocket, mesh.identity)) return refused;
  const filters = list(chain.filters).map(item => message(item, 'Filter', ['name', 'typedConfig', 'configDiscovery']));
  const last = filters.at(-1)?.typedConfig;
  if (typeOf(last) !== managerType) return passBytes(sidecar, filters, mesh?.identity);
  if (payload === undefined) return refused;
  const result = manage(last, sidecar, payload, mesh && { identity: mesh.identity, address: source, own: mesh.server });
  return 'status' in result ? ended(result.status) : answered(200, result.wouldDeny);
}

type Filter = Message<'name' | 'typedConfig' | 'configDiscovery'>;

function passBytes(sidecar: Sidecar, filters: readonly Filter[], identity: string | undefined): Ending {
  const [proxy, audit, ...others] = filters.toReversed();
  if (proxy === undefined || others.length > 0) throw new Error('an unknown chain of bytes');
  const config = typedMessage(proxy.typedConfig, 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', [
    'statPrefix',
    'cluster',
    'upstreamConnectMode',
    'maxEarlyDataBytes',
    'accessLog',
    'accessLogOptions',
  ]);
  const waits = config.upstreamConnectMode === 'ON_DOWNSTREAM_TLS_HANDSHAKE' && config.maxEarlyDataBytes === 0;
  // The proxy must connect to the application only once the caller has proved who it is.
  if (identity !== undefined && !waits) throw new Error('a denied client would see the greeting of a server');
  const noted = audit && noteOf(sidecar, audit);
  if (JSON.stringify(config.accessLogOptions) !== '{"flushAccessLogOnConnected":true}')
    throw new Error('a silent client is not counted');
  return answered(null, noted === 'denied' && wouldBeDeniedLogs(config.accessLog));
}

/** What the filter of a connection notes of it before a byte of it is seen. */
function noteOf(sidecar: Sidecar, { name, configDiscovery }: Filter): string | undefined {
  message(configDiscovery, 'ExtensionConfigSource', [
    'configSource',
    'typeUrls',
    'defaultConfig',
    'applyDefaultConfigWithoutWarming',
  ]);
  const extension = sidecar.extensions.get(text(name, 'name'));
  if (extension === undefined) throw new Error(`there is no extension ${String(name)}`);
  const { typedConfig } = message(extension, 'TypedExtensionConfig', ['name', 'typedConfig']);
  const type = 'envoy.extensions.filters.network.set_filter_state.v3.Config';
  const { onNewConnection } = typedMessage(typedConfig, type, ['onNewConnection']);
  return list(onNewConnection).map(noted).at(-1);
}

function noted(item: unknown): string {
  const { objectKey, formatString } = message(item, 'FilterStateValue', ['objectKey', 'factoryKey', 'formatString']);
  if (objectKey !== 'heddle.audit') throw new Error(`the walk does not know ${String(objectKey)}`);
  const { textFormatSource } = message(formatString, 'SubstitutionFormatString', ['textFormatSource']);
  const written = text(message(textFormatSource, 'DataSource', ['inlineString']).inlineString, 'inlineString');
  if (!/^\w+$/.test(written)) throw new Error(`the walk does not know ${written}`);
  return written;
}
