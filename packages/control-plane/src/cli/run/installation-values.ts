import { readFile } from 'node:fs/promises';
import type { KubeObject } from '@heddle/smi';
import { type Command, Option } from 'commander';
import { parseDocument } from 'yaml';
import { installation, valuesConfigMap } from '../../install/installation.ts';
import type { Release } from '../../install/settings-of-values.ts';
import { parseSet, readValues, type Values } from '../../install/values.ts';
import { isRecord, type JsonRecord } from '../../sources/record.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';

/** How values are given. */
export interface ValueFlags {
  readonly set?: readonly string[];
  readonly values?: readonly string[];
}

/** Adds the options by which values are given, as Helm has them. */
export function addValueOptions(command: Command): Command {
  return command
    .addOption(new Option('--set <name=value...>', 'a value of the installation: image.tag=1.2; can be repeated'))
    .addOption(new Option('--values <file...>', 'a file with values, YAML or JSON; can be repeated'));
}

/** Settles values, weakest layer first; says notes on standard error. Throws `UsageError` with everything that is wrong. */
export async function settledValues(
  context: CommandContext,
  { set = [], values: files = [] }: ValueFlags,
  before: readonly JsonRecord[] = [],
): Promise<Values> {
  const layers: JsonRecord[] = [...before];
  for (const file of files) layers.push(await readLayer(file));
  try {
    layers.push(parseSet(set));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, notes, problems } = readValues(layers);
  for (const note of notes) context.stderr.write(`${note}\n`);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return values;
}

async function readLayer(file: string): Promise<JsonRecord> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`There is no file ${file} that can be read.`);
  });
  const document = parseDocument(text);
  const value: unknown = document.errors.length > 0 ? undefined : document.toJS();
  if (value === null) return {};
  if (!isRecord(value)) throw new UsageError(`${file} is no map of values.`);
  return value;
}

/** The objects of an installation with these values. */
export function installedObjects(values: Values, release: Release): readonly KubeObject[] {
  const made = installation(values, release, { valuesJson: JSON.stringify(values), managedBy: 'heddle' });
  return made.flatMap(({ object, when }) => (when === undefined || values[when] ? [object] : []));
}

/** The values that an installation in a cluster has, from its ConfigMap. */
export function valuesIn(configMap: KubeObject | undefined): JsonRecord | undefined {
  const data = configMap?.['data'];
  const text = isRecord(data) ? data[valuesConfigMap.key] : undefined;
  if (typeof text !== 'string') return undefined;
  const value: unknown = JSON.parse(text);
  return isRecord(value) ? value : undefined;
}
