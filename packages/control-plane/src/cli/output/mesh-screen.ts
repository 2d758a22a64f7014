import type { Finding } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import type { MeshStatus } from '../../api/mesh-status.ts';
import type { CommandContext } from '../cli-command.ts';
import { isReady } from '../commands/up.ts';
import { waitingFor, whatIsMissing } from '../run/await-ready.ts';
import type { Relays } from '../run/relays.ts';
import { type Paint, painter } from './paint.ts';
import { type Progress, progressOn } from './progress.ts';
import { findingLine, fromHere, plural } from './show-findings.ts';
import { tableOf, workloadTable } from './show-status.ts';

/** Milliseconds after which a mesh is shown although some of it is not ready. */
const patience = 15_000;

/** How often the same line about a pod is printed between two changes. */
const mostTold = 2;

/** Prints what is new in each state of a mesh: findings, the table and URLs, what fails, changes that are in force. */
export class MeshScreen {
  readonly #context: CommandContext;
  readonly #paint: Paint;
  readonly #progress: Progress;
  readonly #timer: NodeJS.Timeout;
  readonly #urls = new Set<string>();
  #findings = new Map<string, Finding>();
  #troubles = new Map<string, string>();
  /** How often each line about pods was printed since the last change: what flaps is not told again and again. */
  #told = new Map<string, number>();
  #workloads = new Map<string, string>();
  #last: MeshStatus | undefined;
  /** Whether the table has been printed; from then on changes are. */
  #isShown = false;
  #isReady = false;
  #lastChange = '';

  constructor(context: CommandContext) {
    this.#context = context;
    this.#paint = painter(context.stdout, context.config);
    this.#progress = progressOn(context.stderr);
    this.#progress.say('Starting the mesh');
    this.#timer = setTimeout(() => this.#showUnready(), patience);
  }

  /** Shows a state; states come one after the other. `relays` gives Services their URLs. */
  async show(status: MeshStatus, relays: Relays): Promise<void> {
    this.#last = status;
    this.#showFindings(status.findings);
    this.#showTroubles(status);
    const becomesReady = !this.#isReady && isReady(status);
    if (becomesReady) this.#showTable(status);
    if (this.#isShown) {
      await this.#showUrls(status, relays);
      this.#showWorkloads(status);
      this.#showChange(status);
    } else this.#progress.say(waitingFor(status));
    if (becomesReady) this.#showReady();
  }

  /** Takes away what is only there while the mesh runs. */
  end(): void {
    clearTimeout(this.#timer);
    this.#progress.hide();
  }

  #showTable(status: MeshStatus): void {
    this.#isShown = true;
    this.#workloads = workloadStates(status);
    this.#lastChange = changeKey(status);
    this.#print(`\n${workloadTable(status, this.#paint)}\n`);
  }

  /** The time is that since the command was started. */
  #showReady(): void {
    this.#isReady = true;
    clearTimeout(this.#timer);
    const seconds = (performance.now() / 1000).toFixed(1);
    this.#print(`Ready after ${seconds} s. Edit a file and save it: it is in force. Ctrl-C ends the mesh.`);
  }

  /** Rather than saying nothing for long: who waits sees how far it is, and what for. */
  #showUnready(): void {
    if (this.#last !== undefined) this.#showTable(this.#last);
    const seconds = (performance.now() / 1000).toFixed(0);
    this.#print(`Not ready after ${seconds} s: ${whatIsMissing(this.#last)} Ctrl-C ends the mesh.`);
  }

  async #showUrls(status: MeshStatus, relays: Relays): Promise<void> {
    const fresh: string[][] = [];
    const ports = Map.groupBy(status.exposed, ({ namespace, name }) => `${namespace}/${name}`);
    for (const [service, shown] of ports) {
      for (const port of shown) {
        const url = await relays.urlOf(port);
        const name = shown.length > 1 ? `${service}:${port.port}` : service;
        if (!this.#urls.has(url)) fresh.push([name, this.#paint('cyan', url)]);
        this.#urls.add(url);
      }
    }
    const { metrics } = status;
    if (metrics !== null && !this.#urls.has(metrics)) {
      fresh.push(['metrics', this.#paint('cyan', metrics)]);
      this.#urls.add(metrics);
    }
    if (fresh.length > 0) this.#print(`${tableOf(fresh)}\n`);
  }

  #showFindings(findings: readonly Finding[]): void {
    const now = new Map(findings.map(finding => [keyOf(finding), finding]));
    for (const [key, finding] of now) {
      if (!this.#findings.has(key)) this.#print(findingLine(fromHere(finding), this.#paint));
    }
    for (const [key, finding] of this.#findings) {
      if (!now.has(key)) this.#print(mendedLine(fromHere(finding), this.#paint));
    }
    this.#findings = now;
  }

  /** Pods and parts of the controller that fail, each once for each reason. */
  #showTroubles(status: MeshStatus): void {
    const now = new Map(troublesOf(status));
    for (const [key, text] of now) {
      if (this.#troubles.get(key) !== text) this.#tell(`${this.#paint('yellow', 'trouble')} ${text}`);
    }
    this.#troubles = now;
  }

  /** Workloads that became ready since they were last told of, or are gone. */
  #showWorkloads(status: MeshStatus): void {
    const now = workloadStates(status);
    for (const [name, state] of now) {
      if (state !== '' && this.#workloads.get(name) !== state)
        this.#tell(`${this.#paint('green', 'ready')} ${name}: ${state}`);
    }
    for (const name of this.#workloads.keys()) if (!now.has(name)) this.#print(`${this.#paint('dim', 'gone')} ${name}`);
    this.#workloads = now;
  }

  /** What was refused is not in force, and its finding has been shown. */
  #showChange(status: MeshStatus): void {
    const { lastChange, objects: known } = status;
    const key = changeKey(status);
    if (lastChange === null || key === this.#lastChange) return;
    this.#lastChange = key;
    this.#told.clear();
    const refused = new Set(known.filter(({ accepted }) => !accepted).map(nameOf));
    const names = [
      ...lastChange.objects.map(nameOf).filter(name => !refused.has(name)),
      ...lastChange.removed.map(ref => `${nameOf(ref)} (removed)`),
    ];
    if (names.length === 0) return;
    const { sidecars, milliseconds } = lastChange;
    const where =
      sidecars === 0 ? ', no sidecar concerned' : ` on ${plural(sidecars, 'sidecar')} after ${milliseconds} ms`;
    this.#print(`${this.#paint('green', 'in force')}${where}: ${names.join(', ')}`);
  }

  #tell(line: string): void {
    const times = (this.#told.get(line) ?? 0) + 1;
    this.#told.set(line, times);
    if (times < mostTold) this.#print(line);
    if (times === mostTold) this.#print(`${line}; it goes on like that, which is not told any more`);
  }

  #print(line: string): void {
    this.#progress.hide();
    this.#context.stdout.write(`${line}\n`);
  }
}

function* troublesOf({ unready, failing }: MeshStatus): Generator<[string, string]> {
  for (const { namespace, name, state, message } of unready) {
    const pod = `${namespace}/${name}`;
    if (state === 'failing') yield [pod, `${pod}: ${message} (heddle logs ${pod})`];
  }
  for (const { part, message } of failing) {
    yield [part, `${part} failed, what was in force stays: ${message} (heddle logs --controller)`];
  }
}

/** What there is to say of each workload whose pods are ready; nothing of others. */
function workloadStates({ workloads }: MeshStatus): Map<string, string> {
  return new Map(
    workloads.map(({ namespace, name, pods, ready }) => [
      `${namespace}/${name}`,
      ready === pods ? plural(pods, 'pod') : '',
    ]),
  );
}

function mendedLine({ file, line, column, code, reason, object }: Finding, paint: Paint): string {
  const place = [file, line, column].filter(part => part !== undefined).join(':');
  return `${paint('green', 'mended')} ${place === '' && object !== undefined ? nameOf(object) : place} ${code} ${reason}`;
}

/** Revisions count from the start of a controller. */
function changeKey({ since, lastChange }: MeshStatus): string {
  return lastChange === null ? '' : `${since} ${lastChange.revision}`;
}

function nameOf({ kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** The same finding on another line is the same finding: what is above it in the file may have moved. */
function keyOf({ code, object, field, file, message }: Finding): string {
  return JSON.stringify([code, object, field, file, message]);
}
