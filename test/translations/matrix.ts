import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DependsOnPod, decide } from '@heddle/mesh';
import { renderers } from '../../packages/control-plane/src/cli/output/manifest-renderers.ts';
import type { TrafficCall } from '../../packages/control-plane/src/traffic/traffic.ts';
import { loadScenarios, scenariosFolder } from '../scenarios/load-scenarios.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { endingIn } from './ending.ts';

/** How a call that is made in a scenario compares in another mesh; the worst last. */
export type Likeness = 'same' | 'closed' | 'shared otherwise' | 'open';

/** A call of a scenario in another mesh. */
export interface ComparedCall {
  readonly scenario: string;
  readonly call: TrafficCall;
  readonly target: string;
  readonly likeness: Likeness;
}

/** Every call of every scenario in every other mesh that it is a question to. */
export function comparedCalls(): ComparedCall[] {
  return scenariosOfPolicy().flatMap(scenario => Object.keys(renderers).flatMap(target => callsIn(scenario, target)));
}

/** Those of other areas are about what a sidecar does with a request before policy is asked. */
function scenariosOfPolicy(): Scenario[] {
  return loadScenarios().filter(({ name }) => !/^(?:evasion|hosts|paths)\//.test(name));
}

function callsIn({ name, mesh, calls }: Scenario, target: string): ComparedCall[] {
  const { output } = renderers[target as keyof typeof renderers](mesh.model);
  return calls.flatMap(call => {
    const likeness = compare(mesh, call, target, output);
    return likeness === undefined ? [] : [{ scenario: name, call, target, likeness }];
  });
}

// oxlint-disable-next-line max-params -- a call, where, and by what
function compare(
  mesh: Scenario['mesh'],
  { call }: TrafficCall,
  target: string,
  output: ReturnType<(typeof renderers)['istio']>['output'],
): Likeness | undefined {
  try {
    const verdict = decide(mesh.model, call);
    const ending = endingIn(target, output, mesh, call);
    if (ending === undefined) return undefined;
    if (verdict.allowed !== ending.allowed) {
      if (verdict.allowed) return 'closed';
      // Where nobody could serve it, no policy refuses it.
      return verdict.status === 503 || verdict.reason === 'NoEndpoints' ? 'shared otherwise' : 'open';
    }
    const wanted = verdict.backends.filter(({ share }) => share > 0);
    const isShared = wanted.every(({ service, share }) => Math.abs((ending.shares.get(service) ?? 0) - share) < 1e-5);
    return !verdict.allowed || isShared ? 'same' : 'shared otherwise';
  } catch (cause) {
    if (cause instanceof DependsOnPod) return undefined;
    throw cause;
  }
}

/** The page of the reference that says what of each rule other meshes keep. */
export function matrixPage(): string {
  const calls = comparedCalls();
  const rules = new Map(scenariosOfPolicy().map(({ name }) => [name, rulesOf(name)]));
  const targets = Object.keys(renderers).toSorted();
  const rows = rulesExplained().flatMap(({ id, text }) => {
    const proving = calls.filter(({ scenario }) => rules.get(scenario)?.has(id));
    if (proving.length === 0 || unseen.has(id)) return [];
    return [[id, text, ...targets.map(target => cellOf(proving.filter(call => call.target === target)))]];
  });
  return `${[
    '# What other meshes keep',
    '<!-- Written by scripts/docs.ts; do not edit. -->',
    'What becomes of the calls that prove each [rule](../semantics.md) once [`heddle translate`](../guides/translate.md) has written their ' +
      'scenario for another mesh, as the documentation of that mesh has it. `yes`: all of them end as in Heddle; `part`: some do, and the ' +
      'others are refused (`closed`), go elsewhere (`shared otherwise`), or pass where Heddle refuses them (`open`); `no`: none does. ' +
      'Every field behind anything but `yes` is named by a finding. What is about Heddle’s own sidecars is left out.',
    table(['rule', 'in a word', ...targets], rows),
  ].join('\n\n')}\n`;
}

/** Rules of which neither a verdict nor shares tell: how requests are treated, normalised and encrypted. */
const unseen: ReadonlySet<string> = new Set(['V6', 'H5', 'I2']);

const worst: readonly Likeness[] = ['same', 'closed', 'shared otherwise', 'open'];

function cellOf(calls: readonly ComparedCall[]): string {
  if (calls.length === 0) return '–';
  const ranks = calls.map(({ likeness }) => worst.indexOf(likeness));
  const most = worst[Math.max(...ranks)] ?? 'same';
  if (most === 'same') return 'yes';
  return `${ranks.includes(0) ? 'part' : 'no'}, ${most}`;
}

/** The rules that a scenario opens with. */
function rulesOf(name: string): ReadonlySet<string> {
  const [comment = ''] = readFileSync(path.join(scenariosFolder, name, 'input.yaml'), 'utf8').split(/^(?!#)/m);
  return new Set(comment.match(/\b[VSTHI][0-9]{1,2}\b/g));
}

function rulesExplained(): { readonly id: string; readonly text: string }[] {
  const page = readFileSync(path.join(scenariosFolder, '../docs/semantics.md'), 'utf8');
  return [...page.matchAll(/^\| ([VSTHI]\d+)\b[^|]*\| (.*) \|$/gm)].map(([, id = '', text = '']) => ({
    id,
    text: /^.*?(?=[.;:] |[.;:]?$)/.exec(text)?.[0] ?? text,
  }));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...lines.map(cells => (cells[column] ?? '').length)));
  const pad = (cells: readonly string[], filling: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filling)).join(' | ')} |`;
  return [pad(head, ' '), pad([], '-'), ...rows.map(cells => pad(cells, ' '))].join('\n');
}
