import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { isSafeId, isSameId } from '../../recording/id.ts';
import { foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { explainRefusal } from '../permissions.ts';
import type { RecordingAnswer } from '../recordings/answers.ts';
import { type BatchItem, type BatchResult, foundOf, readResult } from '../recordings/batch.ts';
import type { FetchOptions, Found } from '../recordings/fetch.ts';
import { parseJsonObject } from '../responses.ts';

const BATCHES = ['api', 'v2', 'recording', 'batchrequests'] as const;

/** Pauses between looks at a batch, ms; the last one repeats. Many conversations take longer than one, and each look is a call. */
const POLL_PAUSES = [10_000, 15_000, 30_000] as const;

/** A batch that takes longer is asked for again later, ms: its links would not live long any more. */
const BATCH_PATIENCE_MS = 900_000;

/** When to ask again, ms. */
const RETRY_AFTER_MS = 300_000;

/** Results of one batch: each conversation may have several recordings, each of several files. */
const MAX_RESULTS = 50_000;

/** What is asked for of one conversation. */
export interface ConversationWish {
  readonly conversationId: string;
  readonly wanted: readonly RecordingAnswer[];
  /** All that the conversation has is wanted: one entry asks for it. Otherwise each recording is an entry. */
  readonly isWhole: boolean;
}

/** Entries of a batch that a wish takes, of the {@link MAX_BATCH_ITEMS}. */
export function entriesOf({ isWhole, wanted }: Pick<ConversationWish, 'isWhole' | 'wanted'>): number {
  return isWhole ? 1 : wanted.length;
}

/**
 * Asks for the files of many conversations at once. The answer is compared with the request: a recording that the batch does not
 * list is `left-out`, and the caller has to ask for it otherwise.
 *
 * @param wishes of {@link MAX_BATCH_ITEMS} entries together.
 * @returns one {@link Found} for each recording that is wanted, in its wish's order.
 * @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, and what the API client throws.
 */
export async function requestConversations(
  options: FetchOptions,
  wishes: readonly ConversationWish[],
  budget: Budget,
): Promise<readonly (readonly Found[])[]> {
  const jobId = await submit(options, wishes, budget);
  const completed = await collect(options, jobId, budget);
  if (completed === undefined) {
    const later = { state: 'transcoding', retryAfterMs: RETRY_AFTER_MS } as const;
    return wishes.map(({ wanted }) => wanted.map(() => later));
  }
  const { results, answer } = completed;
  const stranger = results.some((one) => !wishes.some((wish) => isOf(one, wish)));
  return wishes.map((wish) => {
    const own = results.filter((one) => isOf(one, wish));
    return wish.wanted.map((listed) => pick(wish, listed, { own, answer, stranger }));
  });
}

async function submit(
  { api }: FetchOptions,
  wishes: readonly ConversationWish[],
  budget: Budget,
): Promise<string> {
  const entries = wishes.flatMap(({ conversationId, wanted, isWhole }) =>
    isWhole ? [{ conversationId }] : wanted.map(({ id: recordingId }) => ({ conversationId, recordingId })),
  );
  const body = { batchDownloadRequestList: entries };
  const answer = await api.call({ method: 'POST', path: BATCHES, body }, budget);
  const accepted = answer.status === 200 || answer.status === 202;
  const id = accepted ? parseJsonObject(answer.text)?.['id'] : undefined;
  if (!isSafeId(id)) throw unexpectedAnswer('batch download', answer, explainRefusal('submitBatch', answer));
  return id;
}

interface CompletedBatch {
  readonly results: readonly (BatchResult & { readonly conversationId: string })[];
  readonly answer: ApiAnswer;
}

/** `undefined` when it takes too long. */
async function collect(
  { api, clock }: FetchOptions,
  jobId: string,
  budget: Budget,
): Promise<CompletedBatch | undefined> {
  const began = clock.now();
  for (let looks = 0; clock.now() - began < BATCH_PATIENCE_MS; looks += 1) {
    await clock.sleep(POLL_PAUSES[Math.min(looks, POLL_PAUSES.length - 1)] ?? 30_000, budget.signal);
    const answer = await api.call({ method: 'GET', path: [...BATCHES, jobId] }, budget);
    const body = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
    if (body === undefined) {
      throw unexpectedAnswer('batch download', answer, explainRefusal('pollBatch', answer));
    }
    for (const name of ['id', 'jobId']) {
      const stated = body[name] ?? undefined;
      if (stated !== undefined && !isSameId(stated, jobId)) {
        throw foreignAnswer('batch download', answer, name);
      }
    }
    // the counts can change while recordings are being discovered; only the status is final
    if (body['status'] === 'Completed') return { results: readResults(body['results'], answer), answer };
  }
  return undefined;
}

function readResults(value: unknown, answer: ApiAnswer): CompletedBatch['results'] {
  if (!Array.isArray(value) || value.length > MAX_RESULTS) {
    const { status, correlationId } = answer;
    throw new ArchiveError('GENESYS_BAD_RESPONSE', 'the batch download has no results', {
      details: { status, correlationId },
    });
  }
  return value.map((one: unknown) => {
    const { conversationId } = (typeof one === 'object' && one !== null ? one : {}) as Record<
      string,
      unknown
    >;
    return {
      ...readResult(one),
      conversationId: typeof conversationId === 'string' ? conversationId : '',
    };
  });
}

/** A result may state the recording alone. */
function isOf(
  { conversationId, recordingId }: { readonly conversationId: string; readonly recordingId: string },
  wish: ConversationWish,
): boolean {
  return conversationId === ''
    ? wish.wanted.some(({ id }) => isSameId(id, recordingId))
    : isSameId(conversationId, wish.conversationId);
}

function pick(
  { conversationId }: ConversationWish,
  listed: RecordingAnswer,
  batch: { readonly own: readonly BatchResult[]; readonly answer: ApiAnswer; readonly stranger: boolean },
): Found {
  const { own, answer, stranger } = batch;
  const item: BatchItem = { conversationId, recordingId: listed.id, listed };
  const results = own.filter((one) => isSameId(one.recordingId, listed.id));
  const found = foundOf(item, results, answer);
  if (found !== undefined) return found;
  // a result of another conversation may stand in the place of its own: that is no word about this one
  const what = `batch download of recording ${listed.id}`;
  return stranger
    ? { state: 'failed', error: foreignAnswer(what, answer, 'conversationId') }
    : { state: 'left-out' };
}
