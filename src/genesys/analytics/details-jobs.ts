import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { AnalyzedConversation, Availability, ConversationAnalytics, DetailsQuery } from '../../ports.ts';
import { canonicalId, isSafeId, isSameId } from '../../recording/id.ts';
import { DAY_MS, dayOf, parseRecordingTime } from '../../recording/time.ts';
import { findForeignId, foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { type BackfillCall, explainBackfillRefusal } from '../backfill-calls.ts';
import { parseJsonObject, readField } from '../responses.ts';
import { readConversation } from './read-conversation.ts';
import type { AnalyticsOptions } from './analytics-options.ts';
import { readTimes } from './conversation-times.ts';
import { present } from '../../present.ts';

const JOBS = ['api', 'v2', 'analytics', 'conversations', 'details', 'jobs'] as const;

/** Conversations asked for at a time; a page that is too large is asked for again in the next smaller size. */
const PAGE_SIZES = [1_000, 500, 100, 25] as const;

/** Pauses between looks at a job, ms; the last one repeats. Samples of the platform do not look before 3 s. */
const POLL_PAUSES = [3_000, 3_000, 5_000, 10_000, 15_000, 30_000] as const;

/** A job that takes longer is given up, ms. */
const JOB_PATIENCE_MS = 3_600_000;

/** Jobs submitted for one list: results expire, and cursors of one job mean nothing to another. */
const MAX_JOBS = 3;

/** Conversations of one page; a longer one is none of the platform's. */
const MAX_PAGE_ENTRIES = 10_000;

/** The asynchronous details jobs: attributes, notes and wrap-ups of a day's conversations, 1,000 an answer. */
export function createConversationAnalytics(options: AnalyticsOptions): ConversationAnalytics {
  return {
    availability: (budget) => readAvailability(options, budget),
    conversations: (query, budget) => listConversations(options, query, budget),
    times: (ids, budget) => readTimes(options, ids, budget),
  };
}

async function readAvailability({ api }: AnalyticsOptions, budget: Budget): Promise<Availability> {
  const answer = await api.call({ method: 'GET', path: [...JOBS, 'availability'] }, budget);
  if (answer.status === 403) return { state: 'forbidden' };
  const until = parseRecordingTime(parseJsonObject(answer.text)?.['dataAvailabilityDate']);
  return answer.status === 200 && until !== undefined ? { state: 'known', until } : { state: 'unknown' };
}

async function* listConversations(
  options: AnalyticsOptions,
  query: DetailsQuery,
  budget: Budget,
): AsyncGenerator<AnalyzedConversation, void, undefined> {
  const seen = new Set<string>();
  for (let jobs = 1; ; jobs += 1) {
    const jobId = await submit(options, query, budget);
    let isRead = false;
    try {
      const state = await waitForJob(options, jobId, budget);
      if (state === 'done') {
        for await (const page of readPages(options, jobId, query, budget)) {
          for (const conversation of page) {
            const id = canonicalId(conversation.conversationId);
            if (seen.has(id)) continue;
            seen.add(id);
            if (isWanted(conversation, query)) yield conversation;
          }
        }
        isRead = true;
        return;
      }
    } catch (error) {
      if (!(error instanceof ExpiredJob)) throw error;
      isRead = true;
    } finally {
      // left early: the platform need not go on with it
      if (!isRead) await cancel(options, jobId, budget);
    }
    if (jobs >= MAX_JOBS) {
      throw new ArchiveError('GENESYS_UNAVAILABLE', `${what(query)}: its results expired ${jobs} times`);
    }
    options.logger.log('debug', 'the results of an analytics job expired: submitting another', {
      attempt: jobs,
    });
  }
}

/** The results are gone; what was read of them stays good. */
class ExpiredJob extends Error {}

/** The platform also answers with what it was not asked for. */
function isWanted({ start, end }: AnalyzedConversation, { day, of }: DetailsQuery): boolean {
  const began = Date.parse(start);
  if (of === 'started') return began >= day && began < day + DAY_MS;
  return began < day + DAY_MS && (end === undefined || Date.parse(end) >= day);
}

function what({ day }: Pick<DetailsQuery, 'day'>): string {
  return `conversations of ${dayOf(day)}`;
}

async function submit({ api }: AnalyticsOptions, query: DetailsQuery, budget: Budget): Promise<string> {
  const { day, of } = query;
  const interval = `${new Date(day).toISOString()}/${new Date(day + DAY_MS).toISOString()}`;
  const body = {
    interval,
    order: 'asc',
    orderBy: 'conversationStart',
    ...(of === 'started' ? { startOfDayIntervalMatching: true } : {}),
  };
  const answer = await api.call({ method: 'POST', path: JOBS, body }, budget);
  const accepted = answer.status === 202 || answer.status === 200;
  const id = accepted ? parseJsonObject(answer.text)?.['jobId'] : undefined;
  if (!isSafeId(id)) throw refused(query, answer, 'submitDetailsJob');
  return id;
}

async function waitForJob(
  { api, clock }: AnalyticsOptions,
  jobId: string,
  budget: Budget,
): Promise<'done' | 'expired'> {
  const began = clock.now();
  for (let looks = 0; ; looks += 1) {
    await clock.sleep(POLL_PAUSES[Math.min(looks, POLL_PAUSES.length - 1)] ?? 30_000, budget.signal);
    const answer = await api.call({ method: 'GET', path: [...JOBS, jobId] }, budget);
    if (answer.status === 404 || answer.status === 410) return 'expired';
    const body = answer.status === 200 || answer.status === 202 ? parseJsonObject(answer.text) : undefined;
    if (body === undefined) throw refused(undefined, answer, 'pollDetailsJob');
    requireJob(answer, body, jobId);
    switch (body['state']) {
      case 'FULFILLED':
        return 'done';
      case 'EXPIRED':
        return 'expired';
      case 'FAILED':
      case 'CANCELLED': {
        const state = body['state'].toLowerCase();
        const details = { status: answer.status, correlationId: answer.correlationId };
        throw new ArchiveError('GENESYS_UNAVAILABLE', `the analytics job was ${state}`, { details });
      }
      default:
        if (clock.now() - began > JOB_PATIENCE_MS) {
          throw new ArchiveError('GENESYS_UNAVAILABLE', 'the analytics job did not end within an hour');
        }
    }
  }
}

/** Refuses a poll that names another job: its list would be taken for this one's. */
function requireJob(answer: ApiAnswer, body: unknown, jobId: string): void {
  const stated = readField(body, 'jobId') ?? readField(body, 'id') ?? undefined;
  if (stated !== undefined && !isSameId(stated, jobId)) throw foreignAnswer('analytics job', answer, 'jobId');
}

async function* readPages(
  { api, organizationId }: AnalyticsOptions,
  jobId: string,
  query: DetailsQuery,
  budget: Budget,
): AsyncGenerator<readonly AnalyzedConversation[], void, undefined> {
  let size = 0;
  let cursor: string | undefined;
  const cursors = new Set<string>();
  for (;;) {
    const pageSize = String(PAGE_SIZES[size]);
    const request = {
      method: 'GET',
      path: [...JOBS, jobId, 'results'],
      query: { pageSize, ...present({ cursor }) },
    } as const;
    let answer: ApiAnswer | undefined;
    try {
      answer = await api.call(request, budget);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
    }
    if (answer === undefined || answer.status === 413) {
      size += 1;
      if (size < PAGE_SIZES.length) continue;
      throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what(query)}: a page is too large in every size`);
    }
    if (answer.status === 404 || answer.status === 410) throw new ExpiredJob();
    const body = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
    const entries = body?.['conversations'] ?? [];
    if (body === undefined || !Array.isArray(entries) || entries.length > MAX_PAGE_ENTRIES) {
      throw refused(query, answer, 'readDetailsJob');
    }
    const until = parseRecordingTime(body['dataAvailabilityDate']);
    if (until !== undefined) query.onAvailability?.(until);
    yield readPage(entries, answer, query, organizationId);
    const next = body['cursor'];
    if (typeof next !== 'string' || next === '') return;
    // a cursor that comes back would be read for ever
    if (cursors.has(next)) throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what(query)}: a cursor repeats`);
    cursors.add(next);
    cursor = next;
  }
}

function readPage(
  entries: readonly unknown[],
  answer: ApiAnswer,
  query: DetailsQuery,
  organizationId: string | undefined,
): readonly AnalyzedConversation[] {
  return entries.map((entry) => {
    const foreign = findForeignId(entry, { organizationId });
    if (foreign !== undefined) throw foreignAnswer(what(query), answer, foreign);
    const conversation = readConversation(entry);
    // one that is left out would be missing from the archive without a word
    if (conversation === undefined) throw refused(query, answer, 'readDetailsJob');
    return conversation;
  });
}

function isTooLarge(error: unknown): boolean {
  return (
    error instanceof ArchiveError &&
    error.code === 'GENESYS_BAD_RESPONSE' &&
    error.details['limitBytes'] !== undefined
  );
}

async function cancel({ api, logger }: AnalyticsOptions, jobId: string, budget: Budget): Promise<void> {
  try {
    if (!budget.signal.aborted) await api.call({ method: 'DELETE', path: [...JOBS, jobId] }, budget);
  } catch {
    logger.log('debug', 'an analytics job could not be cancelled; it expires by itself');
  }
}

function refused(query: DetailsQuery | undefined, answer: ApiAnswer, call: BackfillCall): ArchiveError {
  const name = query === undefined ? 'analytics job' : what(query);
  return unexpectedAnswer(name, answer, explainBackfillRefusal(call, answer));
}
