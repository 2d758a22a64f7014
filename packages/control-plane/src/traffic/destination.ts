import { readServiceName } from '@heddle/mesh';

/** Whom a call goes to, as its text names it. */
export interface Destination {
  readonly namespace: string;
  readonly service: string;
  /** One pod of a headless Service; absent where the text names none. */
  readonly pod?: string;
  /** Absent where the text names none. */
  readonly port?: number;
}

/**
 * Reads `SERVICE[.NAMESPACE][:PORT]`, the Service in every form that a client may write (H1), and `POD.SERVICE.NAMESPACE.svc[:PORT]`
 * for a pod of a headless one. A missing namespace is the caller's. What can't be a Service comes back as a problem, which completes the sentence "… is not a destination: …".
 */
export function readDestination(
  text: string,
  callersNamespace: string,
  clusterDomain: string,
): Destination | { readonly problem: string } {
  const colon = text.lastIndexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const written = colon < 0 ? undefined : text.slice(colon + 1);
  const port = written === undefined ? undefined : readPort(written);
  if (written !== undefined && port === undefined) {
    return { problem: `${written === '' ? 'nothing' : written} after the colon is not a port from 1 to 65535` };
  }
  const pod = readPod(name, callersNamespace, clusterDomain);
  const named = readServiceName(pod?.rest ?? name, callersNamespace, clusterDomain);
  if (named.kind === 'service') {
    const { namespace, name: service } = named;
    return { namespace, service, ...(pod && { pod: pod.name }), ...(port !== undefined && { port }) };
  }
  return {
    problem: hostName.test(named.host)
      ? `it is a host outside the cluster, whose Services end in .svc.${clusterDomain}`
      : 'a Service is named as SERVICE or SERVICE.NAMESPACE',
  };
}

/** A name before that of a Service that says `svc`: `a.b` is the Service a of b, `www.example.com` a host outside. */
function readPod(text: string, namespace: string, clusterDomain: string): { name: string; rest: string } | undefined {
  const dot = text.indexOf('.');
  const [name, rest] = [text.slice(0, dot).toLowerCase(), text.slice(dot + 1)];
  if (readServiceName(text, namespace, clusterDomain).kind === 'service' || !/^[^.]+\.[^.]+\.svc(?:\.|$)/i.test(rest))
    return undefined;
  const isPod = hostName.test(name) && readServiceName(rest, namespace, clusterDomain).kind === 'service';
  return isPod ? { name, rest } : undefined;
}

const hostName = /^[-a-z0-9]+(\.[-a-z0-9]+)*$/;

function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
