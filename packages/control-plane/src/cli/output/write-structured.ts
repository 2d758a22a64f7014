import type { Output } from '../cli-command.ts';

/** Writes plain data as JSON or YAML. */
export async function writeStructured(out: Output, format: 'json' | 'yaml', value: unknown): Promise<void> {
  if (format === 'json') {
    out.write(`${JSON.stringify(value, null, 2)}\n`);
    return;
  }
  const { stringify } = await import('yaml');
  out.write(stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
