import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decide } from '@heddle/mesh';
import { stringify } from 'yaml';
import { tell } from '../../packages/control-plane/src/cli/output/tell.ts';
import type { Scenario } from './scenario.ts';
import { viewEnvoy } from './view-envoy.ts';
import { viewFindings } from './view-findings.ts';
import { viewModel } from './view-model.ts';

/** What each stage made of a scenario, by file below its `expected`; a stage that made nothing has no file. */
export function goldensOf({ mesh, calls, input }: Scenario): ReadonlyMap<string, string> {
  const lines = input.split('\n');
  const lineText = (file: string, line: number) => (file === 'input.yaml' ? lines[line - 1] : undefined);
  const explained = calls.map(({ name, call }) =>
    [`# ${name}`, ...tell(call, decide(mesh.model, call), lineText).map(({ text }) => text), ''].join('\n'),
  );
  const views: readonly (readonly [file: string, text: string | undefined])[] = [
    ['model.yaml', yaml(viewModel(mesh.model))],
    ['findings.yaml', yaml(viewFindings(mesh.findings))],
    ['envoy.yaml', yaml(viewEnvoy(mesh.sidecars))],
    ['explain.txt', explained.join('\n')],
  ];
  return new Map(views.flatMap(([file, text]) => (text === undefined ? [] : [[file, text]])));
}

function yaml(value: object | undefined): string | undefined {
  return value === undefined ? undefined : stringify(value, { lineWidth: 160, aliasDuplicateObjects: false });
}

/** The goldens that a scenario has on disk. */
export function acceptedGoldens({ folder }: Scenario): ReadonlyMap<string, string> {
  const expected = path.join(folder, 'expected');
  if (!existsSync(expected)) return new Map();
  const files = globSync('**/*', { cwd: expected, withFileTypes: true }).filter(entry => entry.isFile());
  return new Map(
    files.map(entry => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(expected, file), readFileSync(file, 'utf8')];
    }),
  );
}

/** Writes what a scenario makes as what is expected of it; says which files that changed. */
export function accept(scenario: Scenario): string[] {
  const made = goldensOf(scenario);
  const before = acceptedGoldens(scenario);
  const changed: string[] = [];
  for (const [file, text] of made) {
    if (before.get(file) === text) continue;
    const target = path.join(scenario.folder, 'expected', file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
    changed.push(file);
  }
  for (const file of before.keys()) {
    if (made.has(file)) continue;
    rmSync(path.join(scenario.folder, 'expected', file));
    changed.push(file);
  }
  return changed;
}
