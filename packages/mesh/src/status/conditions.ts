import type { Reason } from '../findings/catalogue.ts';
import type { Finding } from '../findings/finding.ts';
import type { HeldObject } from '../store/resource-set.ts';
import type { ConditionType, ObservedCondition } from './condition.ts';

/** How many of the sidecars that an object concerns have acknowledged what was made of it. */
export interface Progress {
  readonly acknowledged: number;
  readonly concerned: number;
}

/**
 * The conditions of an object: `Accepted`, `ResolvedRefs`, `Conflicted`, `Programmed`, in this order. In: the object, the
 * findings about it, whoever made them, and how far the sidecars are with what is in force of it. Out: conditions
 * without times. It must not know where objects come from, nor where statuses go.
 */
export function conditionsOf(
  object: HeldObject,
  findings: readonly Finding[],
  progress: Progress,
): readonly ObservedCondition[] {
  const { generation } = object.latest.object.metadata;
  const observedGeneration = generation === undefined ? {} : { observedGeneration: generation };
  const judged: Judgement[] = [
    accepted(findings),
    resolvedRefs(object, findings),
    conflicted(findings),
    programmed(object, findings, progress),
  ];
  return judged.map(({ type, status, reason, message }) => ({ type, status, ...observedGeneration, reason, message }));
}

/** Whether a version of an object is taken, as its findings say: what only sidecars refuse was taken before. */
export function isAccepted(findings: readonly Finding[]): boolean {
  return !findings.some(isRefusal);
}

type Judgement = Pick<ObservedCondition, 'type' | 'status' | 'reason' | 'message'>;

function isRefusal({ severity, reason }: Finding): boolean {
  return severity === 'error' && reason !== 'NotProgrammed';
}

function accepted(findings: readonly Finding[]): Judgement {
  const refusals = findings.filter(isRefusal);
  return because('Accepted', 'False', refusals) ?? yes('Accepted', 'Accepted', 'It is valid.');
}

/** `SMI2xxx` findings are those about references. */
function resolvedRefs({ inForce }: HeldObject, findings: readonly Finding[]): Judgement {
  const type = 'ResolvedRefs';
  if (inForce === undefined) return { type, status: 'Unknown', ...nothingInForce(findings) };
  const unresolved = findings.filter(({ code }) => code.startsWith('SMI2'));
  return because(type, 'False', unresolved) ?? yes(type, 'ResolvedRefs', 'All that it names is there.');
}

/** Findings that say of an object that another one is in force in its place. */
const conflicts: readonly Reason[] = ['ConflictingSplit', 'DuplicateObject'];

function conflicted(findings: readonly Finding[]): Judgement {
  const found = findings.filter(({ reason }) => conflicts.includes(reason));
  return because('Conflicted', 'True', found) ?? no('Conflicted', 'NoConflict', 'No other object is in its place.');
}

function programmed(object: HeldObject, findings: readonly Finding[], progress: Progress): Judgement {
  const type = 'Programmed';
  const { acknowledged, concerned } = progress;
  const count = `${acknowledged} of ${concerned} sidecars`;
  if (object.inForce === undefined) return { type, status: 'False', ...nothingInForce(findings) };
  if (!isAccepted(findings)) {
    const which = object.inForce === object.latest ? 'What can be read of it' : 'The last good version';
    return no(type, 'NotAccepted', `${which} is in force, on ${count}.`);
  }
  const refused = findings.filter(({ reason }) => reason === 'NotProgrammed');
  const shadowed = findings.filter(({ reason }) => reason === 'ConflictingSplit');
  const hindrance = because(type, 'False', refused) ?? because(type, 'False', shadowed);
  if (hindrance !== undefined) return hindrance;
  if (concerned === 0) return yes(type, 'NoSidecarConcerned', 'It concerns no sidecar.');
  if (acknowledged < concerned) return no(type, 'Pending', `${count} acknowledged it so far.`);
  return yes(type, 'Programmed', `${count} acknowledged it.`);
}

/** Either it was refused, or Heddle does not follow its kind yet. */
function nothingInForce(findings: readonly Finding[]): Pick<Judgement, 'reason' | 'message'> {
  const reason = findings.some(finding => finding.reason === 'NoEffectYet') ? 'NoEffectYet' : 'NotAccepted';
  return { reason, message: 'Nothing of it is in force.' };
}

function yes(type: ConditionType, reason: string, message: string): Judgement {
  return { type, status: 'True', reason, message };
}

function no(type: ConditionType, reason: string, message: string): Judgement {
  return { type, status: 'False', reason, message };
}

/** How many findings a message repeats; the rest is counted. */
const mostRepeated = 3;

/** What findings say, with the reason of the first; nothing without any. */
function because(type: ConditionType, status: 'True' | 'False', findings: readonly Finding[]): Judgement | undefined {
  const [first] = findings;
  if (first === undefined) return undefined;
  const messages = [...new Set(findings.map(({ message }) => message))];
  const rest = messages.length - mostRepeated;
  const shown = [...messages.slice(0, mostRepeated), ...(rest > 0 ? [`There is more: ${rest}.`] : [])];
  return { type, status, reason: first.reason, message: shown.join(' ') };
}
