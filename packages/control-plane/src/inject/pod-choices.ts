/** What a pod's annotations choose for its sidecar, over the settings of the mesh. Pure; annotations are checked before. */
import { interceptionRules } from '../sidecar/interception.ts';
import { ownPorts } from '../sidecar/own-listeners.ts';
import { type AnnotationName, type AnnotationTexts, itemsOf, textOf, yes } from './annotations.ts';
import type { InjectionSettings, LogLevel, SidecarResources } from './settings.ts';
import { sidecarUser } from './sidecar-container.ts';

/** The choices of one pod. */
export interface PodChoices {
  readonly image?: string;
  readonly logLevel?: LogLevel;
  readonly resources: SidecarResources;
  /** Whether anything leads to the sidecar. */
  readonly intercepted: boolean;
  /** Whether containers get the mesh's configuration. */
  readonly appConfig: boolean;
}

/** Reads them; `defaults` are the namespace's annotations. */
export function podChoices(texts: AnnotationTexts, defaults: AnnotationTexts, settings: InjectionSettings): PodChoices {
  const image = textOf(texts, 'image');
  const logLevel = textOf(texts, 'logLevel') as LogLevel | undefined;
  const appConfig = textOf(texts, 'appConfig') ?? textOf(defaults, 'appConfig');
  return {
    ...(image !== undefined && { image }),
    ...(logLevel !== undefined && { logLevel }),
    resources: resourcesOf(texts, settings.resources),
    intercepted: textOf(texts, 'interception') !== 'none',
    appConfig: appConfig !== undefined && yes.includes(appConfig),
  };
}

function resourcesOf(texts: AnnotationTexts, { requests, limits }: SidecarResources): SidecarResources {
  const chosen = (cpu: AnnotationName, memory: AnnotationName) => ({
    ...(textOf(texts, cpu) !== undefined && { cpu: textOf(texts, cpu) }),
    ...(textOf(texts, memory) !== undefined && { memory: textOf(texts, memory) }),
  });
  return {
    requests: { ...requests, ...chosen('cpuRequest', 'memoryRequest') },
    limits: { ...limits, ...chosen('cpuLimit', 'memoryLimit') },
  } as SidecarResources;
}

/** The kernel's rules for a pod: the same as on one machine, but that the sidecar is known by its user. */
export function podRules(
  texts: AnnotationTexts,
  settings: InjectionSettings,
  grpcProbePorts: readonly number[],
): ReturnType<typeof interceptionRules> {
  const ports = (which: AnnotationName): number[] => itemsOf(texts, which).map(Number);
  const { probes, ready, metrics } = ownPorts;
  return interceptionRules({
    sidecar: { uid: sidecarUser },
    dnsServers: settings.dnsServers ?? [],
    excludeInboundPorts: unique([
      probes,
      ready,
      metrics,
      ...grpcProbePorts,
      ...(settings.excludeInboundPorts ?? []),
      ...ports('excludeInboundPorts'),
    ]),
    excludeOutboundPorts: unique([...(settings.excludeOutboundPorts ?? []), ...ports('excludeOutboundPorts')]),
    excludeOutboundCidrs: unique([...(settings.excludeOutboundCidrs ?? []), ...itemsOf(texts, 'excludeOutboundCidrs')]),
    ...given({
      includeInboundPorts: ports('includeInboundPorts'),
      includeOutboundPorts: ports('includeOutboundPorts'),
      includeOutboundCidrs: itemsOf(texts, 'includeOutboundCidrs'),
    }),
  });
}

/** Lists in which something is. */
function given<Lists extends Readonly<Record<string, readonly unknown[]>>>(lists: Lists): Partial<Lists> {
  return Object.fromEntries(Object.entries(lists).filter(([, items]) => items.length > 0)) as Partial<Lists>;
}

function unique<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Set(items)];
}
