import { fstatSync, writeSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Output } from './cli/cli-command.ts';
import { cacheDirectoryIn } from './config.ts';

// What follows is compiled once: it halves the time to the first line of output. Where it can't be written, nothing is.
enableCompileCache(join(cacheDirectoryIn(process.env), 'heddle', 'compiled'));
const { runCommandLine } = await import('./cli/run-command-line.ts');

/** The process's own streams, signals and environment, handed to the command line; nothing else reads them. */
function outputOf(stream: NodeJS.WriteStream): Output {
  // A reader that has seen enough (`heddle validate … | head`) is no failure.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  return { write: chunk => void stream.write(chunk), isTerminal: stream.isTTY && process.env['TERM'] !== 'dumb' };
}

/**
 * Standard error as a file is a log: what finds no room on the disk is left out, and what comes once there is room again is
 * written. (A stream would end with the first error, and a controller with it.)
 */
function logOutput(fd: number): Output {
  const write = (text: string): void => {
    try {
      writeSync(fd, text);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    }
  };
  return { write, isTerminal: false };
}

let interruption: AbortSignal | undefined;

function interruptible(): AbortSignal {
  if (interruption === undefined) {
    const controller = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort(name));
    interruption = controller.signal;
  }
  return interruption;
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: outputOf(process.stdout),
  stderr: fstatSync(process.stderr.fd).isFile() ? logOutput(process.stderr.fd) : outputOf(process.stderr),
  environment: process.env,
  readStdin: () => text(process.stdin),
  interruption: interruptible,
});
