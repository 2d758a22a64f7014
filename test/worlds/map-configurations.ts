import type { EnvoyOutput, SidecarConfiguration } from '@heddle/mesh';

/** The same workloads with what is made of the configuration of each. */
export function mapConfigurations(
  { sidecars }: EnvoyOutput,
  make: (configuration: SidecarConfiguration) => SidecarConfiguration,
): EnvoyOutput {
  const made = Array.from(sidecars, ([namespace, all]) => {
    const own = Array.from(all, ([name, one]) => [name, make(one)] as const);
    return [namespace, new Map(own)] as const;
  });
  return { sidecars: new Map(made) };
}
