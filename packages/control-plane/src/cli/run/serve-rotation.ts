/** The end of `heddle rotate-root` in the process of `heddle up`, which alone holds the authority between controllers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { watchStatus } from '../../api/client.ts';
import type { MeshStatus } from '../../api/mesh-status.ts';
import { type AuthorityPem, readAuthority, writeAuthority } from '../../identity/authority-pem.ts';
import { CertificateAuthority } from '../../identity/ca.ts';
import { type ExchangeStep, type ExchangeStepName, exchangeSteps } from '../../identity/root-exchange.ts';
import type { ControllerFeed } from '../../local/host/controller-feed.ts';
import { controllerSocket, rotationSocket } from '../../local/host/run-layout.ts';

/** A line of the answer to a request for another root. */
export type RotationNews =
  /** The step is done: so many sidecars have acknowledged it. */
  | { readonly step: ExchangeStepName; readonly sidecars: number }
  /** The step waits for these, `namespace/pod`: they are not connected. */
  | { readonly step: ExchangeStepName; readonly waitingFor: readonly string[] };

/** What is rotated. */
export interface RotatedMesh {
  readonly runDirectory: string;
  readonly trustDomain: string;
  readonly feed: ControllerFeed;
  /** In force when it begins. */
  readonly authority: AuthorityPem;
}

/** Milliseconds between two steps: a sidecar that has acknowledged takes a moment more until each of its threads follows. */
const settleMs = 1000;

/** Exchanges the mesh's root when asked on its socket, `POST /` with an authority or nothing; until the signal aborts. */
export async function serveRotation(mesh: RotatedMesh, signal: AbortSignal): Promise<void> {
  let authority = mesh.authority;
  let isBusy = false;
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || isBusy) {
      response.writeHead(isBusy ? 409 : 405).end();
      return;
    }
    isBusy = true;
    const put = (step: ExchangeStep): void => {
      authority = step.authority;
      mesh.feed.put(writeAuthority(authority));
    };
    void answer({ request, response }, { mesh, from: authority, put }, signal).finally(() => {
      isBusy = false;
    });
  });
  const end = (): void => {
    server.close();
    server.closeAllConnections();
  };
  signal.addEventListener('abort', end, { once: true });
  server.listen(rotationSocket(mesh.runDirectory));
  await once(server, 'listening');
}

interface Exchange {
  readonly mesh: RotatedMesh;
  readonly from: AuthorityPem;
  readonly put: (step: ExchangeStep) => void;
}

/** Goes on to the end whether or not somebody still listens. */
async function answer(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { mesh, from, put }: Exchange,
  signal: AbortSignal,
): Promise<void> {
  const tell = (news: RotationNews): void => void response.write(`${JSON.stringify(news)}\n`);
  response.on('error', () => {}); // whoever asked has gone
  try {
    const body = await text(request);
    const to = body === '' ? newAuthority(mesh.trustDomain) : readAuthority(body);
    const steps = exchangeSteps(from, to);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const step of steps) {
      put(step);
      tell({ step: step.name, sidecars: await acknowledged(mesh, step, { tell, signal }) });
      await delay(settleMs, undefined, { signal });
    }
    response.end();
  } catch (error) {
    // The mesh ends, or what was asked for is not an authority; the answer breaks off.
    response.destroy(error instanceof Error ? error : undefined);
  }
}

function newAuthority(trustDomain: string): AuthorityPem {
  return new CertificateAuthority({ trustDomain, now: () => new Date() }).pem();
}

/** Waits until every sidecar has acknowledged a step, whatever becomes of controllers meanwhile; gives how many there are. */
async function acknowledged(
  { runDirectory, trustDomain }: RotatedMesh,
  { name, authority: pem }: ExchangeStep,
  { tell, signal }: { readonly tell: (news: RotationNews) => void; readonly signal: AbortSignal },
): Promise<number> {
  const { issuer, trusted } = new CertificateAuthority({ trustDomain, now: () => new Date(), pem });
  let told = '';
  const end = new AbortController();
  for await (const status of watchStatus(controllerSocket(runDirectory), AbortSignal.any([signal, end.signal]))) {
    if (status.authority.issuer !== issuer || status.authority.trusted.join() !== trusted.join()) continue;
    if (status.sidecars.every(({ inSync }) => inSync)) {
      end.abort();
      return status.sidecars.length;
    }
    const waitingFor = absentIn(status);
    if (waitingFor.length > 0 && waitingFor.join() !== told) tell({ step: name, waitingFor });
    told = waitingFor.join();
  }
  throw new Error('the mesh has ended');
}

function absentIn({ sidecars }: MeshStatus): string[] {
  return sidecars.filter(({ connected }) => !connected).map(({ namespace, pod }) => `${namespace}/${pod}`);
}
