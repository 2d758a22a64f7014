import type { KubeObject } from '../object.ts';
import { retryReasons } from '../schema/specs.ts';
import type { RouteRetries, ServiceProfile, ServiceProfileRoute, StatusRange } from '../types/specs-v1alpha4.ts';
import { readDuration } from './duration.ts';
import { parseMethods, parseRegex, unreadable } from './match-fields.ts';
import type { Reader } from './reader.ts';

/**
 * Reads a ServiceProfile (V6). A route whose `pathRegex` or `methods` can't be read is left out; a timeout, retries or
 * statuses that can't be read are left out of theirs.
 */
export function parseServiceProfile(root: Reader, object: KubeObject): ServiceProfile | undefined {
  const spec = root.field('spec');
  if (!spec.isObject()) return undefined;
  spec.knows(['routes']);
  const list = spec.field('routes');
  if (!list.present) list.report('InvalidField', 'routes is required; list the routes of the Service.');
  const names = new Set<string>();
  const routes: ServiceProfileRoute[] = [];
  for (const item of list.items()) {
    const route = parseRoute(item);
    if (route === undefined) continue;
    if (names.has(route.name)) {
      item.field('name').report('DuplicateMatchName', `Another route is called ${route.name}; give each its own name.`);
    }
    names.add(route.name);
    routes.push(route);
  }
  return {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'ServiceProfile',
    metadata: object.metadata,
    spec: { routes },
  };
}

function parseRoute(item: Reader): ServiceProfileRoute | undefined {
  if (!item.isObject()) return undefined;
  item.knows(['name', 'pathRegex', 'methods', 'timeout', 'retries', 'failureStatus']);
  const name = item.field('name').requiredString();
  const pathRegex = parseRegex(item.field('pathRegex'));
  const methods = parseMethods(item.field('methods'));
  const timeout = parseDuration(item.field('timeout'));
  const retries = parseRetries(item.field('retries'));
  const failureStatus = item
    .field('failureStatus')
    .items()
    .flatMap(range => parseRange(range) ?? []);
  if (name === undefined || pathRegex === unreadable || methods === unreadable) return undefined;
  return {
    name,
    ...(pathRegex !== undefined && { pathRegex }),
    ...(methods !== undefined && { methods }),
    ...(timeout !== undefined && { timeout }),
    ...(retries !== undefined && { retries }),
    ...(failureStatus.length > 0 && { failureStatus }),
  };
}

function parseDuration(reader: Reader): string | undefined {
  const text = reader.optionalString();
  if (text === undefined || readDuration(text) !== undefined) return text;
  return reader.report(
    'InvalidField',
    `${JSON.stringify(text)} is not a time of at most 24h; write 1.5s, 300ms or 1m30s.`,
  );
}

function parseRetries(reader: Reader): RouteRetries | undefined {
  if (!reader.present || !reader.isObject()) return undefined;
  reader.knows(['attempts', 'perTryTimeout', 'retryOn']);
  const attempts = parseWhole(reader.field('attempts'), 0, 10);
  const perTryTimeout = parseDuration(reader.field('perTryTimeout'));
  const retryOn = reader
    .field('retryOn')
    .items()
    .flatMap(item => parseRetryReason(item) ?? []);
  if (attempts === undefined) return undefined;
  return {
    attempts,
    ...(perTryTimeout !== undefined && { perTryTimeout }),
    ...(retryOn.length > 0 && { retryOn }),
  };
}

function parseRetryReason(reader: Reader): string | undefined {
  const reason = reader.requiredString();
  if (reason === undefined || retryReasons.includes(reason)) return reason;
  return reader.report('InvalidField', `${reason} is nothing to retry on; there are ${retryReasons.join(', ')}.`);
}

function parseRange(reader: Reader): StatusRange | undefined {
  if (!reader.isObject()) return undefined;
  reader.knows(['min', 'max']);
  const min = parseWhole(reader.field('min'), 100, 599);
  const max = parseWhole(reader.field('max'), 100, 599);
  if (min === undefined || max === undefined) return undefined;
  if (min <= max) return { min, max };
  return reader.field('max').report('InvalidField', `max is less than min; write the statuses from min to max.`);
}

function parseWhole(reader: Reader, min: number, max: number): number | undefined {
  const { value } = reader;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const written = value === undefined ? 'missing' : JSON.stringify(value);
  return reader.report('InvalidField', `A whole number from ${min} to ${max} is expected; it is ${written}.`);
}
