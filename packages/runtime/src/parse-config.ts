// In: the text of the file. Out: the configuration, typed, with the file's defaults filled in, or all that is wrong with it.
import { parseDocument } from 'yaml';
import {
  type Mode,
  type RetryCondition,
  type RetryOn,
  type RetryPolicy,
  type Route,
  type RuntimeConfig,
  retryConditions,
  type WeightedService,
} from './config.ts';
import type { ConfigProblem } from './config-error.ts';
import { Field } from './field.ts';
import { compilePathPattern } from './path-pattern.ts';

/** A configuration, or every reason why a text is none. */
export type ParsedConfig = { readonly config: RuntimeConfig } | { readonly problems: readonly ConfigProblem[] };

/** What is repeated where a policy names no kinds of failures. */
const defaultRetryOn: readonly RetryOn[] = ['gateway-error', 'connect-failure', 'reset'];

/**
 * Reads the file that the mesh hands to applications (version 1). Never throws. Fields that it does not know are passed over, so
 * that a control plane may say more to newer applications; a field that it knows must be right.
 */
export function parseConfig(text: string): ParsedConfig {
  const problems: ConfigProblem[] = [];
  const file = new Field(contentOf(text, problems), '', problems);
  if (problems.length > 0 || !file.expectMapping()) return { problems };
  const version = file.get('version');
  // What another version means is not known: nothing else is said about it.
  if (version.value !== 1) version.wrong(`must be 1, not ${JSON.stringify(version.value) ?? 'absent'}`);
  if (problems.length > 0) return { problems };
  const identity = readIdentity(file.get('identity'));
  const mode = readMode(file.get('mode'));
  const sidecar = file.get('sidecar').flag();
  const timeout = readTimeout(file.get('timeout'));
  const retries = readRetries(file.get('retries'));
  const config: RuntimeConfig = {
    version: 1,
    identity,
    mode,
    sidecar,
    timeout,
    retries,
    routes: file
      .get('routes')
      .items()
      .flatMap(route => readRoute(route, { timeout, retries })),
  };
  return problems.length > 0 ? { problems } : { config };
}

function contentOf(text: string, problems: ConfigProblem[]): unknown {
  const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' });
  for (const { message, linePos } of document.errors) {
    const line = linePos?.[0].line;
    const [sentence = message] = message.split('\n');
    problems.push({
      field: '',
      message: line === undefined ? sentence : `line ${line}: ${sentence.split(' at line ')[0]}`,
    });
  }
  if (problems.length > 0) return undefined;
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    problems.push({ field: '', message: cause instanceof Error ? cause.message : String(cause) });
    return undefined;
  }
}

function readIdentity(field: Field): string {
  const identity = field.text();
  if (identity !== '' && !/^spiffe:\/\/[^/]+\/./.test(identity)) field.wrong('must be a SPIFFE ID: spiffe://…');
  return identity;
}

function readMode(field: Field): Mode {
  if (!field.expectMapping()) return { mtls: 'strict', policy: 'enforce' };
  return {
    mtls: field.get('mtls').oneOf(['strict', 'permissive']),
    policy: field.get('policy').oneOf(['enforce', 'audit', 'allow-all']),
  };
}

/** Zero switches a timeout off, as it does in Envoy. */
function readTimeout(field: Field): number | undefined {
  return field.duration() || undefined;
}

function readRetries(field: Field): RetryPolicy | undefined {
  if (field.isAbsent || !field.expectMapping()) return undefined;
  const retryOn = field.get('retryOn');
  const policy: RetryPolicy = {
    attempts: field.get('attempts').amount('whole'),
    perTryTimeout: readTimeout(field.get('perTryTimeout')),
    retryOn: retryOn.isAbsent ? defaultRetryOn : retryOn.items().flatMap(item => readRetryOn(item) ?? []),
  };
  return policy.attempts === 0 ? undefined : policy;
}

function readRetryOn(field: Field): RetryOn | undefined {
  const status = /^[1-5]\d\d$/.test(String(field.value)) ? Number(field.value) : undefined;
  if (status !== undefined) return status;
  if (isRetryCondition(field.value)) return field.value;
  return field.wrong(`must be a status or one of ${retryConditions.join(', ')}, not ${JSON.stringify(field.value)}`);
}

function isRetryCondition(value: unknown): value is RetryCondition {
  return retryConditions.some(condition => condition === value);
}

function readRoute(field: Field, defaults: Pick<Route, 'timeout' | 'retries'>): Route | [] {
  if (!field.expectMapping()) return [];
  const timeout = field.get('timeout');
  const retries = field.get('retries');
  return {
    name: field.get('name').text(),
    service: field.get('service').text(),
    pathRegex: readPathRegex(field.get('pathRegex')),
    methods: readMethods(field.get('methods')),
    timeout: timeout.isAbsent ? defaults.timeout : readTimeout(timeout),
    retries: retries.isAbsent ? defaults.retries : readRetries(retries),
    split: field.get('split').items().flatMap(readBackend),
  };
}

function readPathRegex(field: Field): string | undefined {
  if (field.isAbsent || field.value === '') return undefined;
  const pattern = field.text();
  const compiled = compilePathPattern(pattern);
  if ('error' in compiled) field.wrong(compiled.error);
  return pattern;
}

/** `*` among them means all, as in SMI. */
function readMethods(field: Field): readonly string[] {
  const methods = field.items().map(item => {
    const method = item.text();
    if (method !== '' && !/^[!#$%&'*+\-.^_`|~\w]+$/.test(method)) item.wrong('must be a method of HTTP');
    return method;
  });
  return methods.includes('*') ? [] : methods;
}

function readBackend(field: Field): WeightedService | [] {
  if (!field.expectMapping()) return [];
  return { service: field.get('service').text(), weight: field.get('weight').amount('any') };
}
