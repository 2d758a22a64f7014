// `npm run scenarios`: checks every scenario; with `--accept`, takes what the stages make now as what is expected.
// Names restrict it: `npm run scenarios -- --accept access/default-deny`.
import { checkCalls } from './check-calls.ts';
import { accept } from './goldens.ts';
import { loadScenarios } from './load-scenarios.ts';

const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
const accepting = process.argv.includes('--accept');
let failed = 0;
for (const scenario of loadScenarios()) {
  if (wanted.length > 0 && !wanted.some(name => scenario.name.startsWith(name))) continue;
  const problems = checkCalls(scenario);
  failed += problems.length;
  for (const problem of problems) console.log(`${scenario.name}: ${problem}`);
  if (accepting) for (const file of accept(scenario)) console.log(`${scenario.name}/expected/${file} accepted`);
}
if (failed > 0) console.log(`${failed} calls are not as expected: mend the calls, or the code; nothing accepts them.`);
process.exitCode = failed > 0 ? 1 : 0;
