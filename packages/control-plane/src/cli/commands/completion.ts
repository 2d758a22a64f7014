import { Argument } from 'commander';
import type { CliCommand } from '../cli-command.ts';
import { addExamples } from '../options.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** `heddle completion`: a script that lets a shell complete commands and options. */
export const completionCommand: CliCommand = {
  name: 'completion',
  configure: command => {
    command
      .description('Write a script that lets a shell complete commands, options and their values.')
      .summary('write a completion script for a shell')
      .addArgument(new Argument('<shell>', 'which shell').choices(shells));
    addExamples(command, [
      'heddle completion bash > ~/.local/share/bash-completion/completions/heddle',
      'heddle completion zsh > "${fpath[1]}/_heddle"',
      'heddle completion fish > ~/.config/fish/completions/heddle.fish',
    ]);
  },
  run: async ({ stdout }, command) => {
    const [{ commandTree }, { completionScript }] = await Promise.all([
      import('../reference/command-tree.ts'),
      import('../reference/completion-script.ts'),
    ]);
    const program = command.parent ?? command;
    stdout.write(completionScript(command.args[0] as (typeof shells)[number], commandTree(program)));
    return 0;
  },
};
