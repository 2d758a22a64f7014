import type { CliCommand } from '../cli-command.ts';
import { type OutputFormat, outputOption } from '../options.ts';

/** `heddle version`: which Heddle, on which Node.js, with which Envoy. */
export const versionCommand: CliCommand = {
  name: 'version',
  configure: command => {
    command
      .description('Say which version this is, and of Node.js and Envoy.')
      .summary('say which version this is')
      .addOption(outputOption());
  },
  run: async ({ stdout }, command) => {
    const { output } = command.opts<{ output: OutputFormat }>();
    const [{ envoyVersion }, { heddleVersion }] = await Promise.all([
      import('../../sidecar/envoy-binary.ts'),
      import('../heddle-version.ts'),
    ]);
    const version = await heddleVersion();
    const node = process.versions.node;
    if (output === 'text') stdout.write(`heddle ${version} (Node.js ${node}, Envoy ${envoyVersion})\n`);
    else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(stdout, output, { version, node, envoy: envoyVersion });
    }
    return 0;
  },
};
