import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

/** PEM, both. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * For one day, signed by itself.
 * @param names as openssl writes them, e.g. `DNS:media.example.com`.
 * @returns `undefined` where openssl cannot make one.
 */
export function makeCertificate(...names: string[]): Certificate | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), 'certificate-'));
  const files = { cert: path.join(dir, 'cert.pem'), key: path.join(dir, 'key.pem') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const holder = ['-subj', '/CN=test', '-addext', `subjectAltName=${names.join()}`, '-days', '1'];
  const place = ['-keyout', files.key, '-out', files.cert];
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, ...holder, ...place], { stdio: 'pipe' });
    return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  } catch {
    return undefined;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * From now on this process trusts `certificate` and no other; NODE_EXTRA_CA_CERTS, which does that too, is read only when it starts.
 * @returns what ends that.
 */
export function trust({ cert }: Certificate): () => void {
  const create = tls.createSecureContext;
  tls.createSecureContext = (options) => create({ ...options, ca: cert });
  return () => {
    tls.createSecureContext = create;
  };
}
