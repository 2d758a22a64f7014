import type { CliCommand } from './cli-command.ts';
import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { controllerCommand } from './commands/controller.ts';
import { convertCommand } from './commands/convert.ts';
import { diagnoseCommand } from './commands/diagnose.ts';
import { execCommand } from './commands/exec.ts';
import { explainCommand } from './commands/explain.ts';
import { injectCommand } from './commands/inject.ts';
import { installCommand, upgradeCommand } from './commands/install.ts';
import { logsCommand } from './commands/logs.ts';
import { namespaceCommand } from './commands/namespace.ts';
import { nodeCommand } from './commands/node.ts';
import { renderCommand } from './commands/render.ts';
import { rotateRootCommand } from './commands/rotate-root.ts';
import { statusCommand } from './commands/status.ts';
import { testCommand } from './commands/test.ts';
import { translateCommand } from './commands/translate.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { upCommand } from './commands/up.ts';
import { validateCommand } from './commands/validate.ts';
import { versionCommand } from './commands/version.ts';
import { workloadsCommand } from './commands/workloads.ts';

/** Every command, in the order of help within its group; `help` is added to them. */
export const commands: readonly CliCommand[] = [
  validateCommand,
  explainCommand,
  diagnoseCommand,
  testCommand,
  convertCommand,
  translateCommand,
  renderCommand,
  upCommand,
  statusCommand,
  execCommand,
  logsCommand,
  rotateRootCommand,
  controllerCommand,
  installCommand,
  upgradeCommand,
  uninstallCommand,
  namespaceCommand,
  checkCommand,
  injectCommand,
  nodeCommand,
  workloadsCommand,
  versionCommand,
  completionCommand,
];
