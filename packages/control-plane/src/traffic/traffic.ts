import { type Call, readServiceName } from '@heddle/mesh';
import { type FieldPath, refOf, type SourceObject } from '@heddle/smi';
import { readDestination } from './destination.ts';
import { Field, type TrafficProblem } from './field.ts';

export type { TrafficProblem } from './field.ts';

/** How a call ends: it gets through, policy or the protocol refuses it, or nothing is there to answer. */
export type TrafficVerdict = 'allow' | 'deny' | 'unreachable';

/** What a call is expected to see; what is absent is not judged. */
export interface Expectation {
  readonly verdict: TrafficVerdict;
  readonly status?: number;
  /** Whether policy would deny what it lets through, since it is not enforced (I3). */
  readonly wouldDeny?: boolean;
  /** Name of a route of a ServiceProfile. */
  readonly route?: string;
  /** Share of the calls, 0 to 1, by `namespace/name` of the Service that answers. Others are not judged. */
  readonly shares?: ReadonlyMap<string, number>;
}

/** One call that a Traffic object describes. */
export interface TrafficCall {
  readonly name: string;
  readonly call: Call;
  /** How often it is made. */
  readonly times: number;
  readonly expect: Expectation;
  readonly source: SourceObject;
  /** Its place in the object. */
  readonly path: FieldPath;
}

/** A Traffic object, read; with problems, calls are incomplete and must not be used. */
export interface Traffic {
  readonly name: string;
  readonly source: SourceObject;
  readonly calls: readonly TrafficCall[];
  readonly problems: readonly TrafficProblem[];
}

/**
 * Reads an object of kind Traffic: `calls`, each with `from` (`NAMESPACE/SERVICEACCOUNT[/POD]`), `to` (`SERVICE[.NAMESPACE]:PORT`, H1),
 * `protocol` (`http` unless given, `grpc`, `tcp`), `method` (GET), `path` (/), `headers` (a map; a list of values repeats a
 * header), `times` (1) and `expect`. Never throws. Reading is strict: a misspelt expectation would pass silently.
 */
export function readTraffic(source: SourceObject, clusterDomain: string): Traffic {
  const problems: TrafficProblem[] = [];
  const root = new Field(source.object, [], problems);
  const { apiVersion, calls } = root.fields(['apiVersion', 'kind', 'metadata', 'calls']);
  if (apiVersion.value !== 'heddle.dev/v1alpha1') {
    apiVersion.report(`Traffic is read in heddle.dev/v1alpha1, not in ${String(apiVersion.value)}.`);
  }
  const items = calls.items();
  if (items.length === 0 && problems.length === 0) calls.report('calls is missing or empty; list the calls to make.');
  return {
    name: refOf(source.object).name,
    source,
    calls: items.map(item => readCall(item, source, clusterDomain)),
    problems,
  };
}

function readCall(item: Field, source: SourceObject, clusterDomain: string): TrafficCall {
  const fields = item.fields(['name', 'from', 'to', 'protocol', 'method', 'path', 'headers', 'times', 'expect']);
  const from = readCaller(fields.from);
  const to = readTarget(fields.to, from.namespace, clusterDomain);
  const call: Call = {
    from,
    to,
    protocol: fields.protocol.word(['http', 'grpc', 'tcp'], 'http'),
    method: fields.method.text('GET'),
    path: fields.path.text('/'),
    headers: readHeaders(fields.headers),
  };
  return {
    name: fields.name.text(`${from.namespace}/${from.serviceAccount} to ${String(fields.to.value)}`),
    call,
    times: fields.times.present ? fields.times.number({ least: 1, most: 1_000_000, whole: true }) : 1,
    expect: readExpectation(fields.expect, to.namespace, clusterDomain),
    source,
    path: item.path,
  };
}

function readCaller(field: Field): Call['from'] {
  const text = field.text();
  const [namespace = '', serviceAccount = '', pod, ...rest] = text.split('/');
  if (text !== '' && (namespace === '' || serviceAccount === '' || pod === '' || rest.length > 0)) {
    field.report(
      `from is written as NAMESPACE/SERVICEACCOUNT or NAMESPACE/SERVICEACCOUNT/POD, not ${JSON.stringify(text)}.`,
    );
  }
  return { namespace, serviceAccount, ...(pod !== undefined && { pod }) };
}

function readTarget(field: Field, namespace: string, clusterDomain: string): Call['to'] {
  const nowhere = { namespace, service: '', port: 0 };
  const text = field.text();
  if (text === '') return nowhere;
  const destination = readDestination(text, namespace, clusterDomain);
  if ('problem' in destination) {
    field.report(`${JSON.stringify(text)} is not a destination: ${destination.problem}.`);
    return nowhere;
  }
  const { port } = destination;
  if (port === undefined) field.report(`to needs a port: write ${text}:PORT.`);
  return { ...destination, port: port ?? 0 };
}

function readHeaders(field: Field): Call['headers'] {
  return field.entries().flatMap(([name, values]) => {
    const texts = Array.isArray(values.value) ? values.items() : [values];
    return texts.map(text => [name, text.value === '' ? '' : text.text()] as const);
  });
}

function readExpectation(field: Field, namespace: string, clusterDomain: string): Expectation {
  if (!field.present) field.report('expect is missing: say what the call should see.');
  const { verdict, status, wouldDeny, route, shares } = field.fields([
    'verdict',
    'status',
    'wouldDeny',
    'route',
    'shares',
  ]);
  return {
    verdict: field.present ? verdict.word(['allow', 'deny', 'unreachable']) : 'allow',
    ...(status.present && { status: status.number({ least: 100, most: 599, whole: true }) }),
    ...(wouldDeny.present && { wouldDeny: wouldDeny.flag() }),
    ...(route.present && { route: route.text() }),
    ...(shares.present && { shares: readShares(shares, namespace, clusterDomain) }),
  };
}

/** Names without a namespace are of the one that is called. */
function readShares(field: Field, namespace: string, clusterDomain: string): ReadonlyMap<string, number> {
  return new Map(
    field.entries().map(([written, share]) => {
      const named = readServiceName(written, namespace, clusterDomain);
      const key = named.kind === 'service' ? `${named.namespace}/${named.name}` : named.host;
      return [key, share.number({ least: 0, most: 1, whole: false })];
    }),
  );
}
