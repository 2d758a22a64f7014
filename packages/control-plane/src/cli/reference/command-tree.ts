import type { Argument, Command, Option } from 'commander';

/** A command as it can be completed and documented: plain data. */
export interface CommandNode {
  /** Words after `heddle`; empty for the program itself. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly command: Command;
  readonly subcommands: readonly CommandNode[];
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
}

/** An option, and what may follow it. */
export interface OptionNode {
  /** `-f`, `--file`. */
  readonly flags: readonly string[];
  readonly summary: string;
  readonly value: ValueKind;
}

/** A positional argument. */
export interface ArgumentNode {
  readonly name: string;
  readonly value: ValueKind;
}

/** What a value is: nothing follows, a file or folder, one of some words, a command, a workload that runs, anything else. */
export type ValueKind =
  | { readonly kind: 'none' | 'file' | 'command' | 'workload' | 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

/** Reads the tree of commands, hidden ones left out; options of the program count for every command. */
export function commandTree(program: Command): CommandNode {
  return nodeOf(program, []);
}

/** A node and all below it, each before its own. */
export function flatten(node: CommandNode): CommandNode[] {
  return [node, ...node.subcommands.flatMap(flatten)];
}

function nodeOf(command: Command, words: readonly string[]): CommandNode {
  const help = command.createHelp();
  return {
    words,
    summary: help.subcommandDescription(command),
    command,
    subcommands: help.visibleCommands(command).map(child => nodeOf(child, [...words, child.name()])),
    options: [...help.visibleOptions(command), ...(command.parent === null ? [] : rootOptions(command))].map(
      optionNode,
    ),
    arguments: command.registeredArguments.map(argument => argumentNode(command, argument)),
  };
}

function rootOptions(command: Command): readonly Option[] {
  return command.parent === null ? command.options : rootOptions(command.parent);
}

function optionNode({ short, long, description, required, optional, argChoices, flags }: Option): OptionNode {
  return {
    flags: [short, long].filter(flag => flag !== undefined),
    summary: description,
    value: required || optional ? valueKind(argChoices, /<([\w-]+)/.exec(flags)?.[1] ?? '') : { kind: 'none' },
  };
}

function argumentNode(command: Command, argument: Argument): ArgumentNode {
  const name = argument.name();
  if (command.name() === 'help') return { name, value: { kind: 'command' } };
  if (name === 'workload') return { name, value: { kind: 'workload' } };
  return { name, value: valueKind(argument.argChoices, name) };
}

function valueKind(choices: readonly string[] | undefined, name: string): ValueKind {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (['path', 'file', 'dir'].includes(name)) return { kind: 'file' };
  return { kind: 'text' };
}
