import { catalogue } from '@heddle/mesh';
import type { Command } from 'commander';
import { settings } from '../../config.ts';
import { type Metric, metrics } from '../../metrics/catalogue.ts';
import { commands } from '../commands.ts';
import { examplesOf } from '../options.ts';
import { buildProgram } from '../program.ts';
import { annotationsPage } from './annotations-page.ts';
import { type CommandNode, commandTree, flatten } from './command-tree.ts';
import { meshConfigPage } from './mesh-config-page.ts';
import { code, joined, page, table } from './page.ts';
import { valuesPage } from './values-page.ts';

/** The pages of the reference that are made from the code, by file name below `docs/reference`. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['annotations.md', annotationsPage()],
    ['cli.md', commandLinePage()],
    ['config.md', configPage()],
    ['findings.md', findingsPage()],
    ['mesh-config.md', meshConfigPage()],
    ['metrics.md', metricsPage()],
    ['values.md', valuesPage()],
  ]);
}

function commandLinePage(): string {
  const tree = commandTree(buildProgram(commands, async () => {}));
  const [program, ...nodes] = flatten(tree) as [CommandNode, ...CommandNode[]];
  return page('The command line', [
    'One binary, `heddle`. Answers go to standard output; notes, summaries and errors go to standard error.',
    table(
      ['exit code', 'meaning'],
      [
        ['0', 'fine'],
        [
          '1',
          'an `error` finding (with `--strict`: or a warning), a call that is refused, a call that sees what it should not',
        ],
        [
          '2',
          'wrong usage: an unknown command or option, a path that does not exist, a question that has no one answer',
        ],
        ['3', 'failure'],
      ],
    ),
    'Options of every command:',
    optionTable(program.command),
    ...nodes.map(section),
  ]);
}

function section(node: CommandNode): string {
  const { command, words } = node;
  const name = ['heddle', ...words].join(' ');
  const examples = examplesOf.get(command) ?? [];
  return joined([
    `## ${name}`,
    command.description(),
    `\`\`\`text\n${command.createHelp().commandUsage(command)}\n\`\`\``,
    node.subcommands.length > 0 || command.options.length === 0 ? '' : optionTable(command),
    examples.length === 0 ? '' : `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
    answers[words.join(' ')] ?? '',
  ]);
}

function optionTable(command: Command): string {
  const rows = command
    .createHelp()
    .visibleOptions(command)
    .map(option => {
      const choices = option.argChoices === undefined ? '' : `; one of ${option.argChoices.map(code).join(', ')}`;
      const byDefault =
        typeof option.defaultValue === 'string'
          ? `; ${code(option.defaultValue)} unless given`
          : option.mandatory
            ? '; required'
            : '';
      return [code(option.flags), `${option.description}${choices}${byDefault}`];
    });
  return table(['option', 'meaning'], rows);
}

/** What commands answer in JSON and YAML. */
const answers: Readonly<Record<string, string>> = {
  validate: joined([
    'Text is one line a finding, `file:line:column severity CODE Reason: sentence`; what each code means is in [findings](findings.md). ' +
      'Files are named as the command line names them.',
    'With `-o json` or `-o yaml` the answer is the bare list of findings, in the same order:',
    `\`\`\`text
[{code, reason, severity: error | warning | info, object: {apiVersion, kind, namespace, name} | null,
  field: string | null, file: string | null, line: number | null, column: number | null, message}]
\`\`\``,
    'Every field is always there; what is not known is null. Lines and columns count from 1. `namespace` is empty for what has none.',
  ]),
  explain: joined([
    'Text tells the steps, then what came of them, and ends with the line of YAML that decided; of a call that is refused, with the ' +
      'nearest rule, and what keeps it from matching.',
    'With `-o json` or `-o yaml`:',
    `\`\`\`text
{allowed, wouldDeny, status: 200 | 400 | 403 | 503 | null, reason, message,
 decidedBy: {kind, namespace, name, field, file, line} | {default: NAME},
 route: string | null, backends: [{service, namespace, port, share: 0..1}], mtls: strict | permissive | none,
 nearMisses: [{object: {kind, namespace, name}, field, why}]}
\`\`\``,
    '`status` is null for TCP and where no answer comes; `field`, `file` and `line` are null where they are not known; 200 stands ' +
      'for whatever the application answers. A service account that nobody has may be asked for, with a note on standard error. Where the ' +
      'answer depends on which pod a call reaches, the command says so and ends with exit code 2.',
  ]),
  diagnose: joined([
    'One line a question, `ok`, `note` or `FAIL`, with what was found; below it what to change. With `--from` and `--to` it is about that call, ' +
      'and about the namespace that it goes to. Without `-f` the mesh that runs is asked, its controller and its sidecars’ logs; a call is ' +
      'then decided on the manifests that it runs.',
    'With `-o json` or `-o yaml`:',
    `\`\`\`text
{steps: [{step: accepted | routes | profiles | groups | references | programmed | sidecars | handshakes | call,
  question, outcome: ok | note | problem, found, items: [{what, change, file: string | null, line: number | null}]}]}
\`\`\``,
    'What each answer means, and what mends it: [troubleshooting](../troubleshooting.md).',
  ]),
  test: joined([
    'One line a call, `ok` or `FAIL`, with what was expected and seen. Only what a call expects is compared; shares may differ by 0.000001.',
    'With `-o json` or `-o yaml`:',
    `\`\`\`text
[{traffic, name, expected, file, line, ok, seen: string | null, differences: [string], message}]
\`\`\``,
    'An object of kind Traffic that is malformed, and none at all, end with exit code 2.',
  ]),
  convert: joined([
    'In YAML the answer is the documents of the input in their order, comments included; in JSON it is the object, or a `List` where ' +
      'there are several. An annotation that no longer counts is told on standard error.',
    'With an object of the group that has no such version, nothing is written, and the exit code is 1; 2 where the input holds no object of the group at all.',
  ]),
  translate: joined([
    'The answer is YAML, ordered by namespace, kind and name; the same input gives the same bytes. With `--out` each object is ' +
      '`FOLDER/NAMESPACE/KIND-NAME.yaml`; a file there that an earlier run made and this one does not is removed, no other is touched.',
    'What the target can not say is an `SMI5xxx` finding on standard error. Exit code 1: an `error` finding in the input, whose ' +
      'object is then left out, or with `--strict` any such finding but an `info`, and then nothing is written. What each target ' +
      'can say: [translating](../guides/translate.md).',
  ]),
  'render envoy':
    'The answer is `{listeners, routes, clusters, endpoints, extensions, secrets, runtime}`, each a list by name, in the JSON form of Envoy’s API; with ' +
    '`--static` a bootstrap. The certificate of a bootstrap is new each time, and lasts a day.',
  up: joined([
    'Prints every finding; once all is ready a table of the workloads and the URLs of the Services that the front door shows ' +
      '(those with the annotation `heddle.dev/expose: "true"`); then each change that is in force, with how long it took from the save ' +
      'to the last sidecar’s acknowledgement. Ctrl-C ends it with exit code 0, with `--check` with 130. A pod that fails is named with ' +
      'the reason; the mesh goes on without it.',
    'With `--check` the mesh ends after the calls, with exit code 0 when all of them saw what they expect, 1 when one did not, and 3 ' +
      'when the mesh is not ready in time. Shares may be off by five standard deviations of a sample of that size. With `-o json` or ' +
      '`-o yaml` the answer is that of [heddle test](#heddle-test).',
    'What makes it run needs no root: where user namespaces are not permitted either, one sentence says what to allow.',
  ]),
  status: joined([
    'With `-o json` or `-o yaml`:',
    `\`\`\`text
{since, revision, failing: [{part, message, times}],
 workloads: [{namespace, name, identity, pods, ready, inSync}],
 sidecars: [{namespace, pod, workload, identity, connected, inSync, since: string | null, rejected: [{name, message}]}],
 unready: [{namespace, name, state: starting | failing | refused | ended, message, restarts}],
 objects: [{apiVersion, kind, namespace, name, accepted, programmed: {acknowledged, concerned}, reasons: [string],
   conditions: [{type: Accepted | ResolvedRefs | Conflicted | Programmed, status: True | False | Unknown,
     observedGeneration?: number, lastTransitionTime, reason, message}]}],
 exposed: [{namespace, name, port}], findings: as of heddle validate,
 remarks: [{message, object?: {apiVersion, kind, namespace, name}, file?, line?, hint}], metrics: URL | null,
 lastChange: {revision, objects, removed: [{apiVersion, kind, namespace, name}], sidecars, milliseconds} | null}
\`\`\``,
    'Conditions have the shape of Kubernetes’ own. `Programmed` is `True` once every sidecar that the object concerns has acknowledged ' +
      'it; `programmed` counts them, of a version that is refused those with what is in force in its place.',
  ]),
  exec:
    'The command is looked up in the pod, with this terminal’s PATH and the folders of system programs; it starts in `/` with the ' +
    'environment of this terminal. 128 + N stands for an end by signal N.',
  version: 'With `-o json` or `-o yaml`: `{version, node, envoy}`.',
};

function configPage(): string {
  return page('Configuration', [
    'Settings of the program; what the mesh does is said by resources. Where a setting is given more than once, the later of this ' +
      'list counts: default, configuration file (`--config FILE` or HEDDLE_CONFIG; YAML or JSON, a map of the keys below), environment, command line.',
    table(
      ['key', 'environment', 'option', 'default', 'meaning'],
      settings.map(({ key, environment, flag, meaning, default: byDefault, choices }) => [
        code(key),
        environment.map(code).join(', '),
        flag === undefined ? '' : code(flag),
        /[` ]/.test(byDefault) || byDefault === 'none' ? byDefault : code(byDefault),
        `${meaning}${choices === undefined ? '' : ` One of ${choices.map(code).join(', ')}.`}`,
      ]),
    ),
    'Of several environment variables the first that is set counts.',
  ]);
}

function findingsPage(): string {
  return page('Findings', [
    'Everything that Heddle says about manifests and resources, wherever it says it. `error`: refused, the last good version stays in ' +
      'force; `warning`: accepted, but part of it has no effect; `info`: worth knowing. Codes are never reused.',
    ...Object.entries(families).map(([family, title]) =>
      joined([
        `## SMI${family}xxx: ${title}`,
        table(
          ['code', 'reason', 'severity', 'meaning'],
          Object.entries(catalogue)
            .filter(([, { code }]) => code.startsWith(`SMI${family}`))
            .toSorted(([, a], [, b]) => (a.code < b.code ? -1 : 1))
            .map(([reason, { code: number, severity, meaning }]) => [number, code(reason), severity, meaning]),
        ),
      ]),
    ),
  ]);
}

const families: Readonly<Record<string, string>> = {
  1: 'shape',
  2: 'references',
  3: 'conflicts',
  4: 'meaning',
  5: 'what a backend can not express',
};

function metricsPage(): string {
  return page('Metrics', [
    'A controller serves them in Prometheus’ text format at `/metrics` on 127.0.0.1, from port 8080 on the first that is free ' +
      '(`heddle up --metrics-port`); `heddle up` prints the address, `heddle status -o json` has it as `metrics`. Beside it ' +
      '`/healthz` answers 200 as long as the controller answers at all, `/readyz` once its first pass is finished.',
    'An object of policy is submitted and validated. Either it is refused and counts as rejected, or the sidecars are sent what ' +
      'differs, and it counts as applied when the last one that it concerns has acknowledged it. An object of a file has no ' +
      '`metadata.generation`: each change of its content counts as one. Counters start at 0 with the controller; a row of a gauge ' +
      'that has ended stays at 0.',
    table(
      ['metric', 'type', 'labels', 'meaning'],
      Object.entries<Metric>(metrics).map(([name, { type, labels, help }]) => [
        code(name),
        type,
        labels.map(code).join(', '),
        help,
      ]),
    ),
    '`promtool check metrics` has one remark, on `smi_policy_rejected_count`: a gauge should not end in `_count`. The name is given.',
  ]);
}
