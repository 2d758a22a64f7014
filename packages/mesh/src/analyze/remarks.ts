import type { ObjectRef } from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import type { MeshModel } from '../model/mesh-model.ts';
import type { Service } from '../model/service.ts';
import { profiledService } from '../model/service-name.ts';
import { servicesWithoutRoutes } from './services-without-routes.ts';

/** Messages that people and their tools look for in a controller's log: they never change. */
export type RemarkMessage =
  /** Objects of policy could not be had: no permission, or an API version that is not there. */
  | 'failed to list SMI policy'
  /** A TrafficSplit has no usable backend. */
  | 'no matching backends'
  /** A Service with an HTTP port of which no routes are known. */
  | 'no routes for service';

/** One of the messages, what it is about, and what to do. Plain data. */
export interface Remark {
  readonly message: RemarkMessage;
  /** Absent where a file could not be read at all. */
  readonly object?: ObjectRef;
  readonly file?: string;
  readonly line?: number;
  readonly hint: string;
}

/** What remarks are made from. */
export interface RemarkInputs {
  readonly model: MeshModel;
  readonly findings: readonly Finding[];
  /** The ServiceProfiles that there are, accepted or not. */
  readonly serviceProfiles: Iterable<Pick<ObjectRef, 'namespace' | 'name'>>;
}

/** What is to be remarked on now, each thing once. */
export function remarksOf({ model, findings, serviceProfiles }: RemarkInputs): Remark[] {
  const { clusterDomain } = model.settings;
  const profiled = new Set(
    [...serviceProfiles].flatMap(profile => {
      const service = profiledService(profile.name, clusterDomain);
      return service === undefined ? [] : [`${service.namespace}/${service.name}`];
    }),
  );
  const remarks = [
    ...findings.flatMap(fromFinding),
    ...servicesWithoutRoutes(model)
      .filter(({ key }) => !profiled.has(key))
      .map(service => withoutRoutes(service, clusterDomain)),
  ];
  return [...new Map(remarks.map(remark => [remarkKey(remark), remark])).values()];
}

/** Tells a remark from others: the message and what it is about. */
export function remarkKey({ message, object, file }: Remark): string {
  return `${message} ${object === undefined ? file : `${object.kind} ${object.namespace}/${object.name}`}`;
}

function fromFinding({ reason, object, file, line, message: hint }: Finding): Remark[] {
  const place = { ...(file !== undefined && { file }), ...(line !== undefined && { line }) };
  const about = { ...(object !== undefined && { object }), ...place, hint };
  if (reason === 'NoMatchingBackends') return [{ message: 'no matching backends', ...about }];
  // A file that can't be parsed names the place in it; one that can't be had has none.
  const cannotBeHad = reason === 'UnreadableFile' && line === undefined;
  return cannotBeHad || reason === 'UnsupportedVersion' ? [{ message: 'failed to list SMI policy', ...about }] : [];
}

function withoutRoutes({ namespace, name, key }: Service, clusterDomain: string): Remark {
  return {
    message: 'no routes for service',
    object: { apiVersion: 'v1', kind: 'Service', namespace, name },
    hint:
      `No HTTPRouteGroup speaks of ${key}, so callers get all of its paths or none. Name one in a TrafficTarget to its service account, ` +
      `or write a ServiceProfile ${name}.${namespace}.svc.${clusterDomain}.`,
  };
}
