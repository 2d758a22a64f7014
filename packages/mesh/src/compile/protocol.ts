import type { Protocol } from '../model/service.ts';
import type { ServicePortSpec } from '../store/kubernetes/service.ts';

/** Application protocols by the words that people name them with (H2); server-first ones must never be sniffed. */
const words: Readonly<Record<string, Protocol>> = {
  http: 'http',
  http2: 'http',
  grpc: 'http',
  'grpc-web': 'http',
  h2c: 'http',
  ws: 'http',
  'kubernetes.io/h2c': 'http',
  'kubernetes.io/ws': 'http',
  https: 'tcp',
  'kubernetes.io/wss': 'tcp',
  wss: 'tcp',
  tls: 'tcp',
  tcp: 'tcp',
  'tcp-server-first': 'tcp',
  amqp: 'tcp',
  ftp: 'tcp',
  imap: 'tcp',
  ldap: 'tcp',
  mongo: 'tcp',
  mongodb: 'tcp',
  mysql: 'tcp',
  nats: 'tcp',
  pop3: 'tcp',
  postgres: 'tcp',
  postgresql: 'tcp',
  redis: 'tcp',
  smtp: 'tcp',
  ssh: 'tcp',
};

/** What a Service's port speaks (H2); `known` is false for an appProtocol that nobody has heard of, which counts as TCP. */
export function protocolOf(port: Pick<ServicePortSpec, 'name' | 'transport' | 'appProtocol'>): {
  protocol: Protocol;
  known: boolean;
} {
  if (port.transport !== 'TCP') return { protocol: 'udp', known: true };
  if (port.appProtocol !== undefined) {
    const protocol = lookup(port.appProtocol.toLowerCase());
    return { protocol: protocol ?? 'tcp', known: protocol !== undefined };
  }
  const protocol = lookup(port.name) ?? lookup(port.name.split('-')[0] ?? '');
  return { protocol: protocol ?? 'detect', known: true };
}

/** What a pod's port speaks when several Services open it: any HTTP and any TCP together must be told apart (H2). */
export function mergeProtocols(a: Protocol, b: Protocol): Protocol {
  return a === b ? a : a === 'udp' ? b : b === 'udp' ? a : 'detect';
}

function lookup(word: string): Protocol | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}
