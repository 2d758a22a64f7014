import type { FieldPath, TrafficTarget } from '@heddle/smi';
import { spiffeId } from '../model/mesh-model.ts';
import { originOf, type ResourceOrigin } from '../model/origin.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { Principal } from '../model/workload.ts';
import type { Resource } from '../store/resource-set.ts';
import type { Binding } from './bindings.ts';
import type { Scope } from './scope.ts';
import type { TargetRemarks } from './target-remarks.ts';

/** Whom the sources of a target stand for (T11); what stands for nobody is remarked on. */
export function principalsOf(target: Resource<TrafficTarget>, scope: Scope, remarks: TargetRemarks): Principal[] {
  return target.value.spec.sources.flatMap((source, index): Principal[] => {
    const { kind, name } = source;
    const namespace = source.namespace ?? scope.namespace;
    const path = ['spec', 'sources', index];
    if (kind === 'ServiceAccount') return [accountPrincipal({ namespace, name }, originOf(target.source, path), scope)];
    if (kind !== 'IdentityBinding') {
      remarks.gap(path, kind === '' ? 'it can’t be read' : `${kind} ${name} stands for nobody here`);
      return [];
    }
    const binding = bindingOf(source, target, scope);
    if (binding === undefined) {
      sayNoBinding({ path: [...path, 'name'], name, namespace }, remarks);
      return [];
    }
    return boundPrincipals(binding, originOf(target.source, path), { scope, remarks });
  });
}

/**
 * Whom a binding stands for: the account of its own namespace, SPIFFE IDs, which may be anybody's, and the accounts of the
 * pods that its labels pick, each from the addresses of exactly those pods (T11).
 */
function boundPrincipals(
  { resource: { ref, source, value }, selected }: Binding,
  origin: ResourceOrigin,
  { scope, remarks }: { readonly scope: Scope; readonly remarks: TargetRemarks },
): Principal[] {
  const { serviceAccount, spiffeIdentities = [], podLabelSelector } = value.spec.schemes;
  if (podLabelSelector !== undefined && selected.length === 0) {
    const why = `no pod of ${ref.namespace} that is in the mesh has the labels of IdentityBinding ${ref.name}`;
    remarks.miss('IdentityNotFound', origin.path, why, '; it stands for those that do as soon as there are any.');
  }
  const { namespace } = ref;
  const principals = [
    ...(serviceAccount === undefined ? [] : [accountPrincipal({ namespace, name: serviceAccount }, origin, scope)]),
    ...spiffeIdentities.map(id => spiffePrincipal(id, origin, scope)),
    ...selected.map(({ serviceAccount: name, addresses }) => ({
      ...accountPrincipal({ namespace, name }, origin, scope),
      addresses,
    })),
  ];
  return principals.map(principal => ({ ...principal, binding: originOf(source, ['spec', 'schemes']) }));
}

function accountPrincipal(
  serviceAccount: { readonly namespace: string; readonly name: string },
  origin: ResourceOrigin,
  { settings }: Scope,
): Principal {
  return {
    identity: spiffeId(settings.trustDomain, serviceAccount.namespace, serviceAccount.name),
    serviceAccount,
    origin,
  };
}

function spiffePrincipal(written: string, origin: ResourceOrigin, { settings }: Scope): Principal {
  const serviceAccount = accountOf(written, settings);
  return { identity: withScheme(written), ...(serviceAccount !== undefined && { serviceAccount }), origin };
}

/** The service account that a SPIFFE ID names, with or without its scheme; `undefined` for one that is not of the mesh. */
export function accountOf(
  written: string,
  { trustDomain }: MeshSettings,
): { readonly namespace: string; readonly name: string } | undefined {
  const [, domain, namespace, name] = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(withScheme(written)) ?? [];
  return domain === trustDomain && namespace !== undefined && name !== undefined ? { namespace, name } : undefined;
}

function withScheme(written: string): string {
  return written.startsWith('spiffe://') ? written : `spiffe://${written}`;
}

/** The binding that a source or destination names; a missing namespace is the target's own (T3). */
export function bindingOf(
  { kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace?: string },
  { ref }: Resource<TrafficTarget>,
  { bindings }: Scope,
): Binding | undefined {
  return kind === 'IdentityBinding' ? bindings.get(`${namespace ?? ref.namespace}/${name}`) : undefined;
}

/** Remarks on a binding that is not there. */
export function sayNoBinding(
  { path, name, namespace }: { readonly path: FieldPath; readonly name: string; readonly namespace: string },
  remarks: TargetRemarks,
): void {
  const why = `there is no IdentityBinding ${name} in ${namespace}`;
  remarks.miss('IdentityNotFound', path, why, '; it stands for nobody. Create it or mend the name.');
}
