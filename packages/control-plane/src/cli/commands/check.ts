import type { CliCommand } from '../cli-command.ts';
import { addExamples, type OutputFormat, outputOption } from '../options.ts';
import { painter, type TextStyle } from '../output/paint.ts';
import { addClusterOptions, type ClusterChoice, clusterClient, systemNamespaceOption } from '../run/cluster-client.ts';

interface CheckOptions extends ClusterChoice {
  readonly namespace: string;
  readonly pre?: boolean;
  readonly output: OutputFormat;
}

const styles: Readonly<Record<'pass' | 'warn' | 'fail', TextStyle>> = {
  pass: 'green',
  warn: 'yellow',
  fail: ['bold', 'red'],
};

/** `heddle check`: whether a cluster can have a mesh, and whether the one that it has is well. */
export const checkCommand: CliCommand = {
  name: 'check',
  group: 'Kubernetes:',
  configure: command => {
    addClusterOptions(
      command
        .description(
          'Say whether the mesh of a cluster is well: the API server, definitions and the versions that are served, a minimal ' +
            'TrafficSplit in a dry run, the control plane, webhooks and their certificates, sidecars. Each line passes, warns or fails ' +
            'with what to do; the exit code is 1 when one fails.',
        )
        .summary('say whether the mesh of a cluster is well')
        .addOption(systemNamespaceOption())
        .addOption(outputOption()),
    ).option('--pre', 'before an installation: whether there can be one');
    addExamples(command, ['heddle check --pre', 'heddle check', 'heddle check -o json']);
  },
  run: async (context, command) => {
    const { pre = false, output, ...options } = command.opts<CheckOptions>();
    const [client, { beforeInstallation, makeChecks, ofInstallation }, { heddleVersion }] = await Promise.all([
      clusterClient(context, options),
      import('../run/check-cluster.ts'),
      import('../heddle-version.ts'),
    ]);
    const { namespace } = options;
    const checked = { client, namespace, version: await heddleVersion(), now: new Date() };
    const lines = await makeChecks(pre ? beforeInstallation : ofInstallation, checked);
    if (output === 'text') {
      const paint = painter(context.stdout, context.config);
      for (const { check, outcome, message, mend } of lines) {
        const told = mend === undefined ? message : `${message} ${mend}`;
        context.stdout.write(`${paint(styles[outcome], outcome)}  ${check}: ${told}\n`);
      }
    } else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(
        context.stdout,
        output,
        lines.map(({ mend = null, ...line }) => ({ ...line, mend })),
      );
    }
    return lines.some(({ outcome }) => outcome === 'fail') ? 1 : 0;
  },
};
