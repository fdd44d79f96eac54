// node bench/steps.mjs: CPU time of the single steps that every byte of a recording goes through, in one process, in turn, as
// multiples of AES-256-GCM. Medians of several rounds.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { createRequire } from 'node:module';

const MIB = 1024 * 1024;
const chunk = randomBytes(64 * 1024);
const part = randomBytes(8 * MIB);
const ROUNDS = 7;

/** What the AWS SDK computes by itself: CRC32C always, CRC32 only where node:zlib has none. */
const { Crc32Js, Crc32cJs } = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-s3'))(
  '@aws-sdk/checksums/crc',
);

const steps = {
  'AES-256-GCM': (mib) => {
    const cipher = createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12), { authTagLength: 16 });
    for (let at = 0; at < mib * 16; at += 1) cipher.update(chunk);
    cipher.final();
  },
  'SHA-256 (node:crypto)': (mib) => {
    const hash = createHash('sha256');
    for (let at = 0; at < mib * 16; at += 1) hash.update(chunk);
    hash.digest();
  },
  'CRC32 (node:zlib)': (mib) => {
    let sum = 0;
    for (let at = 0; at < mib * 16; at += 1) sum = crc32(chunk, sum);
  },
  'CRC32 (JavaScript, the SDK’s own)': (mib) => {
    const sum = new Crc32Js();
    for (let at = 0; at < mib * 16; at += 1) sum.update(chunk);
  },
  'CRC32C (JavaScript, the SDK’s own)': (mib) => {
    const sum = new Crc32cJs();
    for (let at = 0; at < mib * 16; at += 1) sum.update(chunk);
  },
  'copy into a part': (mib) => {
    for (let at = 0; at < mib * 16; at += 1) part.set(chunk, (at % 128) * chunk.length);
  },
};

const seconds = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
for (const step of Object.values(steps)) step(16);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, step] of Object.entries(steps)) {
    const mib = name.includes('JavaScript') ? 32 : 128;
    const before = process.cpuUsage();
    step(mib);
    const { user, system } = process.cpuUsage(before);
    seconds[name].push(((user + system) / 1e6 / (mib * MIB)) * 1e9);
  }
}
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const base = median(seconds['AES-256-GCM']);
console.log(
  `Node ${process.version}; median of ${ROUNDS}\n\nstep                                CPU s/GB   × AES`,
);
for (const [name, list] of Object.entries(seconds)) {
  console.log(
    `${name.padEnd(34)} ${median(list).toFixed(2).padStart(9)} ${(median(list) / base).toFixed(2).padStart(7)}`,
  );
}
