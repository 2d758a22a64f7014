/** What the command line's hidden subcommand does: a node on this process's standard streams. */
import { runNode } from '../../packages/control-plane/src/local/node/node.ts';

await runNode(
  process.stdin,
  { say: line => process.stdout.write(`${line}\n`), log: line => process.stderr.write(`${line}\n`) },
  new AbortController().signal,
);
process.exit(0);
