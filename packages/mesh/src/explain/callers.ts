import type { Modes } from '../model/modes.ts';
import type { Journey } from './journey.ts';
import { DependsOnPod } from './verdict.ts';

/** Whether the caller may leave the mesh, as its own sidecar has it (H4). Throws `DependsOnPod` where its workloads differ. */
export function egressOf({ model, call: { from } }: Journey): Modes['egress'] {
  const namespace = model.namespaces.get(from.namespace);
  const workloads = [...(namespace?.workloads.values() ?? [])].filter(
    ({ serviceAccount }) => serviceAccount === from.serviceAccount,
  );
  const [first, ...others] = workloads.map(({ modes }) => modes.egress);
  if (others.some(egress => egress !== first)) {
    const account = `${from.namespace}/${from.serviceAccount}`;
    throw new DependsOnPod(
      `The answer depends on the pod of ${account} that calls: some may leave the mesh, some may not.`,
    );
  }
  return first ?? namespace?.modes.egress ?? model.settings.egress;
}
