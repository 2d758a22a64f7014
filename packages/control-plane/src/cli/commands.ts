import type { CliCommand } from './cli-command.ts';
import { completionCommand } from './completion.ts';
import { explainCommand } from './explain.ts';
import { renderCommand } from './render.ts';
import { testCommand } from './test.ts';
import { validateCommand } from './validate.ts';
import { versionCommand } from './version.ts';

/** Every command, in the order of help within its group; `help` is added to them. */
export const commands: readonly CliCommand[] = [
  validateCommand,
  explainCommand,
  testCommand,
  renderCommand,
  versionCommand,
  completionCommand,
];
