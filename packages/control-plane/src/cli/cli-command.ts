import type { Command } from 'commander';
import type { Config } from '../config.ts';

/** What a run ends with: 0 fine, 1 an `error` finding or a denial, 2 wrong usage, 3 failure; `exec` ends as its command. */
export type ExitCode = number;

/** Where a command writes to. */
export interface Output {
  write(text: string): void;
  /** Whether a person reads it as it comes. */
  readonly isTerminal: boolean;
}

/** The world as a command sees it: nothing else is read or written but files that its arguments name. */
export interface CommandContext {
  readonly config: Config;
  /** What processes that a command starts inherit; settings are in `config`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The answer, and nothing but the answer. */
  readonly stdout: Output;
  /** What is said beside it: notes, summaries, errors. */
  readonly stderr: Output;
  /** All of standard input. */
  readonly readStdin: () => Promise<string>;
  /**
   * Ends when the user interrupts. The first call takes SIGINT, SIGTERM and SIGHUP over, so a command that ends by itself must not
   * make it: it would no longer be interruptible.
   */
  readonly interruption: () => AbortSignal;
}

/** How commands are shown in help, in this order. */
export const commandGroups = ['Check and explain:', 'Run:', 'Kubernetes:', 'Other:'] as const;

/**
 * One command. `configure` runs at every start, so it and the file that it stands in import nothing heavy; `run` imports
 * what it needs when it is called.
 */
export interface CliCommand {
  readonly name: string;
  readonly group?: (typeof commandGroups)[number];
  /** Left out of help, completion and the reference page. */
  readonly hidden?: boolean;
  /** Adds description, options, arguments and examples. */
  readonly configure: (command: Command) => void;
  /** Absent for a command that only has subcommands. `command` holds what was parsed. */
  readonly run?: (context: CommandContext, command: Command) => Promise<ExitCode>;
  readonly subcommands?: readonly CliCommand[];
}

/** The command line asks for something that can't be done; ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
