import type { Call, MeshModel } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import * as fc from 'fast-check';
import type { CallOrder } from '../../packages/control-plane/src/traffic/order.ts';
import { callOver } from '../worlds/call.ts';
import { policyOver } from '../worlds/policy.ts';
import type { World } from '../worlds/world.ts';
import { endingsOf } from './endings.ts';
import { pending } from './pending.ts';
import { twists } from './twists.ts';

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
const drawn = 6;

/** The calls of a seed and a policy; about half of them, where so many were drawn, are let through at least now and then. */
export function callsOfSeed(world: World, seed: number, { policy, model, count }: Drawing): readonly WireCall[] {
  const call = fc.tuple(twistedCall(world, policy), fc.constantFrom(true, false, false));
  const calls = fc
    .sample(call, { seed, numRuns: count * drawn })
    .filter(([made]) => !pending.some(({ concerns }) => concerns(made)))
    .map(([made, http2]) => wireCall(made, http2));
  const open = (each: WireCall) => endingsOf(model, each.call).some(({ verdict }) => verdict.allowed);
  const allowed = calls.filter(open).slice(0, Math.ceil(count / 2));
  return [...allowed, ...calls.filter(each => !open(each)).slice(0, count - allowed.length)];
}

function twistedCall(world: World, policy: readonly KubeObject[]): fc.Arbitrary<Call> {
  return fc
    .tuple(callOver(world, policy), twists)
    .map(([call, twist]) => (call.protocol === 'tcp' ? call : twist(call)));
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
  const hosts = headers.filter(([name]) => name.toLowerCase() === 'host');
  const isPlain = headers.every(
    ([name, value]) => value !== '' && value === value.trim() && !ofOneConnection.test(name),
  );
  return protocol !== 'tcp' && method !== 'CONNECT' && /^\/[!-~]*$/.test(path) && isPlain && hosts.length < 2;
}

/** Headers that HTTP/2 doesn't have. */
const ofOneConnection = /^(?:connection|upgrade|http2-settings|proxy-connection|te|expect|content-length)$/i;

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
