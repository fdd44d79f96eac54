import type { Budget, Clock } from '../clock.ts';
import type { FoundTranscript, RecordingIds, TranscriptLook } from '../ports.ts';
import { canonicalId } from '../recording/id.ts';
import { TRANSCRIPT_STATUSES, type TranscriptStatus, transcriptKey } from '../record/object-key.ts';
import { writeTranscript } from '../record/transcript.ts';
import type { ArchiveResult } from './archive-request.ts';
import { type CompanionPorts, sealBeside } from './seal-beside.ts';

/** Which objects say that a transcript needs not be asked for. */
export type TranscriptPass =
  /** Any: a live event asks once. */
  | 'once'
  /** Only the transcript itself: what was missing or forbidden then is asked for again. */
  | 'again';

/**
 * Keeps beside each recording that is archived by now what the platform has as its transcript, or that it has none, or that it is
 * forbidden: three objects with names of their own, none of which is ever overwritten. The platform is asked at most once, and not at
 * all where every recording has its answer.
 *
 * @returns the time after which to look again, ms; `undefined` when there is nothing to wait for.
 * @throws what `look`, the store and the key service throw; the recordings are archived by then, and stay so.
 */
export async function keepTranscripts(
  ports: CompanionPorts & { readonly clock: Clock },
  results: readonly ArchiveResult[],
  { pass, look }: { readonly pass: TranscriptPass; readonly look: () => Promise<TranscriptLook> },
  budget: Budget,
): Promise<number | undefined> {
  const lacking: { readonly ids: RecordingIds; readonly key: string }[] = [];
  for (const result of results) {
    if (result.state !== 'archived') continue;
    if (!(await hasAnswer(ports, result.key, pass, budget))) lacking.push(result);
  }
  if (lacking.length === 0) return undefined;
  const looked = await look();
  if (looked.state === 'later') return looked.retryAfterMs;
  for (const one of lacking) {
    const found = looked.found.get(canonicalId(one.ids.recordingId));
    const what = found === undefined ? { status: looked.others } : ({ status: 'known', ...found } as const);
    await storeTranscript(ports, one, what, budget);
  }
  return undefined;
}

async function hasAnswer(
  { store }: CompanionPorts,
  key: string,
  pass: TranscriptPass,
  budget: Budget,
): Promise<boolean> {
  const statuses: readonly TranscriptStatus[] = pass === 'once' ? TRANSCRIPT_STATUSES : ['known'];
  for (const status of statuses) {
    if ((await store.head(transcriptKey(key, status), budget)) !== undefined) return true;
  }
  return false;
}

async function storeTranscript(
  ports: CompanionPorts & { readonly clock: Clock },
  { ids, key }: { readonly ids: RecordingIds; readonly key: string },
  found: { readonly status: TranscriptStatus } & Partial<FoundTranscript>,
  budget: Budget,
): Promise<void> {
  const at = transcriptKey(key, found.status);
  if ((await ports.store.head(at, budget)) !== undefined) return;
  const text = writeTranscript(ids, found, ports.clock.now());
  await sealBeside(ports, { kind: 'transcript', ids, key: at, text }, budget);
}
