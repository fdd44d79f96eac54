import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { type MediaOpener, MediaRestart } from '../ports.ts';
import type { FindSource, Source } from './filing.ts';
import { guardMedia, type MediaCount, mediaFacts } from './guard-media.ts';
import type { Plaintext } from './open-object.ts';

/** A recording as it was served, whole. */
export interface Downloaded extends Plaintext {
  readonly etag: string | undefined;
}

/**
 * Downloads a file that is archived already, to compare it; keeps nothing. Passes the checks that every download passes. Where
 * nothing states its length, a size other than `expected` is believed only when a second download agrees.
 *
 * @param expected bytes.
 * @returns `undefined` when the platform has the file no more.
 * @throws what the platform and the media host throw; `MEDIA_TRUNCATED` (retryable) when two downloads differ.
 */
export async function downloadAgain(
  opener: MediaOpener,
  findSource: FindSource,
  expected: number,
  budget: Budget,
): Promise<Downloaded | undefined> {
  const source = await findSource();
  if (source === undefined) return undefined;
  const first = await download(opener, source, budget);
  if (first.lengthVerified || first.bytes === expected) return first;
  const second = await download(opener, source, budget);
  if (second.bytes === first.bytes && second.sha256.equals(first.sha256)) return second;
  throw new ArchiveError(
    'MEDIA_TRUNCATED',
    `nothing states the length of the recording, and two downloads differ (${first.bytes} and ${second.bytes} bytes)`,
  );
}

async function download(
  opener: MediaOpener,
  { item, refresh }: Source,
  budget: Budget,
): Promise<Downloaded & Pick<MediaCount, 'lengthVerified'>> {
  const digest = createHash('sha256');
  let etag: string | undefined;
  const count: MediaCount = { bytes: 0, lengthVerified: false };
  try {
    const stream = await opener.open(item, refresh, budget);
    ({ etag } = stream);
    for await (const chunk of guardMedia(stream.chunks, mediaFacts(item, stream), count)) {
      digest.update(chunk);
    }
  } catch (error) {
    if (!(error instanceof MediaRestart)) throw error;
    throw new ArchiveError('MEDIA_UNAVAILABLE', `the download kept starting over: ${error.message}`);
  }
  return { bytes: count.bytes, sha256: digest.digest(), etag, lengthVerified: count.lengthVerified };
}
