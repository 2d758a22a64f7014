/** The program that makes calls inside a pod, as seen from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CallOrder, CallReport } from './order.ts';

/** A command line, and the environment to start it with. */
export interface RunnableCommand {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The command line of the program that makes calls inside a pod. */
export function clientCommand(node: string): readonly string[] {
  const file = import.meta.filename.endsWith('.ts') ? 'client.ts' : 'client.js';
  return [node, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, file)];
}

/** The program of {@link clientCommand}, running: takes orders and gives reports until it is ended, or ends by itself. */
export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #said = '';

  constructor({ command: [program = '', ...args], environment }: RunnableCommand) {
    this.#child = spawn(program, args, { env: { ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#child.on('close', () => resolve());
    this.#child.on('error', error => {
      this.#said += error.message;
      resolve();
    });
    this.#child.stdin?.on('error', () => {}); // it has ended, which its output tells
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /** Gives it more to do. */
  order(orders: readonly CallOrder[]): void {
    this.#child.stdin?.write(orders.map(order => `${JSON.stringify(order)}\n`).join(''));
  }

  /** Each report as it comes; ends with the program. */
  async *reports(): AsyncGenerator<CallReport> {
    if (this.#child.stdout === null) return;
    for await (const line of createInterface({ input: this.#child.stdout })) yield JSON.parse(line) as CallReport;
  }

  /** It ends with its input, inside the pod, where no signal reaches it. */
  end(): void {
    this.#child.stdin?.end();
  }

  /** What it said before it ended by itself. */
  async complaint(): Promise<string> {
    await this.#exited;
    const lines = this.#said.trim().split('\n');
    return lines.find(line => /error/i.test(line))?.trim() ?? (lines.at(-1) || 'the caller ended early');
  }
}
