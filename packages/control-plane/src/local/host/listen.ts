import { once } from 'node:events';
import type { Server } from 'node:net';

/** How many ports are tried, one after the other. */
const triedPorts = 100;

/**
 * Listens on a port of the host, or on the next one that is free; port 0 is any. Resolves with the port that it got, and
 * rejects where none of so many can be had.
 */
export async function listenFrom(
  server: Server,
  at: { readonly host: string; readonly port: number },
): Promise<number> {
  const last = at.port === 0 ? 0 : Math.min(at.port + triedPorts - 1, 65_535);
  for (let next = at.port; ; next += 1) {
    server.listen(next, at.host);
    try {
      await once(server, 'listening');
      break;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || next >= last) throw error;
    }
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : at.port;
}
