import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { MediaItem } from '../../ports.ts';
import { present } from '../../present.ts';
import { isSafeId, isSameId } from '../../recording/id.ts';
import { findForeignId, foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { explainRefusal } from '../permissions.ts';
import type { RecordingAnswer } from './answers.ts';
import { factsOf, type FetchOptions, type Found, mayWait } from './fetch.ts';
import { extensionOfType } from './file-formats.ts';
import { parseJsonObject } from '../responses.ts';

/** Items of one batch; more are refused (`batch.download.too.many.items`). */
export const MAX_BATCH_ITEMS = 100;

/** Results of one batch: each recording may have several files. */
const MAX_BATCH_RESULTS = 10_000;

/** Pause between two looks at a batch, ms: that of the platform's own samples. */
const POLL_MS = 5_000;

export interface BatchItem {
  readonly conversationId: string;
  readonly recordingId: string;
  /** What the list of recordings said of it: a batch states neither kind nor time. */
  readonly listed?: Pick<RecordingAnswer, 'kind' | 'subtype' | 'recordedAt' | 'endedAt'> & {
    readonly region?: string | undefined;
  };
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
  for (let at = 0; at < items.length; at += MAX_BATCH_ITEMS) {
    const part = items.slice(at, at + MAX_BATCH_ITEMS);
    for (const [id, one] of await requestPart(options, part, budget)) found.set(id, one);
  }
  return found;
}

/** One that is refused because of one of its items is asked for again in halves: the others are not to wait for that one. */
async function requestPart(
  options: FetchOptions,
  items: readonly BatchItem[],
  budget: Budget,
): Promise<ReadonlyMap<string, Found>> {
  let jobId: string;
  try {
    jobId = await submit(options, items, budget);
  } catch (error) {
    if (!isRefusedItem(error)) throw error;
    const [only] = items;
    if (items.length === 1 && only !== undefined)
      return new Map([[only.recordingId, { state: 'failed', error }]]);
    const half = Math.ceil(items.length / 2);
    const first = await requestPart(options, items.slice(0, half), budget);
    return new Map([...first, ...(await requestPart(options, items.slice(half), budget))]);
  }
  return collect(options, jobId, items, budget);
}

function isRefusedItem(error: unknown): error is ArchiveError {
  if (!(error instanceof ArchiveError) || error.code !== 'GENESYS_BAD_RESPONSE') return false;
  const status = Number(error.details['status']);
  return status >= 400 && status < 500;
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
    for (const name of ['id', 'jobId']) {
      const stated = body[name] ?? undefined;
      if (stated !== undefined && !isSameId(stated, jobId))
        throw foreignAnswer('batch download', answer, name);
    }
    // the counts can change while recordings are being discovered; only the status is final
    if (body['status'] === 'Completed') return readResults(body['results'], items, answer);
  }
}

export interface BatchResult {
  /** Empty when it states none. */
  readonly recordingId: string;
  readonly url: string | undefined;
  /** Without parameters, in lower case. */
  readonly contentType: string | undefined;
  readonly value: unknown;
}

function readResults(
  value: unknown,
  items: readonly BatchItem[],
  answer: ApiAnswer,
): ReadonlyMap<string, Found> {
  if (!Array.isArray(value) || value.length > MAX_BATCH_RESULTS) {
    const { status, correlationId } = answer;
    throw new ArchiveError('GENESYS_BAD_RESPONSE', 'the batch download has no results', {
      details: { status, correlationId },
    });
  }
  const results = value.map(readResult);
  const stranger = results.some((one) => !items.some((item) => isSameId(item.recordingId, one.recordingId)));
  return new Map(
    items.flatMap((item) => {
      const own = results.filter((one) => isSameId(one.recordingId, item.recordingId));
      const found = foundOf(item, own, answer);
      if (found !== undefined) return [[item.recordingId, found]];
      // a result of another recording may stand in the place of its own: that is no word about this one
      const failed = { state: 'failed', error: foreignAnswer(whatOf(item), answer, 'recordingId') } as const;
      return stranger ? [[item.recordingId, failed]] : [];
    }),
  );
}

/** `undefined` when no result is about it. */
export function foundOf(item: BatchItem, own: readonly BatchResult[], answer: ApiAnswer): Found | undefined {
  if (own.length === 0) return undefined;
  const { conversationId, recordingId, listed } = item;
  const foreign = own
    .map(({ value }) => findForeignId(value, { conversationId }))
    .find((one) => one !== undefined);
  if (foreign !== undefined) return { state: 'failed', error: foreignAnswer(whatOf(item), answer, foreign) };
  const files = own
    .filter((one) => one.url !== undefined)
    .toSorted((one, other) => (pathOf(one.url) < pathOf(other.url) ? -1 : 1));
  if (files.length === 0) return { state: 'no-file', status: 'not available' };
  return {
    state: 'files',
    items: files.map(
      ({ url = '', contentType }, at): MediaItem => ({
        ids: { conversationId, recordingId, ...(files.length === 1 ? {} : { channel: String(at) }) },
        url,
        ...present({
          mediaType: contentType === undefined ? undefined : (contentType.split('/')[0] ?? ''),
          recordedAt: listed?.recordedAt === undefined ? undefined : listed.recordedAt,
          region: listed?.region === undefined ? undefined : listed.region,
          file: listed === undefined ? undefined : factsOf(listed, extensionOfType(contentType)),
        }),
      }),
    ),
  };
}

function whatOf({ recordingId }: BatchItem): string {
  return `batch download of recording ${recordingId}`;
}

/** `errorMsg` is free text and says nothing that could be relied on, so only its presence counts. */
export function readResult(value: unknown): BatchResult {
  if (typeof value !== 'object' || value === null) {
    return { recordingId: '', url: undefined, contentType: undefined, value };
  }
  const { recordingId, resultUrl, contentType, errorMsg } = value as Record<string, unknown>;
  const error = typeof errorMsg === 'string' && errorMsg !== '';
  return {
    recordingId: typeof recordingId === 'string' ? recordingId : '',
    url: typeof resultUrl === 'string' && resultUrl !== '' && !error ? resultUrl : undefined,
    contentType:
      typeof contentType === 'string'
        ? contentType.slice(0, 100).split(';')[0]?.trim().toLowerCase()
        : undefined,
    value,
  };
}

function pathOf(url: string | undefined): string {
  try {
    return new URL(url ?? '').pathname;
  } catch {
    return '';
  }
}
