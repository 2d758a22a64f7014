/** Reading an answer: who gave it, and whether that was the mesh. Pure. */
import type { Exchange } from './order.ts';

/** The header in which an application may say who it is. */
export const servedByHeader = 'x-served-by';

/** An answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case, repeated ones joined by `, `; trailers included. */
  readonly headers: ReadonlyMap<string, string>;
  /** Its first part at least. */
  readonly body: string;
}

/** What sidecars write themselves; everything that the Envoy backend words starts with `heddle: `. */
const meshBodies =
  /^(?:heddle: |RBAC: access denied|upstream connect error|upstream request timeout|no healthy upstream)/;

/** What a sidecar answers without a word, or with its parser's only two. */
const bareStatuses = new Set([400, 403, 503]);

/**
 * Reads an HTTP answer. The responder is what the header `x-served-by` says, or `identity` of a JSON body. The mesh has
 * answered where the body is one of its own, or where there is neither body nor responder in a 400, 403 or 503 (Envoy
 * refuses paths and upgrades like that). An application that refuses so tersely counts as the mesh, too: nothing tells them
 * apart.
 */
export function readAnswer({ status, headers, body }: HttpAnswer): Exchange {
  const responder = headers.get(servedByHeader) ?? identityIn(body);
  const isBare = bareStatuses.has(status) && (body === '' || (status === 400 && body === 'Bad Request'));
  const byMesh = responder === null && status >= 400 && (meshBodies.test(body) || isBare);
  return { end: 'answered', status, grpcStatus: null, byMesh, responder, detail: null };
}

/** HTTP statuses that Envoy turns into those of gRPC, as it answers gRPC calls itself. */
const httpOfGrpc: ReadonlyMap<number, number> = new Map([
  [7, 403],
  [13, 400],
  [14, 503],
]);

/**
 * Reads a gRPC answer. The mesh has answered where its own words are the `grpc-message`, or where there are no words and no
 * message with a status that 400, 403 or 503 became; `status` then is that one. A gRPC status that an application gives
 * leaves it at 200.
 */
export function readGrpcAnswer(answer: HttpAnswer): Exchange {
  const plain = readAnswer(answer);
  const written = answer.headers.get('grpc-status');
  if (written === undefined) return plain;
  const grpcStatus = Number(written);
  const message = decode(answer.headers.get('grpc-message') ?? '');
  const status = httpOfGrpc.get(grpcStatus);
  const isOwn = meshBodies.test(message) || (message === '' && answer.body === '');
  const byMesh = plain.responder === null && status !== undefined && isOwn;
  return { ...plain, byMesh, grpcStatus, status: byMesh ? status : plain.status };
}

/**
 * Reads what came over a bare TCP connection. A first line `x-served-by: NAME` names the responder; HTTP's 400 to what was no
 * request is a refusal, not an answer.
 */
export function readTcpAnswer(text: string): Exchange {
  const responder = /^x-served-by: (\S+)/.exec(text)?.[1] ?? null;
  const byMesh = /^HTTP\/1\.[01] 4\d\d /.test(text);
  return { end: 'answered', status: null, grpcStatus: null, byMesh, responder, detail: null };
}

function identityIn(body: string): string | null {
  if (!body.trimStart().startsWith('{')) return null;
  try {
    const { identity } = JSON.parse(body) as { identity?: unknown };
    return typeof identity === 'string' ? identity : null;
  } catch {
    return null; // not JSON after all, or cut short
  }
}

function decode(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message; // no escapes then
  }
}
