import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { AuthorityPem } from '../../identity/authority-pem.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';

/** The options by which somebody brings an authority of his own. */
export interface AuthorityFiles {
  readonly caCert?: string | undefined;
  readonly caKey?: string | undefined;
}

/** Adds `--ca-cert` and `--ca-key`. */
export function addAuthorityOptions(command: Command): Command {
  return command
    .option(
      '--ca-cert <file>',
      'certificates of your own authority (PEM): the one that signs, then what signed that, the root last',
    )
    .option('--ca-key <file>', 'its private key (PEM): ECDSA or RSA, not encrypted');
}

/**
 * Reads the authority that options name; `undefined` where they name none.
 * @throws UsageError with the file and what is wrong with it; nothing of a key is ever in it
 */
export async function readAuthorityFiles(
  { caCert, caKey }: AuthorityFiles,
  { config }: CommandContext,
): Promise<AuthorityPem | undefined> {
  if (caCert === undefined && caKey === undefined) return undefined;
  if (caCert === undefined) throw new UsageError('A private key is given, but no certificates: --ca-cert is missing.');
  if (caKey === undefined) throw new UsageError('Certificates are given, but no private key: --ca-key is missing.');
  const [{ CertificateAuthority }, { AuthorityError }, { PrivateKey }] = await Promise.all([
    import('../../identity/ca.ts'),
    import('../../identity/chain.ts'),
    import('../../identity/private-key.ts'),
  ]);
  const [certificatePem, keyPem] = await Promise.all([readText(caCert), readText(caKey)]);
  const pem = { certificatePem, privateKey: new PrivateKey(keyPem) };
  try {
    return new CertificateAuthority({ trustDomain: config.trustDomain, now: () => new Date(), pem }).pem();
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error;
    throw new UsageError(`${caCert} with ${caKey} is no authority to sign with. ${error.message}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new UsageError(`${path} can't be read (${why}).`);
  }
}
