import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { TRANSCRIPT_STATUSES, transcriptKey } from '../record/object-key.ts';
import { parseTranscript, type StoredTranscript } from '../record/parse-transcript.ts';
import { type ReadPorts, restoreRecording } from './read-recording.ts';

/** Bytes, decrypted; this program stores none that is larger. */
const MAX_BYTES = 20 * 1024 * 1024;

/** What is known of the transcript of a recording. `not-asked`: nothing says that the platform was asked for one. */
export type TranscriptAnswer =
  | StoredTranscript
  | { readonly status: 'not-asked'; readonly fetchedAt?: undefined; readonly transcript?: undefined };

/**
 * The transcript of the recording under `key`, held to that recording's receipt like everything else that is read. A transcript counts
 * more than an earlier answer that there was none, and `none` more than `forbidden`.
 *
 * @param key of the recording.
 * @throws `OBJECT_MALFORMED`, `RECEIPT_MISMATCH`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function readTranscript(
  ports: ReadPorts,
  key: string,
  budget: Budget = unlimited,
): Promise<TranscriptAnswer> {
  for (const status of TRANSCRIPT_STATUSES) {
    const at = transcriptKey(key, status);
    const text = await readSealed(ports, at, budget);
    if (text === undefined) continue;
    const stored = parseTranscript(at, text);
    if (stored.status === status) return stored;
    throw new ArchiveError('OBJECT_MALFORMED', `${at} says ${stored.status}, which its name does not`);
  }
  return { status: 'not-asked' };
}

async function readSealed(ports: ReadPorts, key: string, budget: Budget): Promise<string | undefined> {
  if ((await ports.store.head(key, budget)) === undefined) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  const target = {
    write: (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size > MAX_BYTES) {
        return Promise.reject(
          new ArchiveError('OBJECT_MALFORMED', `${key} is larger than ${MAX_BYTES} bytes`),
        );
      }
      chunks.push(Buffer.from(chunk));
      return Promise.resolve();
    },
    commit: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
  await restoreRecording(ports, key, target, budget);
  return Buffer.concat(chunks, size).toString('utf8');
}
