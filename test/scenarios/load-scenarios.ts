import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { formatPath } from '@heddle/smi';
import { readManifest } from '../../packages/control-plane/src/sources/manifests.ts';
import { readTraffic, type TrafficCall } from '../../packages/control-plane/src/traffic/traffic.ts';
import { meshOfSources } from '../worlds/mesh-of.ts';
import type { Scenario } from './scenario.ts';

/** The folder of all scenarios. */
export const scenariosFolder = path.join(import.meta.dirname, '../../scenarios');

/** Reads every scenario: its input as a source would, its calls; in order of name. Throws on one that can't be read. */
export function loadScenarios(): Scenario[] {
  return globSync('*/*/input.yaml', { cwd: scenariosFolder })
    .toSorted()
    .map(file => loadScenario(path.dirname(file)));
}

function loadScenario(name: string): Scenario {
  const folder = path.join(scenariosFolder, name);
  const input = readFileSync(path.join(folder, 'input.yaml'), 'utf8');
  const scenario = scenarioOf(name, input);
  const { clusterDomain } = scenario.mesh.model.settings;
  const calls = callsOf(name, readFileSync(path.join(folder, 'traffic.yaml'), 'utf8'), clusterDomain);
  return { ...scenario, folder, calls };
}

/** A scenario that is no folder: nothing is called in it, and nothing expected of it. */
export function scenarioOf(name: string, input: string): Scenario {
  const manifest = readManifest('input.yaml', input);
  const made = meshOfSources(manifest.objects);
  const mesh = { ...made, findings: [...manifest.findings, ...made.findings] };
  return { name, folder: '', input, mesh, calls: [] };
}

function callsOf(name: string, text: string, clusterDomain: string): TrafficCall[] {
  const { objects, findings } = readManifest('traffic.yaml', text);
  const traffic = objects.map(object => readTraffic(object, clusterDomain));
  const problems = [
    ...findings.map(({ message }) => message),
    ...traffic.flatMap(({ problems }) => problems.map(({ path, message }) => `${formatPath(path)}: ${message}`)),
  ];
  if (problems.length > 0) throw new Error(`${name}/traffic.yaml: ${problems.join('; ')}`);
  return traffic.flatMap(({ calls }) => calls);
}
