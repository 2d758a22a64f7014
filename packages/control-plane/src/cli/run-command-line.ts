import { type Command, CommanderError } from 'commander';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { type CliCommand, type CommandContext, type ExitCode, type Output, UsageError } from './cli-command.ts';
import { commands } from './commands.ts';
import { hasColors } from './output/paint.ts';
import { buildProgram } from './program.ts';

/** What a run of the command line gets from the process that it runs in. */
export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readStdin: CommandContext['readStdin'];
  readonly interruption: CommandContext['interruption'];
}

/**
 * Runs one command line, as typed after `heddle`. Never throws: what goes wrong is said on standard error, and the exit
 * code tells wrong usage (2) from failure (3).
 */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { stdout, stderr } = surroundings;
  let exitCode: ExitCode = 0;
  const program = buildProgram(commands, async (cli, command) => {
    exitCode = await dispatch(cli, command, surroundings);
  });
  const colors = colorsOf(argv, surroundings.environment);
  forEach(program, command =>
    command.configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
      getOutHasColors: () => hasColors(stdout, { color: colors }),
      getErrHasColors: () => hasColors(stderr, { color: colors }),
    }),
  );
  try {
    await program.parseAsync(isVersion(argv) ? ['version'] : argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, stderr);
  }
}

/** What people type who have not read the help. */
function isVersion([first]: readonly string[]): boolean {
  return first === '--version' || first === '-V';
}

async function dispatch(cli: CliCommand, command: Command, surroundings: Surroundings): Promise<ExitCode> {
  const { color, config: file } = command.optsWithGlobals<{ color: boolean; config?: string }>();
  const config = await settle(file, color, surroundings);
  const { stdout, stderr, readStdin, interruption } = surroundings;
  const inherited = Object.entries(surroundings.environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const environment = Object.fromEntries(inherited);
  return (await cli.run?.({ config, environment, stdout, stderr, readStdin, interruption }, command)) ?? 0;
}

async function settle(file: string | undefined, color: boolean, { environment }: Surroundings): Promise<Config> {
  const name = file ?? environment['HEDDLE_CONFIG'];
  const flags = color ? {} : { color: 'never' };
  if (name === undefined || name === '') return readConfig({ environment, flags });
  const { readConfigFile } = await import('./config-file.ts');
  return readConfig({ file: { name, content: await readConfigFile(name) }, environment, flags });
}

/** How help is painted, which is written before the configuration is settled. */
function colorsOf(argv: readonly string[], environment: Surroundings['environment']): Config['color'] {
  if (argv.includes('--no-color')) return 'never';
  try {
    return readConfig({ environment, flags: {} }).color;
  } catch {
    return 'never'; // the command itself reports what is wrong with the environment
  }
}

function forEach(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEach(child, visit);
}

function report(error: unknown, stderr: Output): ExitCode {
  // It has said what it had to say: help, or what is wrong with the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError || error instanceof ConfigError) {
    stderr.write(`error: ${error.message}\n`);
    return 2;
  }
  stderr.write(`error: ${describeFailure(error)}\n`);
  return 3;
}

/** Errors of the operating system and of Heddle's own making explain themselves; others need their stack. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message : (error.stack ?? error.message);
}
