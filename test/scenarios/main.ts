// `npm run scenarios`: checks every scenario; with `--accept`, takes what the stages make now as what is expected; with
// `--real`, makes the calls on real meshes, too. Names restrict it: `npm run scenarios -- --accept access/default-deny`.
import { availableParallelism } from 'node:os';
import { testEnvoy } from '../integration/local-harness.ts';
import { checkCalls } from './check-calls.ts';
import { accept } from './goldens.ts';
import { loadScenarios } from './load-scenarios.ts';
import { checkReal } from './real/check-real.ts';
import type { RealMeshOptions } from './real/real-mesh.ts';
import type { Scenario } from './scenario.ts';

const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
const [accepting, real] = [process.argv.includes('--accept'), process.argv.includes('--real')];

async function main(): Promise<number> {
  const scenarios = loadScenarios().filter(
    ({ name }) => wanted.length === 0 || wanted.some(start => name.startsWith(start)),
  );
  let failed = 0;
  for (const scenario of scenarios) failed += check(scenario);
  if (real) failed += await checkAllForReal(scenarios);
  if (failed > 0)
    console.log(`${failed} calls are not as expected: mend the calls, or the code; nothing accepts them.`);
  return failed > 0 ? 1 : 0;
}

function check(scenario: Scenario): number {
  const problems = checkCalls(scenario);
  for (const problem of problems) console.log(`${scenario.name}: ${problem}`);
  if (accepting) for (const file of accept(scenario)) console.log(`${scenario.name}/expected/${file} accepted`);
  return problems.length;
}

/** A few at a time; says how many calls are not as expected. */
async function checkAllForReal(scenarios: readonly Scenario[]): Promise<number> {
  const envoy = await testEnvoy();
  if (envoy === undefined) throw new Error('There is no Envoy on this machine; make setup gets one.');
  const options = { envoy, signal: new AbortController().signal };
  const waiting = scenarios.values();
  let failed = 0;
  const work = async () => {
    for (const scenario of waiting) failed += await checkForReal(scenario, options);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failed;
}

async function checkForReal(scenario: Scenario, options: RealMeshOptions): Promise<number> {
  const started = performance.now();
  const { problems, notMade } = await checkReal(scenario, options).catch((error: unknown) => ({
    problems: [String(error)],
    notMade: [],
  }));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const word = problems.length > 0 ? 'FAIL' : 'ok  ';
  console.log(`${word} ${scenario.name}: ${scenario.calls.length - notMade.length} calls on a real mesh, ${seconds} s`);
  for (const problem of problems) console.log(`     ${problem}`);
  for (const why of notMade) console.log(`     not made: ${why}`);
  return problems.length;
}

process.exitCode = await main();
