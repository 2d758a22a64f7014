import { type FileHandle, open } from 'node:fs/promises';
import { frontDoorSocket } from '@heddle/mesh';
import type { ExposedService } from '../../api/mesh-status.ts';
import { frontDoorDirectory } from '../../local/desired/front-door.ts';
import { startRelay } from '../../local/host/relay.ts';

/**
 * Loopback ports of the host for what the front door shows: from a first one on, those that are free. A Service keeps its
 * port for as long as the mesh runs. All end with the signal.
 */
export class Relays {
  readonly #runDirectory: string;
  readonly #signal: AbortSignal;
  readonly #ports = new Map<string, number>();
  #directory: FileHandle | undefined;
  #next: number;

  constructor(runDirectory: string, firstPort: number, signal: AbortSignal) {
    this.#runDirectory = runDirectory;
    this.#next = firstPort;
    this.#signal = signal;
  }

  /** Where people see a port of a Service. Rejects where no port can be had. */
  async urlOf(service: ExposedService): Promise<string> {
    const socket = frontDoorSocket(service, service.port);
    let host = this.#ports.get(socket);
    if (host === undefined) {
      // By descriptor: with the directory's name, which may be long, the path would not fit into a socket's address.
      const directory = await this.#open();
      const socketPath = `/proc/self/fd/${directory.fd}/${socket}`;
      host = (await startRelay({ host: '127.0.0.1', port: this.#next, socketPath }, this.#signal)).port;
      this.#ports.set(socket, host);
      this.#next = host + 1;
    }
    return `http://127.0.0.1:${host}/`;
  }

  async #open(): Promise<FileHandle> {
    if (this.#directory === undefined) {
      const directory = await open(frontDoorDirectory(this.#runDirectory));
      this.#directory = directory;
      this.#signal.addEventListener('abort', () => void directory.close(), { once: true });
    }
    return this.#directory;
  }
}
