/** The processes of a benchmark: the two servers, and one for each sample. */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { writeKeyringFile } from '../src/envelope/keys/files.ts';
import { addKey } from '../src/envelope/keys/keyring.ts';
import { NODE_OPTIONS } from '../infra/archiving/sizing.ts';
import type { Scheme, Variant } from './options.ts';
import type { Delay } from './servers/delay.ts';
import type { Listening } from './servers/listen.ts';
import type { Sample, SampleSpec } from './variants/worker.ts';

export interface Bench {
  /** Where the bundles are, and room for files. */
  readonly dir: string;
  /** Of the servers' plain listeners. */
  readonly control: readonly string[];
  /** What cannot be measured over HTTPS, and why; `undefined` when it can. */
  readonly noHttps: string | undefined;
  environment(scheme: Scheme, variant: Variant): Record<string, string>;
  /** The same, with `open`ed lines before the servers. */
  through(
    scheme: Scheme,
    open: (origin: string) => Promise<Delay>,
  ): Promise<{ readonly bench: Bench; close(): Promise<void> }>;
  close(): Promise<void>;
}

const KEY = '0123456789abcdef'.repeat(4);

export async function startBench(dir: string): Promise<Bench> {
  const certificate = makeCertificate(dir);
  const args = 'why' in certificate ? [] : [certificate.certFile, certificate.keyFile];
  const source = await startServer<Listening>(join(dir, 'servers/source.mjs'), args);
  const sink = await startServer<Listening>(join(dir, 'servers/sink.mjs'), args);
  const keyring = join(dir, 'keyring.json');
  await writeKeyringFile(keyring, addKey(undefined, 'bench'));
  const environmentOf = (
    variant: Variant,
    { platform, store }: { readonly platform: string; readonly store: string },
  ): Record<string, string> => {
    return {
      GENESYS_CLIENT_ID: 'bench-client',
      GENESYS_CLIENT_SECRET: 'bench-secret',
      GENESYS_ENVIRONMENT: 'mypurecloud.com',
      GENESYS_LOGIN_URL: platform,
      GENESYS_API_URL: platform,
      ARCHIVE_ALLOW_LOOPBACK: '1',
      S3_ARCHIVE_BUCKET: 'bench',
      S3_FORCE_PATH_STYLE: '1',
      AWS_ENDPOINT_URL_S3: store,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'bench-secret-access-key',
      AWS_REGION: 'us-east-1',
      // as the function and the unit of systemd start it
      ...(variant.startsWith('ours') || variant === 'floor' ? { NODE_OPTIONS } : {}),
      ...(variant === 'ours-s3ec' || variant === 'ours-records'
        ? { ARCHIVE_KEYRING_FILE: keyring }
        : { ENCRYPTION_KEY_HEX: KEY }),
      ...(variant === 'ours-records' ? { ARCHIVE_KEY_PLACEMENT: 'records' } : {}),
      ...('why' in certificate ? {} : { NODE_EXTRA_CA_CERTS: certificate.certFile }),
    };
  };
  const originsOf = (scheme: Scheme) => ({
    platform: source.said[scheme] ?? '',
    store: sink.said[scheme] ?? '',
  });
  const bench: Bench = {
    dir,
    control: [source.said.http, sink.said.http],
    noHttps: 'why' in certificate ? certificate.why : undefined,
    environment: (scheme, variant) => environmentOf(variant, originsOf(scheme)),
    through: async (scheme, open) => {
      const { platform, store } = originsOf(scheme);
      const lines = await Promise.all([open(platform), open(store)]);
      const [near, far] = lines;
      const origins = { platform: near.origin, store: far.origin };
      return {
        bench: { ...bench, environment: (_scheme, variant) => environmentOf(variant, origins) },
        close: async () => {
          await Promise.all(lines.map((line) => line.close()));
        },
      };
    },
    close: async () => {
      await Promise.all([source.close(), sink.close()]);
    },
  };
  return bench;
}

export interface Server<Said> {
  readonly said: Said;
  close(): Promise<void>;
}

/** Starts a server, which says on one line of JSON where it can be reached, and ends with its standard input. */
export function startServer<Said>(program: string, args: readonly string[]): Promise<Server<Said>> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const close = () => {
    child.stdin.end();
    return closed;
  };
  return new Promise((resolve, reject) => {
    let text = '';
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${program} ended with ${code}`)));
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.endsWith('\n')) resolve({ said: JSON.parse(text) as Said, close });
    });
  });
}

export interface SampleRun {
  readonly variant: Variant;
  readonly scheme: Scheme;
  readonly spec: Omit<SampleSpec, 'control'>;
  readonly nodeArgs?: readonly string[];
  /** What to start instead of `node` alone, e.g. a shell that enters a control group first. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/** One sample in a fresh process. Throws when that process fails, with the end of what it said. */
export async function runSample(bench: Bench, run: SampleRun): Promise<Sample> {
  const { variant, scheme, spec, nodeArgs = [], wrap = (command) => command } = run;
  const program = join(bench.dir, 'variants', `${variant.startsWith('ours') ? 'ours' : variant}.mjs`);
  const input = JSON.stringify({ ...spec, control: bench.control });
  const [command = '', ...args] = wrap([process.execPath, ...nodeArgs, program, input]);
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...bench.environment(scheme, variant) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  const how = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? String(code)));
  });
  if (how !== '0') throw new SampleFailure(`${variant} ended with ${how}: ${err.slice(-1000)}`, how);
  return JSON.parse(out) as Sample;
}

export class SampleFailure extends Error {
  /** Exit code or name of the signal. */
  readonly how: string;

  constructor(message: string, how: string) {
    super(message);
    this.how = how;
  }
}

/** For one day, on loopback: its key is made for this run and goes with its folder. */
function makeCertificate(
  dir: string,
): { readonly certFile: string; readonly keyFile: string } | { readonly why: string } {
  const certFile = join(dir, 'certificate.pem');
  const keyFile = join(dir, 'key.pem');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', ...curve, ...names, '-days', '1', '-keyout', keyFile, '-out', certFile],
      { stdio: 'pipe' },
    );
    return { certFile, keyFile };
  } catch {
    return { why: 'openssl cannot make a certificate here' };
  }
}
