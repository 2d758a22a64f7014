/** Where the Envoy executable is. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The Envoy release that sidecars run. */
export const envoyVersion = '1.40.0';

/** Where to look, in this order; every value comes from the configuration. */
export interface EnvoyLookup {
  /** A path that the user has set: nothing else is tried then. */
  readonly setting?: string | undefined;
  /** The value of PATH. */
  readonly path?: string | undefined;
  /** The user's cache directory (`XDG_CACHE_HOME`, else `~/.cache`). */
  readonly cacheDirectory: string;
}

/** No Envoy was found; the message says where it was looked for and how to get one. */
export class EnvoyNotFoundError extends Error {
  readonly code = 'EnvoyNotFound';
  readonly retryable = false;
}

/** The place in the user's cache where `scripts/setup` puts Envoy. */
export function cachedEnvoyPath(cacheDirectory: string): string {
  return join(cacheDirectory, 'heddle', 'envoy', envoyVersion, 'envoy');
}

/**
 * Finds the Envoy executable: the setting, else the user's cache, which holds the right release for sure, else PATH.
 * Throws {@link EnvoyNotFoundError}.
 */
export async function findEnvoy(lookup: EnvoyLookup): Promise<string> {
  if (lookup.setting !== undefined && lookup.setting !== '') {
    if (await isExecutable(lookup.setting)) return lookup.setting;
    throw new EnvoyNotFoundError(`${lookup.setting}, which is set as the Envoy binary, is not an executable file.`);
  }
  const cached = cachedEnvoyPath(lookup.cacheDirectory);
  const onPath = (lookup.path ?? '').split(delimiter).filter(directory => directory !== '');
  for (const candidate of [cached, ...onPath.map(directory => join(directory, 'envoy'))]) {
    if (await isExecutable(candidate)) return candidate;
  }
  throw new EnvoyNotFoundError(
    `Envoy ${envoyVersion} is neither at ${cached} nor on PATH: run \`scripts/setup\` in a checkout of Heddle, or ` +
      'set HEDDLE_ENVOY to an Envoy binary.',
  );
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not executable: the next place is tried
  }
}
