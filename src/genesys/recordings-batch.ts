import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { MediaItem } from '../ports.ts';
import { isSafeId } from '../recording-id.ts';
import { type ApiAnswer, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import type { RecordingAnswer } from './recordings-answers.ts';
import { factsOf, type FetchOptions, type Found, mayWait } from './recordings-fetch.ts';
import { extensionOfType } from './recordings-policy.ts';
import { parseJsonObject } from './responses.ts';

/** Items of one batch; more are refused (`batch.download.too.many.items`). */
export const MOST_BATCH_ITEMS = 100;

/** Pause between two looks at a batch, ms: that of the platform's own samples. */
const POLL_MS = 5_000;

export interface BatchItem {
  readonly conversationId: string;
  readonly recordingId: string;
  /** What the list of recordings said of it: a batch states neither kind nor time. */
  readonly listed?: Pick<RecordingAnswer, 'kind' | 'subtype' | 'recordedAt' | 'endedAt'>;
}

/**
 * Asks for the files of many recordings at once, of any conversations, in the format and codec they were recorded in: a batch
 * knows no format. Files of one recording are told apart by their place in the order of their paths, because the platform does
 * not name them.
 *
 * @returns what was found, by recording id; a recording that is missing was left out, which is what happens to redacted ones
 *   that the client may not see in full.
 * @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, and what the API client throws.
 */
export async function requestBatch(
  options: FetchOptions,
  items: readonly BatchItem[],
  budget: Budget,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  for (let at = 0; at < items.length; at += MOST_BATCH_ITEMS) {
    const part = items.slice(at, at + MOST_BATCH_ITEMS);
    const jobId = await submit(options, part, budget);
    for (const [id, one] of await collect(options, jobId, part, budget)) found.set(id, one);
  }
  return found;
}

async function submit({ api }: FetchOptions, items: readonly BatchItem[], budget: Budget): Promise<string> {
  const answer = await api.call(
    {
      method: 'POST',
      path: ['api', 'v2', 'recording', 'batchrequests'],
      body: {
        batchDownloadRequestList: items.map(({ conversationId, recordingId }) => ({
          conversationId,
          recordingId,
        })),
      },
    },
    budget,
  );
  const id =
    answer.status === 200 || answer.status === 202 ? parseJsonObject(answer.text)?.['id'] : undefined;
  if (!isSafeId(id)) throw unexpectedAnswer('batch download', answer, explainRefusal('submitBatch', answer));
  return id;
}

async function collect(
  { api, clock }: FetchOptions,
  jobId: string,
  items: readonly BatchItem[],
  budget: Budget,
): Promise<ReadonlyMap<string, Found>> {
  let waitedMs = 0;
  for (;;) {
    if (!mayWait(clock, budget, waitedMs, POLL_MS)) {
      // asking anew begins a new batch: the platform keeps what it has made, so that one is faster
      return new Map(
        items.map(({ recordingId }) => [recordingId, { state: 'transcoding', retryAfterMs: 60_000 }]),
      );
    }
    await clock.sleep(POLL_MS, budget.signal);
    waitedMs += POLL_MS;
    const answer = await api.call(
      { method: 'GET', path: ['api', 'v2', 'recording', 'batchrequests', jobId] },
      budget,
    );
    const body = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
    if (body === undefined)
      throw unexpectedAnswer('batch download', answer, explainRefusal('pollBatch', answer));
    // the counts can change while recordings are being discovered; only the status is final
    if (body['status'] === 'Completed') return readResults(body['results'], items, answer);
  }
}

interface BatchResult {
  readonly recordingId: string;
  readonly url: string | undefined;
  readonly error: boolean;
  readonly contentType: string | undefined;
}

function readResults(
  value: unknown,
  items: readonly BatchItem[],
  { status, correlationId }: ApiAnswer,
): ReadonlyMap<string, Found> {
  if (!Array.isArray(value)) {
    throw new ArchiveError('GENESYS_BAD_RESPONSE', 'the batch download has no results', {
      details: { status, correlationId },
    });
  }
  const results = value.map(readResult).filter((one) => one !== undefined);
  const found = new Map<string, Found>();
  for (const { conversationId, recordingId, listed } of items) {
    const own = results.filter((one) => one.recordingId === recordingId);
    if (own.length === 0) continue;
    const files = own
      .filter((one) => one.url !== undefined)
      .toSorted((one, other) => (pathOf(one.url) < pathOf(other.url) ? -1 : 1));
    found.set(
      recordingId,
      files.length === 0
        ? { state: 'no-file', status: 'not available' }
        : {
            state: 'files',
            items: files.map(
              ({ url = '', contentType }, at): MediaItem => ({
                ids: { conversationId, recordingId, ...(files.length === 1 ? {} : { channel: String(at) }) },
                url,
                ...(contentType === undefined ? {} : { mediaType: contentType.split('/')[0] ?? '' }),
                ...(listed?.recordedAt === undefined ? {} : { recordedAt: listed.recordedAt }),
                ...(listed === undefined ? {} : { file: factsOf(listed, extensionOfType(contentType)) }),
              }),
            ),
          },
    );
  }
  return found;
}

/** `errorMsg` is free text and says nothing that could be relied on, so only its presence counts. */
function readResult(value: unknown): BatchResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { recordingId, resultUrl, contentType, errorMsg } = value as Record<string, unknown>;
  if (typeof recordingId !== 'string') return undefined;
  const error = typeof errorMsg === 'string' && errorMsg !== '';
  return {
    recordingId,
    url: typeof resultUrl === 'string' && resultUrl !== '' && !error ? resultUrl : undefined,
    error,
    contentType: typeof contentType === 'string' ? contentType.slice(0, 40) : undefined,
  };
}

function pathOf(url: string | undefined): string {
  try {
    return new URL(url ?? '').pathname;
  } catch {
    return '';
  }
}
