import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runScript } from './run-script.ts';

export interface LocalAuthority {
  readonly url: string;
  /** PEM of the certificate that its certificate leads to. */
  readonly ca: string;
  readonly caFile: string;
  readonly dir: string;
  /** Stamps a request, as the server does. */
  readonly stamp: (request: Buffer, signer?: string) => Promise<Buffer>;
  /** From now on what the server answers instead. */
  answer: { override: ((request: Buffer) => Promise<Buffer> | Buffer) | undefined; status: number };
  readonly close: () => Promise<void>;
}

const CONFIG = `
[tsa]
serial = ./serial
crypto_device = builtin
digests = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
accuracy = secs:1
signer_digest = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamps]
extendedKeyUsage = critical,timeStamping
[web]
extendedKeyUsage = serverAuth
[req]
distinguished_name = dn
[dn]
`;

/** A time-stamping authority of openssl: a root, an intermediate, a signer; `web` is a signer that is for something else. */
export async function startAuthority(): Promise<LocalAuthority> {
  const dir = await mkdtemp(path.join(tmpdir(), 'tsa-'));
  await mkdir(dir, { recursive: true });
  await writeFile(path.join(dir, 'tsa.cnf'), CONFIG);
  await writeFile(path.join(dir, 'serial'), '01\n');
  const openssl = async (...args: string[]) => {
    const { code, output } = await runScript('openssl', args, dir);
    if (code !== 0) throw new Error(`openssl ${args[0]}: ${output}`);
  };
  const issue = async (name: string, issuer: string | undefined, extensions: string, days = '30') => {
    const key = [
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-subj',
      `/CN=${name}`,
      '-config',
      'tsa.cnf',
    ];
    if (issuer === undefined) {
      await openssl('req', '-x509', ...key, '-out', `${name}.pem`, '-days', days, '-extensions', extensions);
      return;
    }
    await openssl('req', '-new', ...key, '-out', `${name}.csr`);
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${issuer}.pem`,
      '-CAkey',
      `${issuer}.key`,
      '-CAcreateserial',
      '-out',
      `${name}.pem`,
      '-days',
      days,
      '-extfile',
      'tsa.cnf',
      '-extensions',
      extensions,
    );
  };
  await issue('root', undefined, 'ca');
  await issue('middle', 'root', 'ca');
  await issue('signer', 'middle', 'stamps');
  let count = 0;
  const stamp = async (request: Buffer, signer = 'signer') => {
    count += 1;
    const [query, reply] = [`q${count}.tsq`, `r${count}.tsr`];
    await writeFile(path.join(dir, query), request);
    await openssl(
      'ts',
      '-reply',
      '-config',
      'tsa.cnf',
      '-section',
      'tsa',
      '-queryfile',
      query,
      '-signer',
      `${signer}.pem`,
      '-inkey',
      `${signer}.key`,
      '-chain',
      'middle.pem',
      '-out',
      reply,
    );
    return readFile(path.join(dir, reply));
  };
  const answer: LocalAuthority['answer'] = { override: undefined, status: 200 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const reply = async () => {
        const body = await (answer.override ?? stamp)(Buffer.concat(chunks));
        response.writeHead(answer.status, {
          'content-type': 'application/timestamp-reply',
          'content-length': body.length,
        });
        response.end(body);
      };
      void reply();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/tsr`,
    ca: await readFile(path.join(dir, 'root.pem'), 'utf8'),
    caFile: path.join(dir, 'root.pem'),
    dir,
    stamp,
    answer,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
