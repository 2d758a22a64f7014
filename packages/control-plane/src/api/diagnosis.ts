import { type Finding, type Remark, type Verdict, viewOrigin } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import type { PassFailure } from '../failures.ts';
import { type Handshake, identityIn, meaningOf } from './handshakes.ts';
import type { SidecarStatus } from './mesh-status.ts';
import type { ObjectStatus } from './object-status.ts';

/** What is known of a mesh, from its manifests or from a controller. */
export interface Evidence {
  readonly objects: readonly DiagnosedObject[];
  readonly findings: readonly Finding[];
  readonly remarks: readonly Remark[];
  /** What becomes of the call that is asked about. */
  readonly verdict?: Verdict;
  /** Only of a mesh that runs. */
  readonly running?: RunningEvidence;
}

/** What a diagnosis needs of an object's status; `conditions` are those of a mesh that runs. */
export type DiagnosedObject = Pick<ObjectStatus, 'kind' | 'namespace' | 'name' | 'accepted' | 'conditions'>;

/** What only a mesh that runs can tell. */
export interface RunningEvidence {
  readonly sidecars: readonly SidecarStatus[];
  readonly failing: readonly PassFailure[];
  readonly handshakes: readonly PodHandshakes[];
}

/** The failed handshakes that a pod's sidecar has logged. */
export interface PodHandshakes {
  readonly namespace: string;
  readonly pod: string;
  readonly failed: readonly Handshake[];
}

/** What was found at a step: as it should be, something to change, or nothing wrong in itself but worth knowing. */
export type Outcome = 'ok' | 'problem' | 'note';

/** One question of a diagnosis and its answer. */
export interface DiagnosisStep {
  readonly step:
    | 'accepted'
    | 'routes'
    | 'profiles'
    | 'groups'
    | 'references'
    | 'programmed'
    | 'sidecars'
    | 'handshakes'
    | 'call';
  readonly question: string;
  readonly outcome: Outcome;
  /** In one sentence. */
  readonly found: string;
  readonly items: readonly DiagnosisItem[];
}

/** One thing that was found, and what to change. */
export interface DiagnosisItem {
  readonly what: string;
  readonly change: string;
  readonly file?: string;
  readonly line?: number;
}

/** Why policy is not in force, step by step, in the order in which one thing hides the next. Pure. */
export function diagnose(evidence: Evidence): DiagnosisStep[] {
  return [
    acceptedStep(evidence),
    routesStep(evidence),
    profilesStep(evidence),
    groupsStep(evidence),
    referencesStep(evidence),
    ...(evidence.running === undefined ? [] : runningSteps(evidence, evidence.running)),
    ...(evidence.verdict === undefined ? [] : [callStep(evidence.verdict)]),
  ];
}

function acceptedStep({ objects, findings }: Evidence): DiagnosisStep {
  const items = findings.filter(isRefusal).map(ofFinding);
  const accepted = objects.filter(object => object.accepted).length;
  const some = `${accepted} of ${objects.length} objects of policy are`;
  return {
    step: 'accepted',
    question: 'Is every object accepted?',
    outcome: items.length > 0 ? 'problem' : 'ok',
    found: items.length > 0 ? `${some}; what is refused is not in force as it is written.` : `${some}.`,
    items,
  };
}

function routesStep({ remarks }: Evidence): DiagnosisStep {
  const message = 'no routes for service';
  const items = remarks
    .filter(remark => remark.message === message)
    .map(({ object, hint }) => ({ what: nameOf(object), change: hint }));
  return {
    step: 'routes',
    question: `Does the controller log “${message}”?`,
    outcome: items.length > 0 ? 'note' : 'ok',
    found: items.length > 0 ? `It does, of ${count(items.length, 'Service')}.` : 'It does not.',
    items,
  };
}

function profilesStep({ objects, remarks, findings }: Evidence): DiagnosisStep {
  const profiles = objects.filter(({ kind }) => kind === 'ServiceProfile').map(nameOf);
  const lacking = remarks.filter(({ message }) => message === 'no routes for service').length;
  const known = profiles.length === 0 ? 'There is none' : `There is ${profiles.join(', ')}`;
  const missing = profiles.length === 0 ? ' for' : ', and none for';
  const those = `${missing} ${lacking === 1 ? 'that Service' : 'those Services'}.`;
  const items = findings.filter(({ reason }) => reason === 'ServiceProfileNotFound').map(ofFinding);
  return {
    step: 'profiles',
    question: 'Is there a ServiceProfile?',
    outcome: items.length > 0 ? 'problem' : lacking > 0 ? 'note' : 'ok',
    found: `${known}${lacking > 0 ? those : '; no Service lacks one, since route groups speak of them.'}`,
    items,
  };
}

const groupReasons: ReadonlySet<string> = new Set(['RouteGroupNotFound', 'RouteMatchNotFound']);

function groupsStep({ objects, findings }: Evidence): DiagnosisStep {
  const groups = objects.filter(({ kind }) => kind === 'HTTPRouteGroup');
  const items = findings.filter(isAboutGroups).map(ofFinding);
  return {
    step: 'groups',
    question: 'Is every HTTPRouteGroup valid, and there where it is named?',
    outcome: items.length > 0 ? 'problem' : 'ok',
    found: items.length > 0 ? 'No.' : `Yes: ${count(groups.length, 'group')}.`,
    items,
  };
}

function isAboutGroups({ object, reason, severity }: Finding): boolean {
  return severity !== 'info' && (object?.kind === 'HTTPRouteGroup' || groupReasons.has(reason));
}

function referencesStep({ findings }: Evidence): DiagnosisStep {
  const items = findings.filter(finding => finding.severity === 'warning' && !isAboutGroups(finding)).map(ofFinding);
  return {
    step: 'references',
    question: 'Does everything else that is accepted have an effect?',
    outcome: items.length > 0 ? 'problem' : 'ok',
    found: items.length > 0 ? 'Not all of it.' : 'Yes.',
    items,
  };
}

function runningSteps({ objects, findings }: Evidence, running: RunningEvidence): DiagnosisStep[] {
  return [programmedStep(objects, findings, running), sidecarsStep(running), handshakesStep(running)];
}

/** What was refused, and what has no effect, has been said. */
function programmedStep(
  objects: readonly DiagnosedObject[],
  findings: readonly Finding[],
  { failing }: RunningEvidence,
): DiagnosisStep {
  const late = objects.flatMap(object => {
    const condition = object.conditions.find(({ type }) => type === 'Programmed');
    return condition?.status === 'False' && condition.reason === 'Pending' ? [{ object, condition }] : [];
  });
  const items = [
    ...findings.filter(({ reason }) => reason === 'NotProgrammed').map(ofFinding),
    ...late.map(({ object, condition }) => ({
      what: `${nameOf(object)}: ${condition.message}`,
      change: `It is so since ${condition.lastTransitionTime}; see the sidecars below.`,
    })),
    ...failing.map(({ part, message }) => ({
      what: `${part} failed, what was in force stays: ${message}`,
      change: 'See heddle logs --controller, and report it.',
    })),
  ];
  return {
    step: 'programmed',
    question: 'Have the sidecars acknowledged every object that concerns them?',
    outcome: items.length > 0 ? 'problem' : 'ok',
    found: items.length > 0 ? 'Not all of them.' : 'Yes.',
    items,
  };
}

function sidecarsStep({ sidecars }: RunningEvidence): DiagnosisStep {
  const items = sidecars.flatMap(sidecarItems);
  const well = sidecars.filter(({ inSync }) => inSync).length;
  return {
    step: 'sidecars',
    question: 'Is every sidecar connected and in sync?',
    outcome: items.length > 0 ? 'problem' : 'ok',
    found: `${well} of ${count(sidecars.length, 'sidecar')} in sync.`,
    items,
  };
}

function sidecarItems({ namespace, pod, connected, inSync, since, rejected }: SidecarStatus): DiagnosisItem[] {
  const name = `${namespace}/${pod}`;
  const held = since === null ? '' : ` since ${since}`;
  const logs = `heddle logs ${name} --sidecar`;
  if (!connected)
    return [{ what: `${name} is not connected${held}`, change: `See whether the pod runs: heddle status, ${logs}.` }];
  if (rejected.length > 0) {
    return rejected.map(refused => ({
      what: `${name} refused ${refused.name} (NACK): ${refused.message}`,
      change: 'Mend the object that it was made from, named above; until then the sidecar keeps what it had.',
    }));
  }
  return inSync
    ? []
    : [
        {
          what: `${name} is out of sync${held}`,
          change: `If that stays so, see ${logs} and heddle logs --controller.`,
        },
      ];
}

/** Handshakes that failed alike are told once. */
function handshakesStep({ handshakes, sidecars }: RunningEvidence): DiagnosisStep {
  const alike = handshakes.flatMap(({ namespace, pod, failed }) =>
    [...Map.groupBy(failed, ({ from, port, reason }) => `${from} ${port} ${reason}`).values()].map(group => ({
      at: `${namespace}/${pod}`,
      group,
    })),
  );
  const items = alike.flatMap(({ at, group }) => handshakeItem(at, group));
  const isBroken = alike.some(({ group }) => group.some(({ reason }) => !meaningOf(reason).isPolicy));
  return {
    step: 'handshakes',
    question: 'Did TLS handshakes fail?',
    outcome: items.length === 0 ? 'ok' : isBroken ? 'problem' : 'note',
    found: items.length === 0 ? `None that ${count(sidecars.length, 'sidecar')} logged.` : 'Yes.',
    items,
  };
}

function handshakeItem(at: string, group: readonly Handshake[]): DiagnosisItem[] {
  const last = group.at(-1);
  if (last === undefined) return [];
  const { alert, cause, mend } = meaningOf(last.reason);
  const identity = identityIn(last.reason);
  const who = identity === undefined ? last.from : `${identity} (${last.from})`;
  const times = group.length === 1 ? '' : ` ${group.length} times,`;
  return [
    { what: `${who} to ${at}:${last.port},${times} last at ${last.time}: alert ${alert}. ${cause}`, change: mend },
  ];
}

function callStep(verdict: Verdict): DiagnosisStep {
  const { allowed, wouldDeny, reason, message } = verdict;
  return {
    step: 'call',
    question: 'Does policy let the call through?',
    outcome: allowed ? 'ok' : 'problem',
    found: allowed ? message : `${reason}: ${message}`,
    items: allowed && !wouldDeny ? [] : denialItems(verdict),
  };
}

function denialItems({ nearMisses, decidedBy }: Verdict): DiagnosisItem[] {
  const [near] = nearMisses;
  if (near === undefined) {
    const view = viewOrigin(decidedBy);
    const what = 'default' in view ? `Decided by default: ${view.default}` : `Decided by ${nameOf(view)}`;
    return [
      {
        what,
        change: 'heddle explain tells each step. Where no rule names the caller, write a TrafficTarget that does.',
      },
    ];
  }
  const view = viewOrigin(near.origin);
  if ('default' in view) return [];
  const { file, line, field } = view;
  return [
    {
      what: `Nearest rule: ${nameOf(view)}${field === undefined ? '' : ` ${field}`}`,
      change: `${near.why}. Change the rule, or the call.`,
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
    },
  ];
}

function isRefusal({ severity, reason }: Finding): boolean {
  return severity === 'error' && reason !== 'NotProgrammed';
}

function ofFinding({ code, reason, object, field, file, line, message }: Finding): DiagnosisItem {
  const subject = object === undefined ? '' : `${nameOf(object)}${field === undefined ? '' : ` ${field}`} `;
  return {
    what: `${subject}${code} ${reason}`,
    change: message,
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
  };
}

function nameOf(object: Pick<ObjectRef, 'kind' | 'namespace' | 'name'> | undefined): string {
  if (object === undefined) return '';
  return `${object.kind} ${object.namespace === '' ? '' : `${object.namespace}/`}${object.name}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
