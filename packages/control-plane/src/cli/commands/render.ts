import type { Workload } from '@heddle/mesh';
import { type CliCommand, UsageError } from '../cli-command.ts';
import type { LoadedMesh } from '../files/load-mesh.ts';
import { addExamples, fileOption, outputOption } from '../options.ts';
import { suggest } from '../suggest.ts';

interface RenderOptions {
  readonly file: readonly string[];
  readonly workload: string;
  readonly static?: boolean;
  readonly output: 'yaml' | 'json';
}

const renderEnvoyCommand: CliCommand = {
  name: 'envoy',
  configure: command => {
    command
      .description(
        'Write the Envoy configuration that the sidecars of a workload get: the resources that the control plane serves, by type. With ' +
          '--static, a complete bootstrap that needs no control plane, with a certificate of an authority made for the occasion.',
      )
      .summary('write the Envoy configuration of a workload’s sidecars')
      .addOption(fileOption())
      .requiredOption('--workload <workload>', 'whose sidecars: NAMESPACE/NAME of a Deployment, say')
      .option('--static', 'write a complete bootstrap, as envoy --mode validate takes it')
      .addOption(outputOption(['yaml', 'json']));
    addExamples(command, [
      'heddle render envoy -f examples/bookstore --workload bookstore/bookstore-v1',
      'heddle render envoy -f examples/bookstore --workload bookbuyer/bookbuyer --static -o json > envoy.json',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<RenderOptions>();
    const mesh = await (await import('../files/load-mesh.ts')).loadMesh(options.file, context);
    const workload = findWorkload(options.workload, mesh);
    const [{ warnOfErrors }, { renderDynamic, renderStatic }, { writeStructured }] = await Promise.all([
      import('../output/show-findings.ts'),
      import('../output/render-envoy.ts'),
      import('../output/write-structured.ts'),
    ]);
    warnOfErrors(mesh, context);
    const render = options.static === true ? renderStatic : renderDynamic;
    await writeStructured(context.stdout, options.output, await render(mesh.model, workload));
    return 0;
  },
};

/** `heddle render`: what the mesh hands to what enforces it. */
export const renderCommand: CliCommand = {
  name: 'render',
  group: 'Check and explain:',
  configure: command =>
    command.description('Write what enforces the mesh is told.').summary('write the configuration of a sidecar'),
  subcommands: [renderEnvoyCommand],
};

function findWorkload(text: string, { model }: LoadedMesh): Workload {
  const [namespace = '', name = '', ...rest] = text.split('/');
  if (namespace === '' || name === '' || rest.length > 0) {
    throw new UsageError(`--workload is written as NAMESPACE/NAME, not ${JSON.stringify(text)}.`);
  }
  const workload = model.namespaces.get(namespace)?.workloads.get(name);
  if (workload !== undefined) return workload;
  const known = [...model.namespaces.values()].flatMap(({ workloads }) =>
    [...workloads.values()].map(({ key }) => key),
  );
  throw new UsageError(`There is no workload ${text} in the mesh.${suggest(text, known) || listed(known)}`);
}

function listed(known: readonly string[]): string {
  if (known.length === 0) return ' There are none at all: no Deployment and no Pod was read.';
  const shown = known.slice(0, 10).join(', ');
  return ` There are ${shown}${known.length > 10 ? ` and ${known.length - 10} more` : ''}.`;
}
