// npm run soak:validate -- --sets 1000 --seed 1: what is rendered of random policies passes envoy --mode validate.
import { parseArgs } from 'node:util';
import { testEnvoy } from '../integration/local-harness.ts';
import { validateSets } from './validate-sets.ts';

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    batch: { type: 'string', default: '50' },
  },
});
const [sets, first, batch] = [Number(values.sets), Number(values.seed), Number(values.batch)];
const envoy = await testEnvoy();
if (envoy === undefined) throw new Error('there is no Envoy: make setup installs it');

let resources = 0;
let complaints = 0;
for (let at = 0; at < sets; at += batch) {
  const seeds = Array.from({ length: Math.min(batch, sets - at) }, (_, index) => first + at + index);
  const outcome = await validateSets(envoy, seeds);
  resources += outcome.resources;
  complaints += outcome.complaints.length;
  for (const { seed, message } of outcome.complaints) console.log(`\nseed ${seed}: ${message.slice(0, 2000)}`);
  console.log(`${at + seeds.length} sets from seed ${first}, ${resources} resources, ${complaints} refused`);
}
process.exitCode = complaints === 0 ? 0 : 1;
