/** Transcripts of speech and text analytics: `…/speechandtextanalytics/…/transcripturls`, and the files behind the links. */
import type { Budget, Clock } from '../clock.ts';
import { readText } from '../http/read-body.ts';
import type { MediaItem, MediaOpener, TranscriptLook, TranscriptSource } from '../ports.ts';
import { canonicalId, isSafeId } from '../recording/id.ts';
import { parseRecordingTime } from '../recording/time.ts';
import { findForeignId, requireSameIds } from './answer-ids.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from './api-client.ts';
import { readConversation } from './conversation-facts.ts';
import { explainRefusal } from './permissions.ts';
import type { RateBudget } from './rate-budget.ts';
import { parseJsonObject, readField, readList } from './responses.ts';

/** Bytes of one transcript; hours of speech have some megabytes, words with their times included. */
export const MAX_TRANSCRIPT_BYTES = 16 * 1024 * 1024;

/** Sessions of one conversation that are asked about, the customer's first. */
const MAX_COMMUNICATIONS = 5;

/** ms; SQS delays no message for longer. */
const MAX_WAIT_MS = 15 * 60_000;

/** ms; no look comes sooner than this after one that found nothing. */
const SHORTEST_WAIT_MS = 60_000;

export interface TranscriptOptions {
  readonly api: GenesysApi;
  readonly opener: MediaOpener;
  /** What transcripts may use of the requests a minute, beside the budget that all calls wait for. */
  readonly rate: RateBudget;
  readonly organizationId: string | undefined;
  /** ms after the end of a conversation for which a transcript that is not there may still come. */
  readonly waitMs: number;
  readonly clock: Clock;
}

export function createTranscriptSource(options: TranscriptOptions): TranscriptSource {
  return {
    look: async (conversationId, hints, budget) => {
      const { communicationIds, endedAt } =
        hints.communicationIds === undefined
          ? await askConversation(options, conversationId, budget)
          : { communicationIds: hints.communicationIds, endedAt: undefined };
      return ask(options, { conversationId, communicationIds, endedAt: hints.endedAt ?? endedAt }, budget);
    },
  };
}

interface Looked {
  readonly conversationId: string;
  readonly communicationIds: readonly string[];
  readonly endedAt: number | undefined;
}

async function ask(options: TranscriptOptions, looked: Looked, budget: Budget): Promise<TranscriptLook> {
  const found = new Map<string, { communicationId: string; transcript: object }>();
  const asked = looked.communicationIds.slice(0, MAX_COMMUNICATIONS);
  for (const communicationId of asked) {
    const answer = await askForLinks(options, looked, communicationId, budget);
    if (answer === 'forbidden') return { state: 'answered', found, others: 'forbidden' };
    for (const { recordingId, url } of answer) {
      const id = canonicalId(recordingId);
      if (found.has(id)) continue;
      const ids = { conversationId: looked.conversationId, recordingId };
      found.set(id, { communicationId, transcript: await download(options, ids, url, budget) });
    }
    // the first session that has transcripts has those of all that was said with the customer
    if (found.size > 0) break;
  }
  const { clock, waitMs } = options;
  const leftMs = (looked.endedAt ?? Number.NEGATIVE_INFINITY) + waitMs - clock.now();
  if (found.size === 0 && asked.length > 0 && leftMs > 0) {
    const retryAfterMs = Math.min(MAX_WAIT_MS, Math.max(SHORTEST_WAIT_MS, leftMs));
    return { state: 'later', retryAfterMs };
  }
  return { state: 'answered', found, others: 'none' };
}

async function askForLinks(
  { api, rate, organizationId }: TranscriptOptions,
  { conversationId }: Looked,
  communicationId: string,
  budget: Budget,
): Promise<'forbidden' | readonly { readonly recordingId: string; readonly url: string }[]> {
  const what = `transcripts of conversation ${conversationId}`;
  await rate.acquire(budget);
  const answer = await api.call(
    {
      method: 'GET',
      path: [
        'api',
        'v2',
        'speechandtextanalytics',
        'conversations',
        conversationId,
        'communications',
        communicationId,
        'transcripturls',
      ],
    },
    budget,
  );
  if (answer.status === 404) return [];
  if (answer.status === 403) return 'forbidden';
  const listed = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
  if (listed === undefined) throw unexpectedAnswer(what, answer, explainRefusal('getTranscriptUrls', answer));
  requireSameIds(what, answer, listed, { conversationId, organizationId });
  return readList(readField(listed, 'urls')).flatMap((one) => {
    const recordingId = readField(readField(one, 'recording'), 'id');
    const url = readField(one, 'url');
    return isSafeId(recordingId) && typeof url === 'string' ? [{ recordingId, url }] : [];
  });
}

async function download(
  { opener }: TranscriptOptions,
  ids: MediaItem['ids'],
  url: string,
  budget: Budget,
): Promise<object> {
  const item: MediaItem = { ids, url, file: { kind: 'message', extension: 'json' } };
  const { chunks } = await opener.open(item, () => Promise.resolve(item), budget);
  const text = await readText(chunks, MAX_TRANSCRIPT_BYTES, 'GENESYS_BAD_RESPONSE');
  const transcript = parseJsonObject(text);
  const what = `transcript of recording ${ids.recordingId}`;
  const answer: ApiAnswer = { status: 200, text, errorCode: undefined, correlationId: undefined };
  if (transcript === undefined) throw unexpectedAnswer(what, answer);
  // segments of one recording may have ids of their own: only the conversation is compared
  if (findForeignId(transcript, { conversationId: ids.conversationId }) !== undefined) {
    throw unexpectedAnswer(`${what}: it is about another conversation`, answer);
  }
  return transcript;
}

/** Sessions by medium of a `Participant` that may be transcribed. */
const SPOKEN = ['calls', 'callbacks', 'messages', 'chats', 'videos'] as const;

async function askConversation(
  { api, rate }: TranscriptOptions,
  conversationId: string,
  budget: Budget,
): Promise<Pick<Looked, 'communicationIds' | 'endedAt'>> {
  await rate.acquire(budget);
  const answer = await api.call(
    { method: 'GET', path: ['api', 'v2', 'conversations', conversationId] },
    budget,
  );
  if (answer.status === 404) return { communicationIds: [], endedAt: undefined };
  const what = `sessions of conversation ${conversationId}`;
  const conversation = readConversation(what, answer, conversationId);
  const endedAt = parseRecordingTime(readField(conversation, 'endTime'));
  const participants = readList(readField(conversation, 'participants'));
  const isCustomers = (one: unknown) => ['customer', 'external'].includes(String(readField(one, 'purpose')));
  const ordered = [...participants.filter(isCustomers), ...participants.filter((one) => !isCustomers(one))];
  const sessions = ordered.flatMap((one) => SPOKEN.flatMap((name) => readList(readField(one, name))));
  return { communicationIds: sessions.map((one) => readField(one, 'id')).filter(isSafeId), endedAt };
}
