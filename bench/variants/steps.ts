/**
 * CPU time of the single steps that every byte of a recording goes through, in a process of its own, in turn. Prints a
 * {@link StepTimes}. Usage: node steps.mjs '{"source": origin, "sink": origin, "rounds": number}'
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import net from 'node:net';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import { recordingId } from '../recording-ids.ts';

export interface StepsSpec {
  readonly source: string;
  readonly sink: string;
  readonly rounds: number;
}

/** User and system seconds per GB of each step, one value a round. */
export type StepTimes = Readonly<Record<string, readonly number[]>>;

interface Checksum {
  update(bytes: Uint8Array): void;
}

const MIB = 1024 * 1024;
const CHUNK = randomBytes(64 * 1024);
const LARGE = randomBytes(MIB);
const PART = Buffer.allocUnsafeSlow(8 * MIB);

/** The SDK's own code, as installed: CRC32C is always JavaScript, CRC32 where `node:zlib` has none (Node before 20.15). */
const { Crc32Js, Crc32cJs } = createRequire(
  createRequire(pathToFileURL('package.json')).resolve('@aws-sdk/client-s3'),
)('@aws-sdk/checksums/crc') as Readonly<Record<'Crc32Js' | 'Crc32cJs', new () => Checksum>>;

const spec = JSON.parse(process.argv[2] ?? '') as StepsSpec;

interface Step {
  readonly mib: number;
  readonly run: (mib: number) => void | Promise<void>;
}

const over = (chunk: Buffer, mib: number, use: (chunk: Buffer) => void) => {
  for (let left = mib * MIB; left > 0; left -= chunk.length) use(chunk);
};

const aes = (chunk: Buffer) => (mib: number) => {
  const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12), { authTagLength: 16 });
  over(chunk, mib, (bytes) => cipher.update(bytes));
  cipher.final();
};
const sha256 = (chunk: Buffer) => (mib: number) => {
  const hash = createHash('sha256');
  over(chunk, mib, (bytes) => hash.update(bytes));
  hash.digest();
};
const javaScript = (Sum: new () => Checksum) => (mib: number) => {
  const sum = new Sum();
  over(CHUNK, mib, (bytes) => sum.update(bytes));
};

const STEPS: Readonly<Record<string, Step>> = {
  'AES-256-GCM, 16 KiB at a time': { mib: 128, run: aes(CHUNK.subarray(0, CHUNK.length / 4)) },
  'AES-256-GCM, 64 KiB at a time': { mib: 128, run: aes(CHUNK) },
  'AES-256-GCM, 256 KiB at a time': { mib: 128, run: aes(LARGE.subarray(0, LARGE.length / 4)) },
  'AES-256-GCM, 1 MiB at a time': { mib: 128, run: aes(LARGE) },
  'SHA-256, 64 KiB at a time': { mib: 128, run: sha256(CHUNK) },
  'SHA-256, 1 MiB at a time': { mib: 128, run: sha256(LARGE) },
  'socket read, 1 MiB reused': { mib: 256, run: (mib) => readSocket(mib * MIB) },
  'socket write, 1 MiB at a time': { mib: 256, run: (mib) => writeSocket(mib * MIB) },
  'CRC32 (node:zlib)': {
    mib: 128,
    run: (mib) => {
      let sum = 0;
      over(CHUNK, mib, (bytes) => {
        sum = crc32(bytes, sum);
      });
    },
  },
  'CRC32 (JavaScript, the SDK’s own)': { mib: 16, run: javaScript(Crc32Js) },
  'CRC32C (JavaScript, the SDK’s own)': { mib: 16, run: javaScript(Crc32cJs) },
  'copy into a part': {
    mib: 128,
    run: (mib) => {
      let at = 0;
      over(CHUNK, mib, (bytes) => {
        PART.set(bytes, at);
        at = (at + bytes.length) % PART.length;
      });
    },
  },
};

const times: Record<string, number[]> = Object.fromEntries(Object.keys(STEPS).map((name) => [name, []]));
for (const { run } of Object.values(STEPS)) await run(16);
for (let round = 0; round < spec.rounds; round += 1) {
  for (const [name, { mib, run }] of Object.entries(STEPS)) {
    const before = process.cpuUsage();
    await run(mib);
    const { user, system } = process.cpuUsage(before);
    times[name]?.push(((user + system) / 1e6 / (mib * MIB)) * 1e9);
  }
}
process.stdout.write(`${JSON.stringify(times)}\n`, () => process.exit(0));

/** Downloads over a bare socket into one buffer. */
function readSocket(bytes: number): Promise<void> {
  const { hostname, port, host } = new URL(spec.source);
  return new Promise((resolve, reject) => {
    let left: number | undefined;
    const socket = net.connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer: LARGE,
        callback: (length) => {
          left ??= bytes + LARGE.subarray(0, length).indexOf('\r\n\r\n') + 4;
          left -= length;
          if (left <= 0) socket.destroy();
          return true;
        },
      },
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.write(`GET /media/${recordingId(0, bytes)}.wav HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  });
}

/** Uploads the same bytes again and again over a bare socket. */
function writeSocket(bytes: number): Promise<void> {
  const { hostname, port, host } = new URL(spec.sink);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname);
    socket.on('error', reject);
    socket.on('data', () => socket.destroy());
    socket.on('close', () => resolve());
    socket.write(`PUT /bench/step HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${bytes}\r\n\r\n`);
    let left = bytes;
    const send = (): void => {
      while (left > 0) {
        left -= LARGE.length;
        if (!socket.write(LARGE)) break;
      }
      if (left > 0) socket.once('drain', send);
    };
    send();
  });
}
