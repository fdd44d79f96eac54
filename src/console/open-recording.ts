import { openSeekable, type RangePorts, type SeekableRecording } from '../audit/read-range.ts';
import { createLeafCache, type LeafCache } from '../audit/verified-leaves.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { formatOf, HEAD_BYTES, type PlayableFormat } from './playable.ts';

const CACHES = new WeakMap<ConsoleArchive, LeafCache>();

/** @throws `CONFIG_INVALID` where no key is configured. */
export function rangePorts(archive: ConsoleArchive): RangePorts {
  const { store, trust, reader, catalogue } = archive;
  if (reader === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'no key is configured that opens recordings', {
      hint: 'start the console with the key that recordings are read with: ARCHIVE_KMS_KEY_ID, ARCHIVE_KEYRING_FILE, ARCHIVE_PRIVATE_KEY_FILE or ENCRYPTION_KEY_HEX',
    });
  }
  const cache = CACHES.get(archive) ?? createLeafCache();
  CACHES.set(archive, cache);
  return { ...trust, store, reader, cache, expired: catalogue.expired };
}

/** Opens a recording for reading from anywhere. Throws as `openSeekable`. */
export function openRecording(
  archive: ConsoleArchive,
  key: string,
  budget: Budget,
): Promise<SeekableRecording> {
  return openSeekable(rangePorts(archive), key, budget);
}

/** Formats that are remembered, of each archive. */
const MAX_FORMATS = 1_000;
const FORMATS = new WeakMap<ConsoleArchive, Map<string, PlayableFormat>>();

/** What a file is, by its first bytes; `undefined` where that has not been read yet. */
export function knownFormat(archive: ConsoleArchive, key: string): PlayableFormat | undefined {
  return FORMATS.get(archive)?.get(key);
}

/** The same, which reads the first leaf where it is not known. */
export async function formatOfFile(
  archive: ConsoleArchive,
  seekable: SeekableRecording,
  budget: Budget,
): Promise<PlayableFormat> {
  const { key } = seekable.stat;
  const formats = FORMATS.get(archive) ?? new Map<string, PlayableFormat>();
  FORMATS.set(archive, formats);
  const known = formats.get(key) ?? (await readFormat(seekable, budget));
  formats.delete(key);
  formats.set(key, known);
  const [oldest] = formats.keys();
  if (formats.size > MAX_FORMATS && oldest !== undefined) formats.delete(oldest);
  return known;
}

async function readFormat(seekable: SeekableRecording, budget: Budget): Promise<PlayableFormat> {
  if (seekable.bytes === 0) return { playable: 'unknown' };
  const range = { first: 0, last: Math.min(HEAD_BYTES, seekable.bytes) - 1 };
  const tooLong = () => new ArchiveError('UNEXPECTED', 'a range gave more bytes than it has');
  return formatOf(await gatherBytes(seekable.read(range, budget), HEAD_BYTES, tooLong));
}
