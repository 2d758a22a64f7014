import { type Document, isMap, isSeq, parseAllDocuments } from 'yaml';
import { localCommandAnnotation } from '../../../packages/control-plane/src/local/desired/pod-containers.ts';
import type { Scenario } from '../scenario.ts';
import { echoCommand } from './echo-command.ts';

type Path = readonly (string | number)[];

/**
 * The input of a scenario as the local mesh can run it: every object as it is written, and beside each image what is to run
 * in its place, with a probe that tells when it does.
 */
export function localManifests(scenario: Scenario): string {
  const documents: readonly Document[] = [...parseAllDocuments(scenario.input)];
  return documents.map(document => localDocument(document, scenario)).join('---\n');
}

function localDocument(document: Document, scenario: Scenario): string {
  // What can't be read is part of the story.
  if (document.errors.length > 0) return scenario.input.slice(document.range?.[0], document.range?.[2]);
  for (const object of objectsIn(document)) {
    const pod = podIn(document, object);
    if (pod !== undefined) runEcho(document, { object, pod }, scenario);
  }
  return String(document);
}

function objectsIn(document: Document): Path[] {
  const items = document.getIn(['items']);
  return isSeq(items) ? items.items.map((_, index) => ['items', index]) : [[]];
}

const templated = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job']);

/** Where an object describes a pod; undefined where it doesn't. */
function podIn(document: Document, object: Path): Path | undefined {
  const kind = document.getIn([...object, 'kind']);
  const pod = kind === 'Pod' ? object : templated.has(String(kind)) ? [...object, 'spec', 'template'] : undefined;
  return pod !== undefined && isSeq(document.getIn([...pod, 'spec', 'containers'])) ? pod : undefined;
}

/** The first container answers; the others run and do nothing. */
function runEcho(document: Document, at: { readonly object: Path; readonly pod: Path }, scenario: Scenario): void {
  const workload = String(document.getIn([...at.object, 'metadata', 'name']));
  const containers = [...at.pod, 'spec', 'containers'];
  const { command, ports } = echoCommand(workload, scenario);
  const list = document.getIn(containers);
  for (const index of isSeq(list) ? list.items.keys() : []) {
    const name = String(document.getIn([...containers, index, 'name']));
    const annotation = [...at.pod, 'metadata', 'annotations', `${localCommandAnnotation}.${name}`];
    document.setIn(annotation, JSON.stringify(index === 0 ? command : ['sleep', 'infinity']));
  }
  const probe = [...containers, 0, 'readinessProbe'];
  if (!isMap(document.getIn(probe))) document.setIn(probe, document.createNode({ tcpSocket: { port: ports[0] } }));
}
