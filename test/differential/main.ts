// Random policies against real sidecars for as long as one likes: npm run soak:policy -- [--sets N] [--seed N] [--calls N]
import { parseArgs } from 'node:util';
import { testEnvoy } from '../integration/local-harness.ts';
import { fixedWorld } from '../worlds/world.ts';
import { describeDifference, describeTally } from './describe.ts';
import { startWorld } from './live-world.ts';
import { type SoakOptions, soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    calls: { type: 'string', default: '20' },
    'shares-every': { type: 'string', default: '10' },
    enough: { type: 'string', default: '5' },
  },
});

function number(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${values[name]}`);
  return value;
}

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
const started = performance.now();
const say = (text: string) =>
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);
const options: SoakOptions = {
  seed: number('seed'),
  sets: number('sets'),
  calls: number('calls'),
  sharesEvery: number('shares-every'),
  enough: number('enough'),
  signal: interrupted.signal,
  onSet: tally => {
    if (tally.sets % 10 === 0) say(describeTally(tally));
  },
};

const envoy = await testEnvoy();
if (envoy === undefined) throw new Error('there is no Envoy: make setup installs it');
say(`seed ${options.seed}`);
const mesh = await startWorld(fixedWorld, envoy);
try {
  say('the mesh is ready');
  const tally = await soak(mesh, fixedWorld, options);
  for (const passing of tally.passing) console.log(`\nDiffered once and not again: ${describeDifference(passing)}`);
  for (const difference of tally.differences) console.log(`\n${describeDifference(difference)}`);
  console.log('');
  say(describeTally(tally));
  process.exitCode = tally.differences.length + tally.passing.length === 0 ? 0 : 1;
} finally {
  await mesh.end();
}
