import { mkdir } from 'node:fs/promises';
import { errorCode } from './manifest-tree.ts';

/**
 * Makes a folder where there is none yet, mode 0700, in one that must be there: what is part of a mesh that has ended
 * meanwhile, and is removed, is not to come back. Throws the file system's error.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}
