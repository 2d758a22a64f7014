import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that a kernel gives to clients, so that no connection of somebody else takes it first. */
const ports = { first: 20_000, end: 32_768 };
const tries = 100;

/** A port of 127.0.0.1 that nobody listened on a moment ago. Rejects where a hundred guesses are taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const port = randomInt(ports.first, ports.end);
    const server = createServer();
    const outcome = Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false), // taken: the next guess
    ]);
    server.listen(port, '127.0.0.1');
    if (!(await outcome)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no free port was found on 127.0.0.1');
}
