import { readFile } from 'node:fs/promises';
import { type Finding, heldObjects, remarksOf, type Verdict } from '@heddle/mesh';
import { readStatus } from '../../api/client.ts';
import type { DiagnosedObject, Evidence, PodHandshakes } from '../../api/diagnosis.ts';
import { readHandshakes } from '../../api/handshakes.ts';
import type { SidecarStatus } from '../../api/mesh-status.ts';
import { objectStatuses } from '../../api/object-status.ts';
import { Transitions } from '../../api/transitions.ts';
import type { LiveRun } from '../../local/host/run-directory.ts';
import { controllerSocket } from '../../local/host/run-layout.ts';
import { sidecarLogPath } from '../../local/node/log-file.ts';
import { fromHere } from '../output/show-findings.ts';
import type { LoadedMesh } from './load-mesh.ts';

/** What of a mesh a diagnosis is about: a call, hence what the namespace of its destination says; absent: everything. */
export interface DiagnosedCall {
  readonly verdict: Verdict;
  readonly namespace: string;
}

/** Milliseconds that a controller that is being started again may take. */
const patience = 5000;

/** What manifests tell. */
export function evidenceOf({ set, model, findings }: LoadedMesh, call?: DiagnosedCall): Evidence {
  const held = [...heldObjects(set)];
  const objects = objectStatuses(held, { findings, progress: new Map() }, new Transitions(() => new Date()));
  const serviceProfiles = objects.filter(({ kind }) => kind === 'ServiceProfile');
  return about(call, { objects, findings, remarks: remarksOf({ model, findings, serviceProfiles }) });
}

/** What the controller of a run, and the logs of its sidecars, tell. */
export async function runningEvidence({ directory }: LiveRun, call?: DiagnosedCall): Promise<Evidence> {
  const status = await readStatus(controllerSocket(directory), patience);
  const { objects, findings, remarks, sidecars, failing } = status;
  const handshakes = await Promise.all(sidecars.map(sidecar => handshakesOf(directory, sidecar)));
  return about(call, {
    objects,
    findings: findings.map(fromHere),
    remarks,
    running: { sidecars, failing, handshakes },
  });
}

async function handshakesOf(directory: string, { namespace, pod }: SidecarStatus): Promise<PodHandshakes> {
  const file = sidecarLogPath(directory, { namespace, name: pod });
  const log = await readFile(file, 'utf8').catch(() => ''); // a sidecar that has said nothing has no log
  return { namespace, pod, failed: readHandshakes(log) };
}

/** The part that a call depends on; what can't be read at all may concern it. */
function about(call: DiagnosedCall | undefined, evidence: Evidence): Evidence {
  if (call === undefined) return evidence;
  const { objects, findings, remarks, running } = evidence;
  const isThere = ({ object }: { readonly object?: Finding['object'] }): boolean =>
    object === undefined || object.namespace === call.namespace;
  return {
    objects: objects.filter((object: DiagnosedObject) => object.namespace === call.namespace),
    findings: findings.filter(isThere),
    remarks: remarks.filter(isThere),
    verdict: call.verdict,
    ...(running !== undefined && { running }),
  };
}
