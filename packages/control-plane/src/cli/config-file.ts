import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config.ts';

/** Reads a configuration file, YAML or JSON. Throws `ConfigError` where there is none or it can't be read as such. */
export async function readConfigFile(name: string): Promise<unknown> {
  const [{ parse, YAMLParseError }, text] = await Promise.all([import('yaml'), readText(name)]);
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new ConfigError(`${name}: ${error.message.split('\n')[0] ?? 'it is not YAML'}`, { cause: error });
  }
}

async function readText(name: string): Promise<string> {
  try {
    return await readFile(name, 'utf8');
  } catch (cause) {
    throw new ConfigError(`The configuration file ${name} can not be read.`, { cause });
  }
}
