/** What a sidecar says of itself, over the Unix socket of its administration interface. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Whether the sidecar has its first configuration and takes traffic. */
export async function isSidecarReady(socketPath: string, signal: AbortSignal): Promise<boolean> {
  return (await get(socketPath, '/ready', signal)).status === 200;
}

/** Envoy's version, e.g. `1.40.0`; null where it can't be read from the answer. */
export async function sidecarVersion(socketPath: string, signal: AbortSignal): Promise<string | null> {
  const { body } = await get(socketPath, '/server_info', signal);
  // "<commit>/<version>/<state>/<build type>/<TLS library>"
  return /"version": ?"[^/"]*\/([^/"]+)\//.exec(body)?.[1] ?? null;
}

/** GET of a path of the administration interface. Rejects while nobody listens. */
export async function get(
  socketPath: string,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const ask = request({ socketPath, path, signal, agent: false, headers: { host: 'sidecar' } });
  ask.on('response', response => {
    text(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  ask.on('error', reject);
  ask.end();
  return promise;
}
