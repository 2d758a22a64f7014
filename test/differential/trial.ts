import type { Call, MeshModel } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import type { CallOrder } from '../../packages/control-plane/src/traffic/order.ts';
import { callOver } from '../worlds/call.ts';
import { policyOver } from '../worlds/policy.ts';
import type { World } from '../worlds/world.ts';
import { type Ending, endingsOf } from './endings.ts';

/** A call, and how it is put on the wire. */
export interface WireCall {
  readonly call: Call;
  /** HTTP/2 in place of HTTP/1.1. gRPC is always HTTP/2. */
  readonly http2: boolean;
}

/** The policy of a seed: always the same one. */
export function policyOfSeed(world: World, seed: number): readonly KubeObject[] {
  const [policy = []] = fc.sample(policyOver(world), { seed, numRuns: 1 });
  return policy;
}

/** So many times as many calls are drawn as are made: most random calls are refused, which soon proves no more. */
const drawn = 12;

/** Calls to try a policy with. */
export interface Trial {
  /** About half of them, where so many were drawn, are let through at least now and then. */
  readonly calls: readonly WireCall[];
  /** One that several backends share, unevenly if there is such a one. */
  readonly shared: { readonly call: WireCall; readonly isUneven: boolean } | undefined;
}

/** The calls of a seed and a policy: always the same ones. */
export function trialOfSeed(world: World, seed: number, { policy, model, count }: Drawing): Trial {
  const call = fc.tuple(callOver(world, policy), fc.constantFrom(true, false, false));
  const candidates = fc.sample(call, { seed, numRuns: count * drawn }).map(([made, http2]) => {
    const onWire = wireCall(made, http2);
    const endings = endingsOf(model, onWire.call);
    return { call: onWire, endings, isOpen: endings.some(({ verdict }) => verdict.allowed) };
  });
  const open = candidates.filter(({ isOpen }) => isOpen);
  const allowed = open.slice(0, Math.ceil(count / 2));
  const refused = candidates.filter(({ isOpen }) => !isOpen).slice(0, count - allowed.length);
  // A connection of bytes that carries requests is kept for many of them: its share is not theirs.
  const apart = open.filter(({ call: { call: made }, endings }) => made.protocol === 'tcp' || !isBytes(endings));
  const most = apart.toSorted((a, b) => unevenness(b.endings) - unevenness(a.endings))[0];
  const uneven = most === undefined ? 0 : unevenness(most.endings);
  return {
    calls: [...allowed, ...refused].map(candidate => candidate.call),
    shared: most !== undefined && uneven > 0 ? { call: most.call, isUneven: uneven > 1 } : undefined,
  };
}

function isBytes(endings: readonly Ending[]): boolean {
  return endings.some(({ verdict }) => verdict.allowed && verdict.status === null);
}

/** 0: only one ending is ever seen; 1: all are as frequent; more: some are more frequent than others. */
function unevenness(endings: readonly Ending[]): number {
  const shares = endings.flatMap(({ share }) => (share > 0.001 ? [share] : []));
  return shares.length < 2 ? 0 : Math.max(...shares) / Math.min(...shares);
}

/** What calls are drawn over. */
export interface Drawing {
  readonly policy: readonly KubeObject[];
  readonly model: MeshModel;
  readonly count: number;
}

/** What HTTP/2 has no form for goes over HTTP/1.1. */
function wireCall(call: Call, http2: boolean): WireCall {
  if (isFramable(call)) return { call, http2 };
  return { call: call.protocol === 'grpc' ? { ...call, protocol: 'http' } : call, http2: false };
}

function isFramable({ protocol, method, path, headers }: Call): boolean {
  const names = headers.map(([name]) => name.toLowerCase());
  const isSingle = names.every((name, index) => name.startsWith('x-') || names.indexOf(name) === index);
  const isPlain = headers.every(
    ([name, value]) => value !== '' && value === value.trim() && !ofOneConnection.test(name),
  );
  const isPath = protocol === 'grpc' ? /^\/[^\0- \x7f]*$/.test(path) : /^\/[!-~]*$/.test(path);
  return protocol !== 'tcp' && method !== 'CONNECT' && isPath && isPlain && isSingle;
}

/** Headers that HTTP/2 doesn't have. */
const ofOneConnection = /^(?:connection|keep-alive|upgrade|http2-settings|proxy-connection|te|expect|content-length)$/i;

/** What the program inside a pod is told. */
export function orderOf({ call, http2 }: WireCall, times: number): Omit<CallOrder, 'id'> {
  const { to, method, path, headers, protocol } = call;
  return {
    host: `${to.service}.${to.namespace}`,
    port: to.port,
    protocol: protocol === 'http' && http2 ? 'h2' : protocol,
    method,
    path,
    headers,
    times,
    timeout: 5000,
  };
}
