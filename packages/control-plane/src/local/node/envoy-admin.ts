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

/** Changes what a sidecar logs while it runs. `misc` stays at errors, as it was started: it has no news below them. */
export async function setLogLevel(socketPath: string, level: string, signal: AbortSignal): Promise<void> {
  for (const query of [`level=${level}`, ...(quiet.has(level) ? [] : ['misc=error'])]) {
    const { status, body } = await ask(socketPath, { method: 'POST', path: `/logging?${query}`, signal });
    if (status !== 200) throw new Error(`the sidecar does not take the log level ${level}: ${body.trim()}`);
  }
}

/** Levels at which less is said than errors, or no more. */
const quiet: ReadonlySet<string> = new Set(['error', 'critical', 'off']);

/** GET of a path of the administration interface. Rejects while nobody listens. */
export async function get(
  socketPath: string,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  return await ask(socketPath, { method: 'GET', path, signal });
}

async function ask(
  socketPath: string,
  options: { readonly method: 'GET' | 'POST'; readonly path: string; readonly signal: AbortSignal },
): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const asked = request({ socketPath, ...options, agent: false, headers: { host: 'sidecar' } });
  asked.on('response', response => {
    text(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  asked.on('error', reject);
  asked.end();
  return await promise;
}
