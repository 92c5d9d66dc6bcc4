import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';

export interface Certificate {
  /** Both are in PEM format. */
  readonly key: string;
  readonly certificate: string;
}

/** Creates a key and a self-signed certificate for names such as `DNS:localhost` or `IP:127.0.0.1`. */
export async function selfSigned(...names: readonly string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-certificate-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  try {
    const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const about = ['-subj', '/CN=ripcord-test', '-addext', `subjectAltName=${names.join(',')}`];
    await execa('openssl', ['req', '-x509', ...fresh, ...about, '-keyout', key, '-out', certificate]);
    return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
