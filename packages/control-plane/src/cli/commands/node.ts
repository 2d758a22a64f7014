import type { CliCommand } from '../cli-command.ts';

/** The init of a local mesh's namespaces; `heddle up` starts it. */
export const nodeCommand: CliCommand = {
  name: 'node',
  hidden: true,
  configure: command =>
    command.description('Run the pods of a local mesh; started by heddle up in namespaces of its own.'),
  run: async context => {
    const { runNode } = await import('../../local/node/node.ts');
    const say = (line: string): void => context.stdout.write(`${line}\n`);
    const log = (line: string): void => context.stderr.write(`${line}\n`);
    try {
      await runNode(process.stdin, { say, log }, context.interruption());
      return 0;
    } finally {
      process.stdin.destroy(); // a node that failed ends, and does not wait for its parent's end
    }
  },
};
