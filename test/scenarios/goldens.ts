import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decide, type Finding, type Manifest, type RenderManifests } from '@heddle/mesh';
import { isPair, isScalar, parseAllDocuments, stringify, visit } from 'yaml';
import { renderers } from '../../packages/control-plane/src/cli/output/manifest-renderers.ts';
import { tell } from '../../packages/control-plane/src/cli/output/tell.ts';
import { manifestStream } from '../../packages/control-plane/src/cli/output/write-manifests.ts';
import type { Scenario } from './scenario.ts';
import { viewApplications } from './view-applications.ts';
import { viewEnvoy } from './view-envoy.ts';
import { viewFindings } from './view-findings.ts';
import { viewModel } from './view-model.ts';

/** What each stage made of a scenario, by file below its `expected`; a stage that made nothing has no file. */
export function goldensOf({ name, mesh, calls, input }: Scenario): ReadonlyMap<string, string> {
  const lines = input.split('\n');
  const lineText = (file: string, line: number) => (file === 'input.yaml' ? lines[line - 1] : undefined);
  const explained = calls.map(({ name: title, call }) =>
    [`# ${title}`, ...tell(call, decide(mesh.model, call), lineText).map(({ text }) => text), ''].join('\n'),
  );
  const views: readonly (readonly [file: string, text: string | undefined])[] = [
    ['model.yaml', yaml(viewModel(mesh.model))],
    ['findings.yaml', yaml(viewFindings(mesh.findings))],
    ['envoy.yaml', yaml(viewEnvoy(mesh.sidecars))],
    ['application.yaml', yaml(viewApplications(mesh.model))],
    ['explain.txt', explained.join('\n')],
    ...translationsOf(name).map(([target, render]) => {
      const { output, findings } = render(mesh.model);
      const shown = output.filter(manifest => isOfStory(manifest, name)).map(withoutLabels);
      return [`${target}.yaml`, translation(compact(manifestStream(shown)), findings)] as const;
    }),
  ];
  return new Map(views.flatMap(([file, text]) => (text === undefined ? [] : [[file, text]])));
}

/** Other meshes have nothing of their own to say to stories about hosts, paths and evasion: those are about sidecars. */
function translationsOf(scenario: string): [target: string, render: RenderManifests][] {
  return /^(?:access|modes|profile|split)\//.test(scenario) ? Object.entries(renderers) : [];
}

/** What holds by default is alike in all scenarios, and who may call in all about splits. */
function isOfStory({ origins }: Manifest, scenario: string): boolean {
  if (scenario.startsWith('profile/')) return origins.some(({ kind }) => kind === 'ServiceProfile');
  if (!scenario.startsWith('split/')) return origins.length > 0;
  return origins.some(({ kind }) => kind === 'TrafficSplit');
}

/** The same documents with what holds only scalars on one line. */
function compact(stream: string): string {
  return parseAllDocuments(stream)
    .map(document => {
      visit(document, {
        Collection: (_, node) => {
          node.flow = node.items.every(item => isScalar(isPair(item) ? item.value : item));
        },
      });
      return document.toString({ lineWidth: 160, flowCollectionPadding: false });
    })
    .join('');
}

function withoutLabels({ object, origins }: Manifest): Manifest {
  const { labels: _, ...metadata } = object.metadata;
  return { object: { ...object, metadata }, origins };
}

/** What a translation writes, and what it says beside it as comments; `undefined` when it is neither. */
function translation(documents: string, findings: readonly Finding[]): string | undefined {
  const said = findings.map(({ code, reason, severity, object, field, message }) => {
    const place = object === undefined ? '' : `${object.kind} ${object.namespace}/${object.name} ${field ?? ''}`;
    return `# ${severity} ${code} ${reason}, ${place.trimEnd()}: ${message}\n`;
  });
  const text = [...said, ...(said.length > 0 && documents !== '' ? ['---\n'] : []), documents].join('');
  return text === '' ? undefined : text;
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
