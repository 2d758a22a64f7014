/** The questions that probes ask over the network. */
import { type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import type { Container, Probe } from '../pod.ts';
import type { Check } from './probe.ts';

/**
 * Asks a container over HTTP or TCP at the pod's own address, as a kubelet does: from the node, whose address interception
 * leaves alone, so that no sidecar is in the way. Null where the probe is a command.
 */
export function networkCheck(probe: Probe, container: Container, ip: string): Check | null {
  const { httpGet, tcpSocket } = probe;
  if (httpGet !== undefined) {
    const options = {
      host: ip,
      port: portNumber(httpGet.port, container),
      path: httpGet.path ?? '/',
      headers: httpHeaders(httpGet.httpHeaders ?? []),
    };
    return signal => httpCheck({ ...options, signal }, httpGet.scheme === 'HTTPS');
  }
  if (tcpSocket !== undefined) {
    const port = portNumber(tcpSocket.port, container);
    return signal => tcpCheck(ip, port, signal);
  }
  return null;
}

/** Status 200 to 399 is healthy; redirects are not followed. */
async function httpCheck(options: RequestOptions, tls: boolean): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const ask = tls
    ? requestTls({ ...options, agent: false, rejectUnauthorized: false })
    : request({ ...options, agent: false });
  ask.on('response', response => {
    response.resume();
    const status = response.statusCode ?? 0;
    resolve(status >= 200 && status < 400);
    ask.destroy();
  });
  ask.on('error', reject);
  ask.end();
  return promise;
}

async function tcpCheck(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, signal });
  socket.on('connect', () => {
    resolve(true);
    socket.destroy();
  });
  socket.on('error', reject);
  return promise;
}

function httpHeaders(headers: readonly { readonly name: string; readonly value: string }[]): Record<string, string> {
  return { 'user-agent': 'kube-probe/heddle', ...Object.fromEntries(headers.map(({ name, value }) => [name, value])) };
}

/** A port by number, or by the name of one of the container's; one that it does not have is 0, which never answers. */
function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? (Number(port) || 0);
}
