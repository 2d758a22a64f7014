import { Command } from 'commander';
import { type CliCommand, commandGroups } from './cli-command.ts';
import { HeddleCommand } from './heddle-command.ts';

/** Takes over when a command line has been parsed. */
export type Dispatch = (cli: CliCommand, command: Command) => Promise<void>;

/** Builds the tree of commands for a parser that hands what it parsed to `dispatch`. */
export function buildProgram(commands: readonly CliCommand[], dispatch: Dispatch): Command {
  const program = new HeddleCommand('heddle')
    .description('The Service Mesh Interface, enforced by Envoy: resources in, a mesh out, every verdict explained.')
    .option('--config <file>', 'settings as YAML or JSON')
    .option('--no-color', 'never colour output')
    .option('-V, --version', 'say which version this is')
    .configureHelp({ styleTitle: heading => `\u{1B}[1m${heading}\u{1B}[22m` })
    .helpCommand(false)
    .helpOption('-h, --help', 'show help for a command')
    .addHelpText('after', '\nExit codes: 0 fine, 1 an error finding or a denial, 2 wrong usage, 3 failure.');
  program.exitOverride();
  for (const group of commandGroups) {
    for (const cli of commands) if ((cli.group ?? 'Other:') === group) add(program, cli, dispatch);
  }
  add(program, helpCommand, dispatch);
  return program;
}

function add(parent: Command, cli: CliCommand, dispatch: Dispatch): void {
  const command = parent.command(cli.name, { hidden: cli.hidden === true });
  if (parent.parent === null) command.helpGroup(cli.group ?? 'Other:');
  cli.configure(command);
  if (cli.subcommands !== undefined) command.helpCommand(false);
  for (const subcommand of cli.subcommands ?? []) add(command, subcommand, dispatch);
  if (cli.run !== undefined) command.action(() => dispatch(cli, command));
}

const helpCommand: CliCommand = {
  name: 'help',
  configure: command =>
    command
      .description('Show help for a command.')
      .summary('show help for a command')
      .argument('[command...]', 'which command'),
  run: async (_context, command) => {
    let shown = rootOf(command);
    for (const name of command.args) {
      const next = shown.commands.find(candidate => candidate.name() === name);
      // Parsing the wrong word again reports it, with a suggestion.
      if (next === undefined) shown.parse([name], { from: 'user' });
      else shown = next;
    }
    shown.outputHelp();
    return 0;
  },
};

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
