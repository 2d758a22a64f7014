import { type Finding, findingAt } from '../findings/finding.ts';
import { originOf } from '../model/origin.ts';
import type { Protocol } from '../model/service.ts';
import { readServiceName } from '../model/service-name.ts';
import type { SplitBackend } from '../model/split.ts';
import type { ServiceSpec } from '../store/kubernetes/service.ts';
import type { Resource } from '../store/resource-set.ts';
import { protocolOf } from './protocol.ts';
import type { Scope } from './scope.ts';
import type { Split } from './split-roots.ts';

/** The Services that a split's backends name, in written order; `undefined` where its namespace has none (S5). */
export function namedServices(split: Split, scope: Scope): readonly (Resource<ServiceSpec> | undefined)[] {
  return split.value.spec.backends.map(({ service }) => {
    const name = ownName(service, scope);
    return name === undefined ? undefined : scope.resources.services.get(name);
  });
}

/** `undefined` for a host outside and for a Service of another namespace: a backend is of the split's own. */
function ownName(written: string, { namespace, settings }: Scope): string | undefined {
  const name = readServiceName(written, namespace, settings.clusterDomain);
  return name.kind === 'service' && name.namespace === namespace ? name.name : undefined;
}

/** Looks up the backends of a split on a root: those that exist, each once, and what is to be said of all (S5, S8, S9). */
export function readBackends(
  split: Split,
  root: string,
  scope: Scope,
): { backends: readonly SplitBackend[]; findings: readonly Finding[] } {
  const { namespace } = scope;
  const backends = new Map<string, SplitBackend>();
  const findings: Finding[] = [];
  const services = namedServices(split, scope);
  for (const [index, { service: written, weight }] of split.value.spec.backends.entries()) {
    const service = services[index];
    const path = ['spec', 'backends', index, 'service'];
    const say = (reason: 'BackendNotFound' | 'DuplicateBackend' | 'SelfReferentialBackend', message: string) =>
      findings.push(findingAt(reason, split.source, path, message));
    if (written === '') continue; // The parser has said so already.
    if (service === undefined) {
      const message =
        ownName(written, scope) === undefined
          ? `${written} is no Service of ${namespace}, as a backend must be; its share goes to the other backends. Name one.`
          : `There is no Service ${written} in ${namespace}; its share goes to the other backends. Create it or mend the name.`;
      say('BackendNotFound', message);
      continue;
    }
    const key = `${namespace}/${service.ref.name}`;
    const known = backends.get(key);
    if (known !== undefined) say('DuplicateBackend', `${written} is named twice; the weights add up. Merge the two.`);
    else if (key === root)
      say('SelfReferentialBackend', `${written} is the root itself: this share goes to its own endpoints.`);
    const origin = known?.origin ?? originOf(split.source, path);
    backends.set(key, { service: key, weight: (known?.weight ?? 0) + weight, origin });
  }
  return { backends: [...backends.values()], findings };
}

/** What keeps a backend from its share on a port of the root, or from a part of it. */
export interface Objection {
  readonly reason: 'BackendPortMismatch' | 'ProtocolConflict';
  /** Whether it is left out on that port. */
  readonly leftOut: boolean;
  readonly message: string;
}

/** A port of a root, as its backends must have it. */
export interface RootPort {
  readonly number: number;
  readonly protocol: Protocol;
}

/**
 * Whether a backend can serve a port of the root: it needs a port of that number (S6), which takes what is sent to the
 * root. A port of bytes takes no requests and one of requests no bytes, so it is left out; where the root's protocol is
 * found out per connection, it stays for those that it takes.
 */
export function objectionTo(
  { service: key }: SplitBackend,
  root: string,
  { number, protocol }: RootPort,
  { resources }: Scope,
): Objection | undefined {
  const ports = resources.services.get(key.slice(key.indexOf('/') + 1))?.value.ports ?? [];
  const port = ports.find(candidate => candidate.number === number && candidate.transport === 'TCP');
  if (port === undefined) {
    const message = `Service ${key} has no port ${number}, which ${root} has; it is left out there. Give it that port.`;
    return { reason: 'BackendPortMismatch', leftOut: true, message };
  }
  const own = protocolOf(port).protocol;
  if (own === protocol || own === 'detect') return undefined;
  const leftOut = protocol !== 'detect';
  const message = leftOut
    ? `Port ${number} of ${key} speaks ${spoken(own)}, that of ${root} speaks ${spoken(protocol)}; it is left out there. Give both ports the same appProtocol.`
    : `Port ${number} of ${key} speaks ${spoken(own)} only, and what ${root} speaks is found out per connection: its share of the rest is lost. Give both ports the same appProtocol.`;
  return { reason: leftOut ? 'BackendPortMismatch' : 'ProtocolConflict', leftOut, message };
}

function spoken(protocol: Protocol): string {
  return protocol === 'http' ? 'HTTP' : 'TCP';
}
