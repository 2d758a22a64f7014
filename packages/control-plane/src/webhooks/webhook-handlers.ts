import { webhookPaths } from '../install/webhook-configurations.ts';
import { type Admission, type AdmissionRequest, answerAdmission, readAdmission } from './admission-review.ts';
import { reviewConversion } from './conversion-review.ts';
import { type Injector, injectAdmission } from './inject-admission.ts';
import { type Judge, validateObject } from './validate-object.ts';
import type { ReviewHandler } from './webhook-server.ts';

/** The webhooks of a mesh by path. */
export function webhookHandlers(
  judge: Judge,
  injector: Injector,
): Readonly<Record<(typeof webhookPaths)[keyof typeof webhookPaths], ReviewHandler>> {
  return {
    [webhookPaths.conversion]: reviewConversion,
    [webhookPaths.validation]: admission(request => validateObject(request, judge)),
    [webhookPaths.injection]: admission(request => injectAdmission(request, injector)),
  };
}

function admission(decide: (request: AdmissionRequest) => Admission | Promise<Admission>): ReviewHandler {
  return async review => {
    const { uid, request } = readAdmission(review);
    return answerAdmission(uid, await decide(request));
  };
}
