import { type CommandNode, flatten, type OptionNode, type ValueKind } from './command-tree.ts';

/** Writes the completion script of a shell. Static: it knows the commands of the version that wrote it. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', tree: CommandNode): string {
  if (shell === 'bash') return bashScript(tree);
  return shell === 'zsh' ? zshScript(tree) : fishScript(tree);
}

/** How both shells find the command that is being typed: the longest known one among the words that are no options. */
function commandCases(tree: CommandNode): string[] {
  return flatten(tree)
    .filter(({ words }) => words.length > 0)
    .map(({ words }) => {
      const path = words.slice(0, -1).join(' ');
      return `      '${path}${path === '' ? '' : ' '}${words.at(-1)}') command="$candidate" ;;`;
    });
}

function bashScript(tree: CommandNode): string {
  const nodes = flatten(tree);
  return `# Completion of heddle for bash.
_heddle() {
  local word previous command candidate index
  word="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  command=''
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} == -- ]]; then
      compopt -o bashdefault -o default
      return
    fi
    candidate="\${command:+$command }\${COMP_WORDS[index]}"
    case "$candidate" in
${commandCases(tree).join('\n')}
    esac
  done
  case "$command:$previous" in
${nodes.flatMap(node => node.options.flatMap(option => bashValueCase(node, option))).join('\n')}
  esac
  case "$command" in
${nodes.map(bashCommandCase).join('\n')}
  esac
}
complete -F _heddle heddle
`;
}

function bashValueCase(node: CommandNode, { flags, value }: OptionNode): string[] {
  if (value.kind === 'none') return [];
  const pattern = flags.map(flag => `'${node.words.join(' ')}:${flag}'`).join(' | ');
  return [`    ${pattern}) ${bashReply(value)}; return ;;`];
}

function bashReply(value: ValueKind): string {
  if (value.kind === 'words') return `COMPREPLY=($(compgen -W '${value.words.join(' ')}' -- "$word"))`;
  return value.kind === 'file' ? 'compopt -o default' : ':';
}

/** Where files or workloads are to follow, options are offered to whoever types a dash. */
function bashCommandCase(node: CommandNode): string {
  const reply = `COMPREPLY=($(compgen -W '${candidates(node).join(' ')}' -- "$word"))`;
  const named = namedBy(node);
  if (named === undefined) return `    '${node.words.join(' ')}') ${reply} ;;`;
  const other =
    named === 'file' ? 'compopt -o default' : `COMPREPLY=($(compgen -W "$(${workloadsCommand})" -- "$word"))`;
  return `    '${node.words.join(' ')}') if [[ $word == -* ]]; then ${reply}; else ${other}; fi ;;`;
}

/** Asks the running mesh, without a word where there is none. */
const workloadsCommand = 'heddle workloads 2>/dev/null';

/** What the first argument of a command names, of what is found out when it is typed. */
function namedBy({ arguments: [first] }: CommandNode): 'file' | 'workload' | undefined {
  const kind = first?.value.kind;
  return kind === 'file' || kind === 'workload' ? kind : undefined;
}

/** Every word that may come next: subcommands, words of arguments, options. */
function candidates({ subcommands, arguments: positional, options, command }: CommandNode): string[] {
  return [
    ...subcommands.map(({ words }) => words.at(-1) ?? ''),
    ...positional.flatMap(({ value }) => {
      if (value.kind === 'words') return value.words;
      if (value.kind !== 'command' || command.parent === null) return [];
      return command
        .createHelp()
        .visibleCommands(command.parent)
        .map(sibling => sibling.name());
    }),
    ...options.flatMap(({ flags }) => flags),
  ];
}

function zshScript(tree: CommandNode): string {
  const nodes = flatten(tree);
  return `#compdef heddle
# Completion of heddle for zsh.
_heddle() {
  local command candidate index
  command=''
  for ((index = 2; index < CURRENT; index++)); do
    if [[ \${words[index]} == -- ]]; then
      _command_names -e
      _files
      return
    fi
    candidate="\${command:+$command }\${words[index]}"
    case "$candidate" in
${commandCases(tree).join('\n')}
    esac
  done
  case "$command:\${words[CURRENT-1]}" in
${nodes.flatMap(node => node.options.flatMap(option => zshValueCase(node, option))).join('\n')}
  esac
  local -a items
  case "$command" in
${nodes.map(zshCommandCase).join('\n')}
  esac
  _describe 'heddle' items
}
if [ "$funcstack[1]" = '_heddle' ]; then _heddle "$@"; else compdef _heddle heddle; fi
`;
}

function zshValueCase(node: CommandNode, { flags, value }: OptionNode): string[] {
  if (value.kind === 'none') return [];
  const pattern = flags.map(flag => `'${node.words.join(' ')}:${flag}'`).join(' | ');
  const reply = value.kind === 'words' ? `compadd -- ${value.words.join(' ')}` : value.kind === 'file' ? '_files' : ':';
  return [`    ${pattern}) ${reply}; return ;;`];
}

function zshCommandCase(node: CommandNode): string {
  const described = [
    ...node.subcommands.map(({ words, summary }) => [words.at(-1) ?? '', summary]),
    ...candidates(node)
      .filter(word => !word.startsWith('-') && !node.subcommands.some(({ words }) => words.at(-1) === word))
      .map(word => [word, '']),
    ...node.options.flatMap(({ flags, summary }) => flags.map(flag => [flag, summary])),
  ];
  const items = described.map(([word = '', summary = '']) => quote(`${word}:${summary}`));
  const named = namedBy(node);
  const other = named === 'file' ? '_files' : `compadd -- $(${workloadsCommand})`;
  const first = named === undefined ? '' : `if [[ $PREFIX != -* ]]; then ${other}; return; fi; `;
  return `    '${node.words.join(' ')}') ${first}items=(${items.join(' ')}) ;;`;
}

function fishScript(tree: CommandNode): string {
  const lines = flatten(tree).flatMap(node => [
    ...node.subcommands.map(
      ({ words, summary }) =>
        `complete -c heddle -f -n ${condition(node)} -a ${quote(words.at(-1) ?? '')} -d ${quote(summary)}`,
    ),
    ...fishArguments(node),
    ...node.options.map(
      option => `complete -c heddle -n ${condition(node)} ${fishOption(option)} -d ${quote(option.summary)}`,
    ),
  ]);
  return `# Completion of heddle for fish.
function __heddle_command
  set -l found
  for word in (commandline -opc)[2..]
    switch (string join -- ' ' $found $word)
${flatten(tree)
  .filter(({ words }) => words.length > 0)
  .map(({ words }) => `      case '${words.join(' ')}'\n        set found $found $word`)
  .join('\n')}
    end
  end
  set -l command (string join -- ' ' $found)
  test "$command" = "$argv[1]"
end
complete -c heddle -f
${lines.join('\n')}
`;
}

function fishArguments(node: CommandNode): string[] {
  const named = namedBy(node);
  if (named === 'file') return [`complete -c heddle -F -n ${condition(node)}`];
  if (named === 'workload') return [`complete -c heddle -f -n ${condition(node)} -a ${quote(`(${workloadsCommand})`)}`];
  const words = node.arguments.length === 0 ? [] : candidates(node).filter(word => !word.startsWith('-'));
  return words.length === 0 ? [] : [`complete -c heddle -f -n ${condition(node)} -a ${quote(words.join(' '))}`];
}

function condition(node: CommandNode): string {
  return quote(`__heddle_command "${node.words.join(' ')}"`);
}

function fishOption({ flags, value }: OptionNode): string {
  const names = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
  if (value.kind === 'words') return `${names} -x -a ${quote(value.words.join(' '))}`;
  if (value.kind === 'file') return `${names} -r -F`;
  return value.kind === 'none' ? names : `${names} -x`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
