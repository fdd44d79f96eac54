import { createHash, type Hash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { MEDIA_RETRIES, nextDelay } from '../http/retry-timing.ts';
import { MediaRestart, type MediaStream, type ObjectStat, type Sealer } from '../ports.ts';
import { present } from '../present.ts';
import type { ArchivePorts } from './ports.ts';
import type { Filing, Source } from './filing.ts';
import { trustedKeys } from './own-receipt.ts';
import { guardMedia, type MediaCount, mediaFacts } from './guard-media.ts';
import { findErasure, recordingErased } from '../record/find-erasure.ts';
import { idempotencyMetadata } from '../record/identity.ts';
import { keepKey, type KeptKey } from './keep-key.ts';
import { keepOnWrite } from '../record/keep-on-write.ts';
import { type LeafDigests, LeafHasher } from '../record/leaf-hasher.ts';
import type { Downloaded } from './download-again.ts';
import { formatQuarantineNote, QUARANTINE_NOTE } from '../record/quarantine/note.ts';
import { markMetadata, sourceMetadata } from '../record/writer-mark.ts';

/** How often one request starts a recording over from byte 0 before it goes back to the queue. */
export const MAX_RESTARTS = 5;

/** What one attempt learned of a file on its way through. Complete once the object is stored. */
export interface StoredFacts {
  readonly source: Pick<MediaStream, 'contentType' | 'contentLength' | 'etag'> & {
    /** What proved that the download was whole, where it was not the host's or the file's own length alone. */
    readonly length?: 'second-download' | 'framing+second-download';
  };
  readonly plaintext: { readonly bytes: number; readonly sha256: Buffer };
  readonly ciphertext: LeafDigests<Buffer | undefined>;
  /** What wraps the data key, where the object does not carry it. */
  readonly wrap?: Readonly<Record<string, string>>;
}

export interface StoredRecording {
  /** `undefined` when an object stood there already. */
  readonly stored: { readonly stat: ObjectStat; readonly facts: StoredFacts } | undefined;
  /** When one stood there already: the recording that this attempt had downloaded by then, if it had all of it. */
  readonly downloaded?: Downloaded | undefined;
  readonly resumes: number;
  readonly restarts: number;
}

/**
 * Downloads, checks, encrypts and stores one file, all at once and chunk by chunk. Every attempt has a fresh link, a fresh cipher
 * and a fresh IV: a pair of key and IV never sees two plaintexts.
 *
 * @throws `RECORDING_ERASED` (not retryable), before anything of the file is read.
 */
export async function storeRecording(
  ports: ArchivePorts,
  { item, refresh }: Source,
  filing: Filing,
  budget: Budget,
): Promise<StoredRecording> {
  const { clock, logger } = ports;
  const notErased = refuseErased(ports, filing, budget);
  // where the download cannot even begin, its error is the one to tell
  notErased.catch(() => {});
  let current = item;
  let resumes = 0;
  for (let restarts = 0; ; ) {
    try {
      const stream = await ports.opener.open(current, refresh, budget);
      try {
        const outcome = await storeOnce(ports, { item: current, refresh, stream, notErased }, filing, budget);
        return { ...outcome, resumes: resumes + stream.resumes(), restarts };
      } finally {
        resumes += stream.resumes();
      }
    } catch (error) {
      const cause = restartable(error);
      if (cause === undefined) throw error;
      restarts += 1;
      const { code } = cause;
      const decision = nextDelay(
        { ...MEDIA_RETRIES, retries: MAX_RESTARTS },
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

/** Asked while the download and the data key are, so that it keeps no recording waiting. @throws `RECORDING_ERASED`. */
async function refuseErased(ports: ArchivePorts, { ids }: Filing, budget: Budget): Promise<void> {
  const trust = { store: ports.store, keys: trustedKeys(ports) };
  const erased = await findErasure(trust, ids.recordingId, budget);
  if (erased !== undefined) throw recordingErased(erased);
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
  download: Source & { readonly stream: MediaStream; readonly notErased: Promise<void> },
  filing: Filing,
  budget: Budget,
): Promise<Pick<StoredRecording, 'stored' | 'downloaded'>> {
  const [sealer] = await Promise.all([ports.envelope.seal(filing.ids, budget), download.notErased]);
  const keptKey = keepKey(ports, sealer, filing, budget);
  try {
    return await storeSealed(ports, download, { ...filing, sealer, keptKey }, budget);
  } finally {
    await keptKey.settled();
  }
}

/** What the object says of itself, before the mark that signs it. */
function metadataOf(
  { ids, sealer, keptKey, quarantine }: Filing & { readonly sealer: Sealer; readonly keptKey: KeptKey },
  source: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const note = present({ [QUARANTINE_NOTE]: quarantine && formatQuarantineNote(quarantine) });
  return { ...sealer.metadata, ...keptKey.metadata, ...idempotencyMetadata(ids), ...source, ...note };
}

async function storeSealed(
  ports: ArchivePorts,
  download: Source & { readonly stream: MediaStream },
  filing: Filing & { readonly sealer: Sealer; readonly keptKey: KeptKey },
  budget: Budget,
): Promise<Pick<StoredRecording, 'stored' | 'downloaded'>> {
  const { item, stream } = download;
  const { ids, key, at, sealer, keptKey, quarantine } = filing;
  const { signer, organizationId, clock } = ports;
  // what waits for a decision must be removable: neither lock nor tag
  const retention = quarantine === undefined ? ports.retention : undefined;
  const own = metadataOf(filing, signer === undefined ? {} : sourceMetadata(stream.etag));
  const mark = await markMetadata(signer, { kind: 'media', key, ids, organizationId, metadata: own }, budget);
  const count: MediaCount = { bytes: 0, lengthVerified: false };
  const { contentLength, contentType, etag } = stream;
  const isFramed = contentLength !== undefined || stream.isFramed === true;
  const plaintext = createHash('sha256');
  const ciphertext = LeafHasher.leavesOnly();
  let sha256: Buffer | undefined;
  const confirm = async () => {
    sha256 = plaintext.digest();
    if (!count.lengthVerified) {
      await confirmBySecondDownload(ports, download, { bytes: count.bytes, sha256, isFramed }, budget);
    }
    // without the tag, which comes after this, there is no object
    await keptKey.confirm();
  };
  const guarded = guardMedia(stream.chunks, mediaFacts(item, stream), count);
  const sealed = sealer.encrypt(hashed(guarded, plaintext), confirm);
  const result = await ports.store.put(
    key,
    cutIntoLeaves(sealed, ciphertext),
    {
      metadata: { ...own, ...mark },
      contentType: 'application/octet-stream',
      ...present({
        contentLength: contentLength === undefined ? undefined : contentLength + sealer.overhead,
        keep: retention && keepOnWrite(retention, contentType, at, clock.now()),
      }),
      leaves: {
        leafBytes: ciphertext.leafBytes,
        leafDigest: (index) => ciphertext.leafDigest(index),
      },
    },
    budget,
  );
  if (result.outcome === 'exists') {
    return { stored: undefined, ...(sha256 && { downloaded: { bytes: count.bytes, sha256, etag } }) };
  }
  if (sha256 === undefined)
    throw new ArchiveError('STORE_MISMATCH', `${key} was stored before its body ended`);
  const length = isFramed ? 'framing+second-download' : 'second-download';
  const facts: StoredFacts = {
    source: { contentType, contentLength, etag, ...(count.lengthVerified ? {} : { length }) },
    plaintext: { bytes: count.bytes, sha256 },
    ciphertext: ciphertext.finish(),
    ...present({ wrap: sealer.wrap }),
  };
  return { stored: { stat: result.stat, facts } };
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* cutIntoLeaves(
  chunks: AsyncIterable<Uint8Array>,
  leaves: LeafHasher<Buffer | undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    leaves.update(chunk);
    yield chunk;
  }
  leaves.end();
}

/**
 * Nothing states how long the file is, or its own header contradicts what does. A connection that is cut at the same byte twice is far
 * less likely than one that is cut once, so the file is read again and must be the same.
 */
async function confirmBySecondDownload(
  { opener }: ArchivePorts,
  { item, refresh }: Source,
  first: { bytes: number; sha256: Buffer; isFramed: boolean },
  budget: Budget,
): Promise<void> {
  const { chunks } = await opener.open(item, refresh, budget);
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    digest.update(chunk);
  }
  if (bytes !== first.bytes || !digest.digest().equals(first.sha256)) {
    const why = first.isFramed
      ? 'the recording contradicts the length that the media host states'
      : 'nothing states the length of the recording';
    throw new ArchiveError(
      'MEDIA_TRUNCATED',
      `${why}, and two downloads differ (${first.bytes} and ${bytes} bytes)`,
    );
  }
}
