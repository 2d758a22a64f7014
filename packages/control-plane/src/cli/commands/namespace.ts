import type { CliCommand, CommandContext, ExitCode } from '../cli-command.ts';
import { addExamples } from '../options.ts';
import { addClusterOptions, type ClusterChoice, clusterClient } from '../run/cluster-client.ts';

interface NamespaceOptions extends ClusterChoice {
  readonly meshName: string;
}

type Change = (name: string) => {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly said: string;
};

/** What each subcommand makes of a namespace. */
function changeOf(what: 'add' | 'remove' | 'ignore', meshName: string): Change {
  if (what === 'add') {
    return name => ({
      labels: { 'heddle.dev/mesh': meshName, 'openservicemesh.io/ignore': null },
      annotations: { 'heddle.dev/inject': null },
      said: `${name} is in the mesh ${meshName}; pods that are made from now on get a sidecar.`,
    });
  }
  if (what === 'remove') {
    return name => ({
      labels: { 'heddle.dev/mesh': null, 'openservicemesh.io/monitored-by': null },
      said: `${name} is in no mesh; pods keep their sidecars until they are made anew.`,
    });
  }
  return name => ({
    labels: { 'heddle.dev/mesh': null, 'openservicemesh.io/ignore': 'true' },
    annotations: { 'heddle.dev/inject': 'disabled' },
    said: `${name} is left alone, whatever its pods say.`,
  });
}

function subcommand(what: 'add' | 'remove' | 'ignore', description: string): CliCommand {
  return {
    name: what,
    configure: command => {
      addClusterOptions(command.description(description).argument('<namespace...>', 'names of namespaces'));
      command.option('--mesh-name <name>', 'the name of the mesh', 'heddle');
    },
    run: async (context, command) => {
      const options = command.opts<NamespaceOptions>();
      const [names = []] = command.processedArgs as [string[]?];
      const client = await clusterClient(context, options);
      for (const name of names) {
        const { labels, annotations, said } = changeOf(what, options.meshName)(name);
        const metadata = { ...(labels && { labels }), ...(annotations && { annotations }) };
        const path = `/api/v1/namespaces/${name}`;
        const contentType = 'application/merge-patch+json';
        await client.json({ method: 'PATCH', path, body: { metadata }, contentType });
        context.stdout.write(`${said}\n`);
      }
      return 0;
    },
  };
}

interface NamespaceView {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

async function list(context: CommandContext, options: ClusterChoice): Promise<ExitCode> {
  const client = await clusterClient(context, options);
  const { items } = await client.json<{ items: NamespaceView[] }>({ path: '/api/v1/namespaces' });
  for (const { metadata } of items) {
    const { labels = {} } = metadata;
    const mesh = labels['heddle.dev/mesh'] ?? labels['openservicemesh.io/monitored-by'];
    if (mesh !== undefined) context.stdout.write(`${metadata.name}  mesh ${mesh}\n`);
  }
  return 0;
}

/** `heddle namespace`: which namespaces are in the mesh. */
export const namespaceCommand: CliCommand = {
  name: 'namespace',
  group: 'Kubernetes:',
  configure: command => {
    command.description('Say which namespaces are in the mesh.').summary('say which namespaces are in the mesh');
    addExamples(command, ['heddle namespace add shop', 'heddle namespace list']);
  },
  subcommands: [
    subcommand('add', 'Put namespaces into the mesh.'),
    subcommand('remove', 'Take namespaces out of the mesh.'),
    subcommand('ignore', 'Leave namespaces alone, whatever their pods say.'),
    {
      name: 'list',
      configure: command => {
        addClusterOptions(command.description('List the namespaces that are in a mesh.'));
      },
      run: async (context, command) => await list(context, command.opts<ClusterChoice>()),
    },
  ],
};
