import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { type CliCommand, type CommandContext, UsageError } from '../cli-command.ts';
import { addExamples } from '../options.ts';
import { type AuthorityFiles, addAuthorityOptions, readAuthorityFiles } from '../run/authority-files.ts';
import type { RotationNews } from '../run/serve-rotation.ts';

/** `heddle rotate-root`: another root for a running mesh, under way. */
export const rotateRootCommand: CliCommand = {
  name: 'rotate-root',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Exchange the root of the certificates of a running mesh: the new one is trusted beside the old one, then it signs, ' +
          'then the old one is trusted no more. Each step waits until every sidecar has the one before, so that no connection ' +
          'fails. Without files it is a new root that Heddle makes. Once begun it goes on when this command is interrupted.',
      )
      .summary('exchange the root of a mesh’s certificates')
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addAuthorityOptions(command);
    addExamples(command, ['heddle rotate-root', 'heddle rotate-root --ca-cert chain.pem --ca-key key.pem']);
  },
  run: async (context, command) => {
    const { run, ...files } = command.opts<AuthorityFiles & { run?: string }>();
    const [{ findRun }, { rotationSocket }, { writeAuthority }] = await Promise.all([
      import('../run/find-run.ts'),
      import('../../local/host/run-layout.ts'),
      import('../../identity/authority-pem.ts'),
    ]);
    const authority = await readAuthorityFiles(files, context);
    const socketPath = rotationSocket(await findRun(context, run));
    await rotate(context, socketPath, authority === undefined ? '' : writeAuthority(authority));
    return 0;
  },
};

const sentences = {
  trust: 'The new root is trusted beside the old one',
  switch: 'The new root signs: everybody has a certificate of its',
  drop: 'The old root is trusted no more',
} as const;

async function rotate({ stdout, stderr }: CommandContext, socketPath: string, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<NodeJS.ReadableStream>();
  const ask = request({ socketPath, method: 'POST', path: '/', agent: false });
  ask.on('response', response => {
    if (response.statusCode === 200) resolve(response);
    else reject(new UsageError('The root of this mesh is being exchanged already; wait until that is done.'));
  });
  ask.on('error', cause => reject(new Error('The mesh does not answer: it is starting or ending.', { cause })));
  ask.end(body);
  let last = '';
  for await (const line of createInterface({ input: await promise })) {
    const news = JSON.parse(line) as RotationNews;
    last = news.step;
    if ('waitingFor' in news)
      stderr.write(`Waiting for sidecars that are not connected: ${news.waitingFor.join(', ')}\n`);
    else stdout.write(`${sentences[news.step]} (${news.sidecars} sidecars).\n`);
  }
  if (last !== 'drop') throw new Error('The mesh ended before its root was exchanged.');
}
