import { join, relative } from 'node:path';
import type { Finding } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import { watchStatus } from '../api/client.ts';
import type { ExposedService, MeshStatus } from '../api/mesh-status.ts';
import { frontDoorDirectory } from '../local/front-door.ts';
import type { LocalMesh } from '../local/local-mesh.ts';
import { startRelay } from '../local/relay.ts';
import { controllerSocket } from '../local/run-layout.ts';
import type { CommandContext } from './cli-command.ts';
import { type Paint, painter } from './paint.ts';
import { findingLine } from './show-findings.ts';
import { tableOf, workloadTable } from './show-status.ts';
import { isReady } from './up.ts';

/** What there is to follow. */
export interface FollowedMesh {
  readonly mesh: LocalMesh;
  readonly firstPort: number;
}

/** Shows a mesh as it comes up, its table and URLs once it is ready, and then what changes, until the signal aborts. */
export async function followMesh(
  context: CommandContext,
  { mesh, firstPort }: FollowedMesh,
  signal: AbortSignal,
): Promise<void> {
  const end = AbortSignal.any([signal, endedSignal(mesh)]);
  const screen = new Screen(context, new Relays(mesh.runDirectory, firstPort, end));
  context.stderr.write('Starting the mesh …\n');
  for await (const status of watchStatus(controllerSocket(mesh.runDirectory), end)) await screen.show(status);
}

function endedSignal(mesh: LocalMesh): AbortSignal {
  const ended = new AbortController();
  void mesh.ended.finally(() => ended.abort());
  return ended.signal;
}

/** Loopback ports of the host for what the front door shows; one stays what it is for as long as the mesh runs. */
class Relays {
  readonly #runDirectory: string;
  readonly #signal: AbortSignal;
  readonly #ports = new Map<string, number>();
  #next: number;

  constructor(runDirectory: string, firstPort: number, signal: AbortSignal) {
    this.#runDirectory = runDirectory;
    this.#next = firstPort;
    this.#signal = signal;
  }

  async urlOf({ namespace, name, port }: ExposedService): Promise<string> {
    const socket = `${namespace}.${name}.${port}.sock`;
    let host = this.#ports.get(socket);
    if (host === undefined) {
      const socketPath = join(frontDoorDirectory(this.#runDirectory), socket);
      host = (await startRelay({ host: '127.0.0.1', port: this.#next, socketPath }, this.#signal)).port;
      this.#ports.set(socket, host);
      this.#next = host + 1;
    }
    return `http://127.0.0.1:${host}/`;
  }
}

/** Prints what is new in each state of the mesh. */
class Screen {
  readonly #context: CommandContext;
  readonly #relays: Relays;
  readonly #paint: Paint;
  readonly #started = performance.now();
  #findings = new Map<string, Finding>();
  #urls = new Set<string>();
  #ready = false;
  #lastRevision = 0;

  constructor(context: CommandContext, relays: Relays) {
    this.#context = context;
    this.#relays = relays;
    this.#paint = painter(context.stdout, context.config);
  }

  async show(status: MeshStatus): Promise<void> {
    this.#showFindings(status.findings);
    if (!this.#ready && isReady(status)) await this.#showReady(status);
    else if (this.#ready) {
      await this.#showUrls(status);
      this.#showChange(status);
    }
  }

  async #showReady(status: MeshStatus): Promise<void> {
    this.#ready = true;
    this.#lastRevision = status.lastChange?.revision ?? 0;
    this.#print(`\n${workloadTable(status, this.#paint)}\n`);
    await this.#showUrls(status);
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    this.#print(`Ready after ${seconds} s. Edit a file and save it: it is in force. Ctrl-C ends the mesh.`);
  }

  async #showUrls(status: MeshStatus): Promise<void> {
    const fresh: string[][] = [];
    for (const service of status.exposed) {
      const url = await this.#relays.urlOf(service);
      if (!this.#urls.has(url)) fresh.push([`${service.namespace}/${service.name}`, this.#paint('cyan', url)]);
      this.#urls.add(url);
    }
    if (fresh.length > 0) this.#print(`${tableOf(fresh)}\n`);
  }

  #showFindings(findings: readonly Finding[]): void {
    const now = new Map(findings.map(finding => [keyOf(finding), finding]));
    for (const [key, finding] of now) {
      if (!this.#findings.has(key)) this.#print(findingLine(withShortPath(finding), this.#paint));
    }
    for (const [key, finding] of this.#findings) {
      if (!now.has(key))
        this.#print(`${this.#paint('green', 'mended')} ${findingLine(withShortPath(finding), this.#paint)}`);
    }
    this.#findings = now;
  }

  /** What was refused is not in force, and its finding has been shown. */
  #showChange({ lastChange, objects: known }: MeshStatus): void {
    if (lastChange === null || lastChange.revision <= this.#lastRevision) return;
    this.#lastRevision = lastChange.revision;
    const refused = new Set(known.filter(({ accepted }) => !accepted).map(nameOf));
    const objects = [...new Set(lastChange.objects.map(nameOf))].filter(name => !refused.has(name));
    if (objects.length === 0) return;
    const sidecars = `${lastChange.sidecars} sidecar${lastChange.sidecars === 1 ? '' : 's'}`;
    this.#print(
      `${this.#paint('green', 'in force')} on ${sidecars} after ${lastChange.milliseconds} ms: ${objects.join(', ')}`,
    );
  }

  #print(line: string): void {
    this.#context.stdout.write(`${line}\n`);
  }
}

function nameOf({ kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** The same finding on another line is the same finding: what is above it in the file may have moved. */
function keyOf({ code, object, field, file, message }: Finding): string {
  return JSON.stringify([code, object, field, file, message]);
}

function withShortPath(finding: Finding): Finding {
  if (finding.file === undefined) return finding;
  const short = relative(process.cwd(), finding.file);
  return { ...finding, file: short.startsWith('..') ? finding.file : short };
}
