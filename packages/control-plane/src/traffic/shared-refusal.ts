/** Calls that a split shares among backends of which not all refuse. Pure. */
import { type Call, DependsOnPod, decide, type MeshModel } from '@heddle/mesh';
import type { Expectation } from './traffic.ts';

/** How improbable it must be that repeated calls never meet the backend that refuses. */
const improbable = 1e-9;

const mostTimes = 2000;

/**
 * How often to make a call that is expected to be refused: one backend of several that refuses is enough for that verdict
 * (S13), so that single calls may get through. Often enough to meet the backend with the least share (2,000 times at most);
 * undefined where every call ends alike.
 */
export function timesToMeetRefusal(call: Call, expect: Expectation, model: MeshModel): number | undefined {
  if (expect.verdict === 'allow') return undefined;
  const shares = sharesOf(call, model).filter(share => share > 0);
  if (shares.length < 2) return undefined;
  return Math.min(mostTimes, Math.ceil(Math.log(improbable) / Math.log(1 - Math.min(...shares))));
}

function sharesOf(call: Call, model: MeshModel): readonly number[] {
  try {
    return decide(model, call).backends.map(({ share }) => share);
  } catch (error) {
    if (error instanceof DependsOnPod) return [];
    throw error;
  }
}
