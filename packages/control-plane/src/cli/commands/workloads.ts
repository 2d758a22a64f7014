import type { CliCommand } from '../cli-command.ts';

/** The names of what runs, a line each, for shells that complete them: with their namespace, and without where that is clear. */
export const workloadsCommand: CliCommand = {
  name: 'workloads',
  hidden: true,
  configure: command => command.description('Print the names of the workloads of the running mesh.'),
  run: async context => {
    const [{ findRun }, { readStatus }, { controllerSocket }] = await Promise.all([
      import('../run/find-run.ts'),
      import('../../api/client.ts'),
      import('../../local/host/run-layout.ts'),
    ]);
    const { workloads } = await readStatus(controllerSocket(await findRun(context, undefined)));
    const named = Map.groupBy(workloads, ({ name }) => name);
    const clear = [...named].flatMap(([name, same]) => (same.length === 1 ? [name] : []));
    const names = [...clear, ...workloads.map(({ namespace, name }) => `${namespace}/${name}`)];
    context.stdout.write(names.map(name => `${name}\n`).join(''));
    return 0;
  },
};
