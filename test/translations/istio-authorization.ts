import type { Manifest } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { field, objectsOf, type Place, type Request, selects, type Visit } from './objects.ts';

interface Operation {
  readonly ports?: readonly string[];
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly notPaths?: readonly string[];
  readonly hosts?: readonly string[];
}

interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

interface Rule {
  readonly from: readonly { readonly source: { readonly principals: readonly string[] } }[];
  readonly to: readonly { readonly operation: Operation }[];
  readonly when?: readonly Condition[];
}

/**
 * Whether Istio lets a visit in, as its documentation has it: where a policy of ALLOW selects the pod, any rule of any of
 * them must match; dry runs decide nothing; for bare bytes a rule that asks for what only HTTP has is void.
 */
export function istioAllows(manifests: readonly Manifest[], place: Place, visit: Visit): boolean {
  const policies = objectsOf(manifests, 'AuthorizationPolicy', place.namespace).filter(
    policy =>
      selects(field(policy, 'spec', 'selector', 'matchLabels'), place.labels) &&
      policy.metadata.annotations?.['istio.io/dry-run'] !== 'true',
  );
  return policies.length === 0 || policies.some(policy => rulesOf(policy).some(rule => matches(rule, place, visit)));
}

function rulesOf(policy: KubeObject): readonly Rule[] {
  return field<readonly Rule[]>(policy, 'spec', 'rules') ?? [];
}

function matches({ from, to, when = [] }: Rule, place: Place, visit: Visit): boolean {
  const { request } = visit;
  const principal = `${visit.trustDomain}/ns/${visit.namespace}/sa/${visit.serviceAccount}`;
  if (!from.some(({ source }) => source.principals.some(wanted => fits(wanted, principal)))) return false;
  if (request === undefined && (when.length > 0 || to.some(({ operation }) => isHttp(operation)))) return false;
  return (
    to.some(({ operation }) => covers(operation, place.port, request)) &&
    (request === undefined || when.every(condition => holds(condition, request)))
  );
}

function isHttp({ methods, paths, notPaths, hosts }: Operation): boolean {
  return [methods, paths, notPaths, hosts].some(values => values !== undefined);
}

function covers({ ports, methods, paths, notPaths, hosts }: Operation, port: number, request?: Request): boolean {
  if (ports?.includes(String(port)) === false) return false;
  if (request === undefined) return true;
  const host = request.headers.get('host') ?? '';
  return (
    methods?.some(wanted => fits(wanted, request.method)) !== false &&
    paths?.some(wanted => fitsPath(wanted, request.path)) !== false &&
    notPaths?.some(wanted => fitsPath(wanted, request.path)) !== true &&
    hosts?.some(wanted => fits(wanted.toLowerCase(), host.toLowerCase())) !== false
  );
}

function holds({ key, values, notValues }: Condition, { headers }: Request): boolean {
  const name = /^request\.headers\[(.+)\]$/.exec(key)?.[1] ?? '';
  const value = headers.get(name);
  const has = (wanted: string) => value !== undefined && (wanted === '*' || fits(wanted, value));
  return values?.some(has) !== false && notValues?.some(has) !== true;
}

function fits(wanted: string, value: string): boolean {
  if (wanted === '*') return value !== '';
  if (wanted.startsWith('*')) return value.endsWith(wanted.slice(1));
  return wanted.endsWith('*') ? value.startsWith(wanted.slice(0, -1)) : value === wanted;
}

const segment = String.raw`[-\w.~!$&'()+,;:@=%]`;

function fitsPath(wanted: string, path: string): boolean {
  if (!wanted.includes('{*}') && !wanted.includes('{**}')) return fits(wanted, path);
  const source = wanted
    .split(/(\{\*\*?\})/)
    .map(part =>
      part === '{*}'
        ? `${segment}+`
        : part === '{**}'
          ? `(?:${segment}|/)*`
          : part.replaceAll(/[.*+?^$()|[\]{}]/g, String.raw`\$&`),
    )
    .join('');
  return new RegExp(`^${source}$`).test(path);
}
