/** The log of one container: appended to, and bounded in size. */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bytes after which a log is moved to `<name>.1`, in place of the one that was there. */
const defaultMaxBytes = 8 * 1024 * 1024;

/** Whose logs they are. */
interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** Where the log of a container is. */
export function logPath(runDirectory: string, pod: PodName, container: string): string {
  return join(logFolder(runDirectory, pod), `${container}.log`);
}

/** Where the log of a pod's sidecar is: beside those of its containers, none of which has a `.` in its name. */
export function sidecarLogPath(runDirectory: string, pod: PodName): string {
  return join(logFolder(runDirectory, pod), 'sidecar.envoy.log');
}

function logFolder(runDirectory: string, { namespace, name }: PodName): string {
  return join(runDirectory, 'logs', namespace, name);
}

/** Appends to a file and keeps at most twice `maxBytes` of it. Errors are thrown to whoever writes. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #descriptor: number | null = null;
  #bytes = 0;

  constructor(path: string, maxBytes: number = defaultMaxBytes) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  write(chunk: Uint8Array): void {
    if (this.#descriptor !== null && this.#bytes + chunk.length > this.#maxBytes) {
      this.close();
      renameSync(this.#path, `${this.#path}.1`);
    }
    if (this.#descriptor === null) {
      mkdirSync(dirname(this.#path), { recursive: true });
      this.#descriptor = openSync(this.#path, 'a', 0o600);
      this.#bytes = 0;
    }
    this.#bytes += writeSync(this.#descriptor, chunk);
  }

  /** A later write opens the file again. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
