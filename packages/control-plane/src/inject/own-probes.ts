/**
 * Kubelet has no identity in the mesh, so what it asks of containers it asks the sidecar instead, which asks them (T13). Pods'
 * containers in, the same containers and what the sidecar is to answer out. Pure.
 */

import { type OwnProbe, ownPorts } from '../sidecar/own-listeners.ts';
import { isRecord, type JsonRecord, recordOf } from '../sources/record.ts';
import { recordsIn } from './pod-to-inject.ts';

/** Containers whose probes lead to the sidecar, and those probes. */
export interface Rewritten {
  readonly containers: readonly JsonRecord[];
  readonly probes: readonly OwnProbe[];
}

const probeFields = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;
const hookFields = ['postStart', 'preStop'] as const;

/** Rewrites the probes and hooks of containers; `before` are the probes that the sidecar has already. */
export function rewriteProbes(containers: readonly JsonRecord[], before: readonly OwnProbe[] = []): Rewritten {
  const probes = [...before];
  const rewritten = containers.map(container => {
    const fields = probeFields.flatMap(field => {
      const handler = isRecord(container[field]) ? rewrite(container, field, container[field], probes) : undefined;
      return handler === undefined ? [] : [[field, handler] as const];
    });
    const lifecycle = recordOf(container['lifecycle']);
    const hooks = hookFields.flatMap(field => {
      const handler = isRecord(lifecycle[field]) ? rewrite(container, field, lifecycle[field], probes) : undefined;
      return handler === undefined ? [] : [[field, handler] as const];
    });
    return {
      ...container,
      ...Object.fromEntries(fields),
      ...(hooks.length > 0 && { lifecycle: { ...lifecycle, ...Object.fromEntries(hooks) } }),
    };
  });
  return { containers: rewritten, probes };
}

/** The handler as it is to be; undefined where it stays: it runs a program, or asks somebody else. */
function rewrite(
  container: JsonRecord,
  field: string,
  handler: JsonRecord,
  probes: OwnProbe[],
): JsonRecord | undefined {
  const { httpGet, tcpSocket, grpc, ...rest } = handler;
  const path = `/heddle/${String(container['name'])}/${field}`;
  if (isRecord(httpGet)) {
    const port = portOf(container, httpGet['port']);
    if (port === undefined || isElsewhere(httpGet)) return undefined;
    const kind = httpGet['scheme'] === 'HTTPS' ? 'https' : 'http';
    probes.push({ kind, path, target: targetOf(httpGet['path']), port });
    const { scheme: _, host: __, ...kept } = httpGet;
    return { ...rest, httpGet: { ...kept, path, port: ownPorts.probes } };
  }
  if (isRecord(tcpSocket)) {
    const port = portOf(container, tcpSocket['port']);
    if (port === undefined || isElsewhere(tcpSocket)) return undefined;
    probes.push({ kind: 'tcp', path, port });
    return { ...rest, httpGet: { path, port: ownPorts.probes } };
  }
  if (isRecord(grpc) && typeof grpc['port'] === 'number') {
    return { ...rest, grpc: { ...grpc, port: grpcListener(grpc['port'], probes) } };
  }
  return undefined;
}

/** One listener a port, whichever probes ask there. */
function grpcListener(port: number, probes: OwnProbe[]): number {
  const taken = probes.flatMap(probe => (probe.kind === 'grpc' ? [probe] : []));
  const known = taken.find(probe => probe.port === port);
  if (known !== undefined) return known.listen;
  const listen = ownPorts.firstGrpcProbe + taken.length;
  probes.push({ kind: 'grpc', listen, port });
  return listen;
}

function isElsewhere({ host }: JsonRecord): boolean {
  return typeof host === 'string' && host !== '';
}

function targetOf(path: unknown): string {
  const text = typeof path === 'string' ? path : '';
  return text.startsWith('/') ? text : `/${text}`;
}

/** A port by number, or by a name that the container gives to one; a number may come as text. */
function portOf(container: JsonRecord, port: unknown): number | undefined {
  if (typeof port === 'number') return port;
  if (typeof port !== 'string') return undefined;
  if (/^\d+$/.test(port)) return Number(port);
  const named = recordsIn(container['ports']).find(({ name }) => name === port)?.['containerPort'];
  return typeof named === 'number' ? named : undefined;
}
