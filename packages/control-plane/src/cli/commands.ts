import type { CliCommand } from './cli-command.ts';
import { completionCommand } from './completion.ts';
import { controllerCommand } from './controller.ts';
import { convertCommand } from './convert.ts';
import { diagnoseCommand } from './diagnose.ts';
import { execCommand } from './exec.ts';
import { explainCommand } from './explain.ts';
import { logsCommand } from './logs.ts';
import { nodeCommand } from './node.ts';
import { renderCommand } from './render.ts';
import { rotateRootCommand } from './rotate-root.ts';
import { statusCommand } from './status.ts';
import { testCommand } from './test.ts';
import { upCommand } from './up.ts';
import { validateCommand } from './validate.ts';
import { versionCommand } from './version.ts';
import { workloadsCommand } from './workloads.ts';

/** Every command, in the order of help within its group; `help` is added to them. */
export const commands: readonly CliCommand[] = [
  validateCommand,
  explainCommand,
  diagnoseCommand,
  testCommand,
  convertCommand,
  renderCommand,
  upCommand,
  statusCommand,
  execCommand,
  logsCommand,
  rotateRootCommand,
  controllerCommand,
  nodeCommand,
  workloadsCommand,
  versionCommand,
  completionCommand,
];
