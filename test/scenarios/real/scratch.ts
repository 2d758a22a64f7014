import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let directory: string | undefined;

/**
 * The folder of this process for meshes, `NUMBER/run` for the runs of each; made at the first call. It goes soon after the
 * process does, however that ends: a shell waits for it, and for its meshes to have ended.
 */
export function scratchDirectory(): string {
  if (directory !== undefined) return directory;
  directory = mkdtempSync(join(tmpdir(), 'hs-'));
  const shell = spawn('sh', ['-c', removal, directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  // Its input ends with this process; until then it must not keep it alive.
  const { stdin } = shell as { readonly stdin: { unref?(): void } | null };
  stdin?.unref?.();
  return directory;
}

const removal = `
cat > /dev/null
tries=100
while [ "$tries" -gt 0 ] && ls -d "$0"/*/run/*/ > /dev/null 2>&1; do
  sleep 0.1
  tries=$((tries - 1))
done
rm -rf "$0"
`;
