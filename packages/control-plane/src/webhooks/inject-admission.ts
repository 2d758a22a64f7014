/** The mutating webhook: a pod that is to be created in, the steps that put it into the mesh out. Nothing is written anywhere. */
import { injectPod } from '../inject/inject-pod.ts';
import type { NamespaceMarks } from '../inject/pod-to-inject.ts';
import type { InjectionSettings } from '../inject/settings.ts';
import { recordOf } from '../sources/record.ts';
import type { Admission, AdmissionRequest } from './admission-review.ts';
import { jsonPatch } from './json-patch.ts';

/** What it takes to decide. */
export interface Injector {
  readonly settings: () => InjectionSettings;
  /** The labels and annotations of a namespace, as they are now. */
  readonly namespace: (name: string) => Promise<NamespaceMarks>;
}

/** Decides on one request. A rejection of `namespace` is passed on: `failurePolicy` says what then becomes of the pod. */
export async function injectAdmission(request: AdmissionRequest, injector: Injector): Promise<Admission> {
  const { object, operation } = request;
  const { metadata = {}, kind } = object;
  if (operation !== 'CREATE' || (kind !== undefined && kind !== 'Pod')) return {};
  const pod = { metadata: recordOf(metadata), spec: recordOf(object['spec']) };
  const namespace = request.namespace === '' ? 'default' : request.namespace;
  const settings = injector.settings();
  const where = { namespace, marks: await injector.namespace(namespace) };
  const injection = injectPod(pod, where, settings);
  if (injection.kind === 'injected') return { patch: jsonPatch(object, { ...object, ...injection.pod }) };
  if (injection.kind === 'refused') {
    const message = injection.problems.join('\n');
    const causes = injection.problems.map(problem => ({ reason: 'FieldValueInvalid', message: problem }));
    return { refusal: { code: 422, reason: 'Invalid', message, causes } };
  }
  return injection.isWorthSaying ? { warnings: [`No sidecar was added to the pod: ${injection.why}.`] } : {};
}
