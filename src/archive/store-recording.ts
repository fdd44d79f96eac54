import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { MEDIA_RETRIES, nextDelay } from '../http/retry-timing.ts';
import { type MediaItem, MediaRestart, type MediaStream, type PutResult, type Sealer } from '../ports.ts';
import type { ArchivePorts } from './archive-recording.ts';
import { guardMedia, type MediaCount } from './guard-media.ts';

/** How often one request starts a recording over from byte 0 before it goes back to the queue. */
export const MOST_RESTARTS = 5;

export interface StoredRecording {
  readonly result: PutResult;
  readonly resumes: number;
  readonly restarts: number;
}

/**
 * Downloads, checks, encrypts and stores one file, all at once and chunk by chunk. Whatever makes it start over, it does so
 * with a fresh link, a fresh cipher and a fresh IV: a pair of key and IV never sees two plaintexts.
 */
export async function storeRecording(
  ports: ArchivePorts,
  item: MediaItem,
  refresh: () => Promise<MediaItem>,
  key: string,
  metadata: Readonly<Record<string, string>>,
  budget: Budget,
): Promise<StoredRecording> {
  const { clock, logger } = ports;
  let current = item;
  let resumes = 0;
  for (let restarts = 0; ; ) {
    try {
      const stream = await ports.opener.open(current, refresh, budget);
      try {
        const result = await storeOnce(ports, current, stream, refresh, key, metadata, budget);
        return { result, resumes: resumes + stream.resumes(), restarts };
      } finally {
        resumes += stream.resumes();
      }
    } catch (error) {
      const cause = restartable(error);
      if (cause === undefined) throw error;
      restarts += 1;
      const { code } = cause;
      const decision = nextDelay(
        { ...MEDIA_RETRIES, retries: MOST_RESTARTS },
        { failures: restarts, now: clock.now(), deadline: budget.deadline, random: clock.random() },
      );
      if (!decision.retry) throw cause;
      const { delayMs } = decision;
      logger.log('warn', 'starting the download over', {
        recordingId: item.ids.recordingId,
        code,
        attempt: restarts,
        delayMs,
      });
      await clock.sleep(delayMs, budget.signal);
      current = await refresh();
    }
  }
}

/** What another download of the same file may cure. Everything else is the caller's to judge. */
function restartable(error: unknown): ArchiveError | undefined {
  if (error instanceof MediaRestart) {
    return new ArchiveError('MEDIA_UNAVAILABLE', `the download kept starting over: ${error.message}`);
  }
  const curable =
    error instanceof ArchiveError && ['MEDIA_TRUNCATED', 'MEDIA_NOT_AUDIO'].includes(error.code);
  return curable ? error : undefined;
}

async function storeOnce(
  ports: ArchivePorts,
  item: MediaItem,
  stream: MediaStream,
  refresh: () => Promise<MediaItem>,
  key: string,
  metadata: Readonly<Record<string, string>>,
  budget: Budget,
): Promise<PutResult> {
  const sealer = await ports.envelope.seal(item.ids);
  const count: MediaCount = { bytes: 0, lengthVerified: false };
  const { contentLength } = stream;
  const digest = createHash('sha256');
  // Only where no one states a length is the plaintext hashed, to be compared with a second download.
  const unsure = contentLength === undefined;
  const confirm = async () => {
    if (count.lengthVerified) return;
    await confirmBySecondDownload(
      ports,
      item,
      refresh,
      { bytes: count.bytes, sha256: digest.digest('hex') },
      budget,
    );
  };
  const body = encrypt(
    guardMedia(stream.chunks, { contentLength, durationMs: item.durationMs }, count),
    sealer,
    unsure ? (chunk) => digest.update(chunk) : undefined,
    confirm,
  );
  return ports.store.put(
    key,
    body,
    {
      metadata: { ...sealer.metadata, ...metadata },
      contentType: 'application/octet-stream',
      ...(contentLength === undefined ? {} : { contentLength: contentLength + sealer.overhead }),
    },
    budget,
  );
}

async function* encrypt(
  plaintext: AsyncIterable<Uint8Array>,
  sealer: Sealer,
  observe: ((chunk: Uint8Array) => void) | undefined,
  confirm: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of plaintext) {
    observe?.(chunk);
    yield sealer.update(chunk);
  }
  await confirm();
  yield sealer.final();
}

/**
 * Neither the host nor the file says how long it is. A connection that is cut at the same byte twice is far less likely than
 * one that is cut once, so the file is read again and must be the same.
 */
async function confirmBySecondDownload(
  { opener }: ArchivePorts,
  item: MediaItem,
  refresh: () => Promise<MediaItem>,
  first: { bytes: number; sha256: string },
  budget: Budget,
): Promise<void> {
  const { chunks } = await opener.open(item, refresh, budget);
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    digest.update(chunk);
  }
  if (bytes !== first.bytes || digest.digest('hex') !== first.sha256) {
    throw new ArchiveError(
      'MEDIA_TRUNCATED',
      `nothing states the length of the recording, and two downloads differ (${first.bytes} and ${bytes} bytes)`,
    );
  }
}
