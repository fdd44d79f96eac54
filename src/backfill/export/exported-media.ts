import { HEAD_BYTES, looksLikeMarkup } from '../../archive/container.ts';
import { EndWatch } from '../../archive/container-end.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { contentOf, expectationOf, needsMoreBytes, unexpectedContent } from '../../media-content.ts';
import type { MediaItem, MediaOpener, MediaResolver, ObjectStore, RecordingsRequest } from '../../ports.ts';
import { getSmall } from '../../record/small-object.ts';
import { SIDECAR_SUFFIX } from '../../record/genesys-export.ts';
import { type ExportedName, readExportKey } from './export-keys.ts';
import { readSidecar, type Sidecar } from './read-sidecar.ts';
import { isOpenPgp } from './sniff-pgp.ts';
import { present } from '../../present.ts';

/** Bytes; a sidecar has about 500. */
const MAX_SIDECAR_BYTES = 256 * 1024;

/** Bytes of a second of audio, at least: no codec that the platform records with needs less than 2 kbit/s. */
const MIN_AUDIO_BYTES_PER_SECOND = 250;

/** ms; of what is shorter, headers are most. */
const MIN_CHECKED_DURATION_MS = 10_000;

/** One file of an export, and the ports through which the archive's own use case takes it. */
export interface ExportedRecording {
  readonly request: RecordingsRequest;
  readonly resolver: MediaResolver;
  readonly opener: MediaOpener;
}

/**
 * Opens one file of an export. Nothing of it is downloaded from the platform: the bytes come from the export, and are verified and sealed
 * like a download.
 *
 * @param listedBytes of it when the job was planned.
 * @throws `MEDIA_NOT_READY` when its sidecar is not there yet, or it is still being written; `EXPORT_MALFORMED`, `MEDIA_NOT_FOUND`; what the
 *   store throws.
 */
export async function openExported(
  source: ObjectStore,
  file: string,
  listedBytes: number,
  budget: Budget,
): Promise<ExportedRecording> {
  const key = readExportKey(file);
  if (key.kind !== 'recording') throw new ArchiveError('EXPORT_MALFORMED', `${file} is no recording`);
  const { name } = key;
  const text = await getSmall(source, `${file}${SIDECAR_SUFFIX}`, MAX_SIDECAR_BYTES, budget);
  if (text === undefined) {
    throw new ArchiveError('MEDIA_NOT_READY', `the sidecar of ${file} is not there yet`, {
      hint: 'the platform writes it after the file',
    });
  }
  const sidecar = readSidecar(file, text, name);
  const stat = await source.head(file, budget);
  if (stat === undefined) throw new ArchiveError('MEDIA_NOT_FOUND', `${file} is not in the export any more`);
  if (stat.size !== listedBytes) {
    const sizes = `had ${listedBytes} bytes when it was listed and has ${stat.size}`;
    throw new ArchiveError('MEDIA_NOT_READY', `${file} ${sizes}`);
  }
  requireLikelySize(file, stat.size, sidecar);
  const item = itemOf(name, sidecar);
  const { conversationId, recordingId } = item.ids;
  const reading: Reading = { file, item, wasOpened: false };
  return {
    request: { dialect: 'recordings', conversationId, recordingId },
    resolver: {
      resolve: () => {
        // asked anew only where the bytes were wrong, and they stay so
        if (reading.wasOpened) return Promise.reject(reading.failure ?? truncated(file, 'is not whole'));
        return Promise.resolve({ state: 'ready', items: [item] });
      },
    },
    opener: openerOf(source, reading),
  };
}

/** One file that is read. */
interface Reading {
  readonly file: string;
  readonly item: MediaItem;
  wasOpened: boolean;
  /** What its bytes were refused for. */
  failure?: ArchiveError;
}

function itemOf(name: ExportedName, sidecar: Sidecar): MediaItem {
  const { conversationId, recordingId, extension, hour } = name;
  const { kind, subtype, provider, direction, startedAt, endedAt, durationMs } = sidecar;
  return {
    ids: { conversationId, recordingId },
    // never asked for: the opener has the file
    url: 'export:',
    mediaType: kind === 'call' ? 'audio' : kind,
    ...present({ durationMs, recordedAt: startedAt }),
    file: {
      kind,
      extension,
      ...present({ subtype, endedAt }),
    },
    conversation: {
      startedAt: hour,
      ...present({ provider, direction }),
    },
  };
}

/** A copy that broke off is as long as it says it is: only the length of the call tells. */
function requireLikelySize(file: string, bytes: number, { kind, durationMs = 0 }: Sidecar): void {
  if (bytes === 0) throw truncated(file, 'is empty');
  const least = (durationMs / 1_000) * MIN_AUDIO_BYTES_PER_SECOND;
  if (kind === 'call' && durationMs >= MIN_CHECKED_DURATION_MS && bytes < least) {
    throw truncated(file, `has ${bytes} bytes, which cannot hold ${durationMs} ms`);
  }
}

function openerOf(source: ObjectStore, reading: Reading): MediaOpener {
  return {
    open: async (_item, _refresh, budget) => {
      reading.wasOpened = true;
      const { stat, body } = await source.get(reading.file, budget);
      return {
        contentLength: stat.size,
        isFramed: true,
        // what a bucket says of it is what its writer said, as a rule nothing
        contentType: undefined,
        etag: stat.etag,
        chunks: checked(reading, body),
        resumes: () => 0,
      };
    },
  };
}

/** The bytes, as long as they are a recording that is not encrypted, up to the end that its container has. */
async function* checked(
  reading: Reading,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = new EndWatch();
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of end.watch(body)) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES || needsMoreBytes(head)) continue;
    refuseHead(reading, head);
    yield head;
    head = undefined;
  }
  if (head !== undefined) {
    refuseHead(reading, head);
    if (head.length > 0) yield head;
  }
  if (end.verdict() !== 'cut') return;
  reading.failure = truncated(reading.file, 'does not end as such a file ends');
  throw reading.failure;
}

function refuseHead(reading: Reading, head: Buffer): void {
  const { file, item } = reading;
  if (isOpenPgp(head)) throw new ArchiveError('EXPORT_ENCRYPTED', `${file} is encrypted with OpenPGP`);
  const content = looksLikeMarkup(head) ? 'markup' : contentOf(head);
  const found = unexpectedContent(content, expectationOf(item), undefined);
  if (found === undefined) return;
  reading.failure = new ArchiveError('MEDIA_NOT_AUDIO', `${file} holds ${found}, not a recording`, {
    retryable: false,
  });
  throw reading.failure;
}

/** Reading it again would give the same bytes. */
function truncated(file: string, why: string): ArchiveError {
  return new ArchiveError('MEDIA_TRUNCATED', `${file} ${why}`, { retryable: false });
}
