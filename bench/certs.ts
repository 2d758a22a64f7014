import { generateKeyPairSync, sign } from 'node:crypto';
import { CertificateAuthority } from '../packages/control-plane/src/identity/ca.ts';

/** How fast certificates are issued, on one core. */
export interface CertsResult {
  readonly certificates: number;
  /** Key pair, certificate and signature. */
  readonly perSecond: number;
  /** A key pair and a signature without a certificate around them: what can't be had for less. */
  readonly floorPerSecond: number;
  /** The first against the second. */
  readonly ratio: number;
}

/** Issues certificates of as many identities, and makes as many keys and signatures alone, by turns. */
export function benchCerts(certificates = 4000): CertsResult {
  const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now: () => new Date() });
  const { privateKey: signer } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = Buffer.alloc(512);
  const floor = (): void => {
    generateKeyPairSync('ec', { namedCurve: 'P-256' });
    sign('sha256', text, signer);
  };
  const issue = (n: number): void => void authority.issue({ namespace: 'bench', serviceAccount: `a${n}` });
  const spent = { floor: 0, issue: 0 };
  const turn = 100;
  for (let n = 0; n < certificates + turn; n += turn) {
    const [floorMs, issueMs] = [cpuOf(turn, floor), cpuOf(turn, index => issue(n + index))];
    // The first turn warms up.
    if (n === 0) continue;
    spent.floor += floorMs;
    spent.issue += issueMs;
  }
  const perSecond = (certificates / spent.issue) * 1000;
  const floorPerSecond = (certificates / spent.floor) * 1000;
  return { certificates, perSecond, floorPerSecond, ratio: perSecond / floorPerSecond };
}

/** Milliseconds of CPU. */
function cpuOf(times: number, act: (index: number) => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < times; index++) act(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
