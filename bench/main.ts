import { parseArgs } from 'node:util';
import { benchCerts } from './certs.ts';
import { benchChange } from './change.ts';
import { benchMemory } from './memory.ts';
import { benchReroute } from './reroute.ts';
import { benchStart } from './start.ts';

/** What can be measured, by name. Each prints one result for a number of services. */
const benches: Readonly<Record<string, (services: number) => object | Promise<object>>> = {
  change: services => benchChange(services),
  certs: () => benchCerts(),
  memory: services => benchMemory(services),
  reroute: () => benchReroute(),
  start: () => benchStart(),
};

const usage = `Usage: npm run bench -- [NAME] [--services N] [-o json]

NAME is one of ${Object.keys(benches).join(', ')}; without it all of them run.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    services: { type: 'string', default: '1000' },
    output: { type: 'string', short: 'o', default: 'text' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const services = Number(values.services);
const wanted = positionals.length > 0 ? positionals : Object.keys(benches);
const unknown = wanted.find(name => !Object.hasOwn(benches, name));
if (values.help) {
  process.stdout.write(usage);
} else if (
  unknown !== undefined ||
  !Number.isInteger(services) ||
  services < 20 ||
  !['text', 'json'].includes(values.output)
) {
  process.stderr.write(
    unknown === undefined
      ? `--services is a whole number from 20; -o is text or json.\n\n${usage}`
      : `There is no bench ${unknown}.\n\n${usage}`,
  );
  process.exitCode = 2;
} else {
  for (const name of wanted) {
    const result = await benches[name]?.(services);
    process.stdout.write(
      values.output === 'json' ? `${JSON.stringify(result)}\n` : `${name}\n${table(result ?? {})}\n`,
    );
  }
}

function table(result: object): string {
  return Object.entries(result)
    .map(
      ([key, value]) =>
        `  ${key.padEnd(20)} ${typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value)}`,
    )
    .join('\n');
}
