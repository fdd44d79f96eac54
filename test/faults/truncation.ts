import { createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { ArchiveError, type ErrorCode } from '../../src/errors.ts';
import { createMediaOpener } from '../../src/genesys/media/download.ts';
import { createTransport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import type { MediaItem } from '../../src/ports.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { fastClock } from '../fast-clock.ts';
import { KINDS, type Kind, startFaultyHost } from './faulty-host.ts';
import { MemoryS3, PROMPT_CALLER } from './memory-s3.ts';
import { seededRandom } from './simulated-time.ts';

const FILE_BYTES = 6000;
const AT = Date.UTC(2026, 4, 20, 12);

export interface KindReport {
  readonly kind: Kind;
  readonly cases: number;
  readonly archived: number;
  readonly refused: number;
  /** Objects that are not the recording, failures that are not retryable, and everything else that must not be. */
  readonly bad: readonly string[];
}

/** How many of `cases` are struck again and again; the others once. */
const ALWAYS_EVERY = 5;

/**
 * The matrix: every kind of broken download at `casesPerKind` places, over real HTTP, through the real opener, heart and S3
 * store. A recording that is always delivered broken must be refused, and one that is broken once must be archived whole.
 */
export async function runTruncationMatrix(casesPerKind: number, seed: number): Promise<KindReport[]> {
  const file = recordingFile();
  const host = await startFaultyHost(file);
  const reports: KindReport[] = [];
  try {
    for (const kind of KINDS) reports.push(await runKind(kind, casesPerKind, seededRandom(seed), file, host));
  } finally {
    await host.close();
  }
  return reports;
}

async function runKind(
  kind: Kind,
  cases: number,
  random: () => number,
  file: Buffer,
  host: Awaited<ReturnType<typeof startFaultyHost>>,
): Promise<KindReport> {
  const report = { kind, cases, archived: 0, refused: 0, bad: [] as string[] };
  const numbers = Array.from({ length: cases }, (_, index) => index).values();
  const transport = createTransport({
    guard: { allowLoopback: true },
    // a stall is the only kind that has to be waited for
    timeouts: { idleMs: kind === 'stall' ? 40 : 10_000 },
  });
  const work = async () => {
    for (const number of numbers) {
      // the edges first: nothing at all, one byte, all but one
      const at = [0, 1, 11, 12, 63, 64, 65, file.length - 1][number] ?? Math.floor(random() * file.length);
      const always = number % ALWAYS_EVERY === 0;
      const url = host.add({ kind, at, times: always ? Number.POSITIVE_INFINITY : 1 });
      const outcome = await archiveFrom(url, transport, file);
      const fault = `${kind} at ${at}${always ? ', always' : ''}`;
      if (outcome === 'whole') report.archived += 1;
      else if (outcome === 'damaged') report.bad.push(`${fault}: a damaged object was marked done`);
      else report.refused += 1;
      if (always && outcome === 'whole') report.bad.push(`${fault}: archived from a host that never sent it`);
      if (outcome === 'leftover') report.bad.push(`${fault}: refused, and something was left`);
      if (typeof outcome !== 'object') continue;
      if (!always && kind !== 'stall') report.bad.push(`${fault}: given up with ${outcome.code}`);
      if (!outcome.retryable) report.bad.push(`${fault}: ${outcome.code} is not retryable`);
    }
  };
  try {
    await Promise.all(Array.from({ length: 6 }, work));
  } finally {
    transport.close();
  }
  return report;
}

type Outcome = 'whole' | 'damaged' | 'leftover' | { readonly code: ErrorCode; readonly retryable: boolean };

async function archiveFrom(
  url: string,
  transport: ReturnType<typeof createTransport>,
  file: Buffer,
): Promise<Outcome> {
  const clock = fastClock(AT);
  const logger = silentLogger;
  const s3 = new MemoryS3(() => clock.now());
  const key = randomBytes(32);
  const ids = { recordingId: 'a1b2c3d4-5678-90ab-cdef-1234567890ab', conversationId: 'c' };
  const item: MediaItem = { ids, url, recordedAt: AT, durationMs: 750 };
  const ports = {
    resolver: { resolve: () => Promise.resolve({ state: 'ready', items: [item] } as const) },
    opener: createMediaOpener({ transport, policy: { hosts: [], allowLoopback: true }, clock, logger }),
    references: undefined,
    envelope: createStaticEnvelope(key),
    store: createS3Store({ client: s3.client(PROMPT_CALLER), bucket: 'bucket', clock, logger }),
    clock,
    logger,
  };
  const request = { dialect: 'media', mediaId: ids.recordingId, interactionId: 'c' } as const;
  try {
    await archiveRequest(ports, request, unlimited);
  } catch (error) {
    if (s3.objects.size > 0 || s3.uploads.size > 0) return 'leftover';
    if (!(error instanceof ArchiveError)) throw error;
    return { code: error.code, retryable: error.retryable };
  }
  const [object] = [...s3.objects].filter(([name]) => name.startsWith('archive/')).map(([, found]) => found);
  if (object === undefined) return 'damaged';
  const iv = Buffer.from(object.metadata['iv'] ?? '', 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(object.body.subarray(-16));
  const plain = Buffer.concat([decipher.update(object.body.subarray(0, -16)), decipher.final()]);
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  return hash(plain) === hash(file) ? 'whole' : 'damaged';
}

export function recordingFile(): Buffer {
  const file = randomBytes(FILE_BYTES);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(FILE_BYTES - 8, 4);
  file.write('WAVE', 8, 'latin1');
  return file;
}
