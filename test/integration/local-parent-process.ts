/** A parent of a node, to be killed: starts a node in the directory named by its argument, with a pod, and waits. */
import { startLocalNode } from '../../packages/control-plane/src/local/host/local-node.ts';
import { createRunDirectory } from '../../packages/control-plane/src/local/host/run-directory.ts';
import { echoPod, nodeCommand, ready } from './local-harness.ts';

const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
const runDirectory = await createRunDirectory(process.argv[2] ?? '', { pid: process.pid });
const node = await startLocalNode(
  {
    runDirectory,
    nodeCommand,
    environment: { PATH: process.env['PATH'] ?? '' },
    uid: process.getuid?.() ?? 0,
    platform: process.platform,
  },
  stop.signal,
);
await node.client.putPods([echoPod('a', '10.244.0.2')]);
for await (const _ of node.client.watchPods(stop.signal)) {
  if (ready(1)(await node.client.pods())) break;
}
process.stdout.write('running\n');
await node.ended;
