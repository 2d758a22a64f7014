import {
  type Call,
  type DefaultName,
  hostOf,
  type Origin,
  type OriginView,
  type Verdict,
  viewOrigin,
} from '@heddle/mesh';

/** One line of an explanation, and what it is, so that it can be painted. */
export interface TellLine {
  readonly kind: 'question' | 'step' | 'place' | 'allowed' | 'denied' | 'near' | 'source' | 'blank';
  readonly text: string;
}

/** The text of a line of a file that was read; `undefined` where it is not known. */
export type LineText = (file: string, line: number) => string | undefined;

/**
 * Tells a verdict as a person would: the call, its steps, what came of it, and the line of YAML that decided; of a denial
 * the nearest rule and what keeps it from matching. In: a call, its verdict and the text of the files. Out: lines. Pure.
 */
export function tell(call: Call, verdict: Verdict, lineText: LineText): TellLine[] {
  const steps = verdict.trace.flatMap(({ text, origin }, index): TellLine[] => [
    { kind: 'step', text: `${index + 1}. ${text}` },
    ...(origin === undefined ? [] : placeLines(origin)),
  ]);
  return [{ kind: 'question', text: question(call) }, ...steps, blank, ...conclusion(verdict, lineText)];
}

/** The places of files whose text `tell` asks for. */
export function toldPlaces(verdict: Verdict): { file: string; line: number }[] {
  return [verdict.decidedBy, ...nearest(verdict).map(({ origin }) => origin)].flatMap(origin => {
    const place = placeOf(viewOf(origin));
    return place === undefined ? [] : [place];
  });
}

const blank: TellLine = { kind: 'blank', text: '' };

function question({ from, to, protocol, method, path, headers }: Call): string {
  const what = protocol === 'tcp' ? 'A connection' : `${protocol === 'grpc' ? 'gRPC POST' : method} ${path}`;
  const written = headers.map(([name, value]) => ` (${name}: ${value})`).join('');
  const target = `${hostOf(to)}:${to.port}`;
  return `${what}${protocol === 'tcp' ? '' : written} from ${callerOf(from)} to ${target}`;
}

function callerOf({ namespace, serviceAccount, pod }: Call['from']): string {
  return `${namespace}/${serviceAccount}${pod === undefined ? '' : ` (pod ${pod})`}`;
}

function placeLines(origin: Origin): TellLine[] {
  const view = viewOf(origin);
  return 'default' in view ? [] : [{ kind: 'place', text: `   ${nameOf(view)}${fileOf(view)}` }];
}

function conclusion(verdict: Verdict, lineText: LineText): TellLine[] {
  const { allowed, status, reason, message, decidedBy } = verdict;
  const ending = status === null || status === 200 ? '' : ` with ${status}`;
  const outcome = allowed ? 'Allowed' : isMissing(verdict) ? 'Unreachable' : 'Denied';
  const headline = `${outcome}${ending}${reason === outcome ? '' : `, ${reason}`}: ${message}`;
  const told: TellLine = { kind: allowed ? 'allowed' : 'denied', text: headline };
  const [near] = nearest(verdict);
  if (near !== undefined) {
    const view = viewOf(near.origin);
    const name = 'default' in view ? view.default : `${nameOf(view)}${fileOf(view)}`;
    return [told, { kind: 'near', text: `Nearest rule: ${name}: ${near.why}` }, ...sourceLines(view, lineText)];
  }
  const view = viewOf(decidedBy);
  if ('default' in view) return [told, { kind: 'near', text: `Decided by default: ${defaults[view.default]}` }];
  const source = sourceLines(view, lineText);
  return [
    told,
    { kind: 'near', text: `Decided by ${nameOf(view)}${source.length === 0 ? fileOf(view) : ''}` },
    ...source,
  ];
}

/** Whether there is nothing to answer, rather than somebody who refuses. */
function isMissing({ reason }: Verdict): boolean {
  return reason === 'ServiceNotFound' || reason === 'NoBackends' || reason === 'NoEndpoints';
}

function nearest({ nearMisses }: Verdict): Verdict['nearMisses'] {
  return nearMisses.slice(0, 1);
}

function sourceLines(view: OriginView, lineText: LineText): TellLine[] {
  const place = placeOf(view);
  const text = place === undefined ? undefined : lineText(place.file, place.line);
  if (place === undefined || text === undefined) return [];
  return [{ kind: 'source', text: `${place.file}:${place.line}: ${text.trimEnd()}` }];
}

/** An origin as plain data; a whole object is shown at its name, which tells more than its first line. */
function viewOf(origin: Origin): OriginView {
  const view = viewOrigin(origin);
  if ('default' in origin || origin.path.length > 0) return view;
  return { ...view, ...origin.source.locate?.(['metadata', 'name']) };
}

function placeOf(view: OriginView): { file: string; line: number } | undefined {
  if ('default' in view) return undefined;
  const { file, line } = view;
  return file === undefined || line === undefined ? undefined : { file, line };
}

function nameOf(view: Exclude<OriginView, { default: DefaultName }>): string {
  const { kind, namespace, name, field } = view;
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}${field === undefined ? '' : ` ${field}`}`;
}

function fileOf(view: OriginView): string {
  const place = placeOf(view);
  return place === undefined ? '' : ` (${place.file}:${place.line})`;
}

/** What decides where nobody wrote anything, in words. */
const defaults: Readonly<Record<DefaultName, string>> = {
  DenyByDefault: 'what no TrafficTarget opens is closed.',
  PortNotFound: 'a port that the Service does not have is closed.',
  ServiceNotFound: 'a name that does not exist leads nowhere.',
  NoEndpoints: 'nothing is there to serve.',
  WellFormedRequests: 'what is malformed is refused before any rule is asked.',
  OwnEndpoints: 'without a TrafficSplit the Service’s own endpoints serve.',
  OutsideMesh: 'policy does not apply to a Service without pods in the mesh.',
  PlainTextRefused: 'plain text has no identity, so no TrafficTarget lets it in.',
  PolicyAudit: 'what no TrafficTarget opens is let through and counted while policy is audit.',
  PolicyAllowAll: 'TrafficTargets are not asked while policy is allow-all.',
  EgressDenied: 'calls that leave the mesh are denied while egress is deny.',
};
