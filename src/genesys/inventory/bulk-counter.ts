import type { Budget } from '../../clock.ts';
import type { Asked, RecordingInventory } from '../../ports.ts';
import { isSafeId, isSameId } from '../../recording/id.ts';
import { foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { explainBackfillRefusal } from '../backfill-calls.ts';
import { parseJsonObject } from '../responses.ts';
import type { InventoryOptions } from './inventory-options.ts';
import { present } from '../../present.ts';

const JOBS = ['api', 'v2', 'recording', 'jobs'] as const;

/** Between two looks, ms. */
const POLL_MS = 15_000;

/** ms: the platform needs up to an hour for 500,000 conversations. A dry run does not wait that long. */
const COUNT_PATIENCE_MS = 300_000;

/** What the platform counts apart, in years, and how much of it at a time, ms: at most six months. */
const AGED_YEARS = 5;
const MAX_AGED_MS = 180 * 86_400_000;

/** ms from now: were the job ever started, nothing would happen for ten years. */
const FAR_AHEAD_MS = 3_650 * 86_400_000;

/**
 * A bulk job counts what it would do before it is started, and this one never is: it is deleted once it has counted. Its action moves
 * recordings to the platform's archive in ten years, which is the only one of the three that destroys and sends nothing.
 */
export async function countByBulkJob(
  options: InventoryOptions,
  range: Parameters<RecordingInventory['count']>[0],
  budget: Budget,
): Promise<Asked<Counted>> {
  let sum: Counted = { conversations: 0, recordings: 0 };
  for (const part of partsOf(range, options.clock.now())) {
    const counted = await countPart(options, part, budget);
    if (counted.state !== 'known') return counted;
    const { conversations, recordings } = counted;
    sum = {
      conversations: sum.conversations + conversations,
      recordings: sum.recordings + recordings,
    };
  }
  return { state: 'known', ...sum };
}

interface Counted {
  readonly conversations: number;
  readonly recordings: number;
}

interface Part {
  readonly from: number;
  readonly to: number;
  /** Of more than five years ago: the platform's usual query does not reach it. */
  readonly isAged: boolean;
}

/** Epoch ms before which the platform's analytics list nothing. Pure. */
export function agedBefore(now: number): number {
  const at = new Date(now);
  at.setUTCFullYear(at.getUTCFullYear() - AGED_YEARS);
  return at.getTime();
}

/** The spans of time that are counted each by a job of its own. Pure. */
export function partsOf(
  { from, to }: { readonly from: number; readonly to: number },
  now: number,
): readonly Part[] {
  const limit = agedBefore(now);
  const parts: Part[] = [];
  for (let at = from; at < Math.min(to, limit); at += MAX_AGED_MS) {
    parts.push({ from: at, to: Math.min(at + MAX_AGED_MS, to, limit), isAged: true });
  }
  if (to > limit) parts.push({ from: Math.max(from, limit), to, isAged: false });
  return parts;
}

async function countPart(
  { api, clock, logger }: InventoryOptions,
  { from, to, isAged }: Part,
  budget: Budget,
): Promise<Asked<Counted>> {
  const interval = `${new Date(from).toISOString()}/${new Date(to).toISOString()}`;
  const body = {
    action: 'ARCHIVE',
    actionDate: new Date(clock.now() + FAR_AHEAD_MS).toISOString(),
    includeRecordingsWithSensitiveData: true,
    includeScreenRecordings: true,
    ...(isAged ? { agedConversationInterval: interval } : { conversationQuery: { interval } }),
  };
  const answer = await api.call({ method: 'POST', path: JOBS, body }, budget);
  if (answer.status !== 200 && answer.status !== 202) return notAnswered(answer);
  const id = parseJsonObject(answer.text)?.['id'];
  if (!isSafeId(id)) throw unexpectedAnswer('count of recordings', answer);
  try {
    for (const began = clock.now(); clock.now() - began < COUNT_PATIENCE_MS; ) {
      const look = await api.call({ method: 'GET', path: [...JOBS, id] }, budget);
      const job = look.status === 200 ? parseJsonObject(look.text) : undefined;
      if (job === undefined) return notAnswered(look);
      if (job['id'] !== undefined && !isSameId(job['id'], id)) {
        throw foreignAnswer('count of recordings', look, 'id');
      }
      const { totalConversations: conversations, totalRecordings: recordings, state } = job;
      if (state === 'READY' && typeof conversations === 'number' && typeof recordings === 'number') {
        return { state: 'known', conversations, recordings };
      }
      if (state === 'FAILED' || state === 'CANCELLED') return { state: 'unknown', status: look.status };
      await clock.sleep(POLL_MS, budget.signal);
    }
    return { state: 'unknown', status: 202 };
  } finally {
    await discard(api, id, budget).catch(() => {
      logger.log('warn', 'the bulk job that counted recordings could not be deleted; it was never started');
    });
  }
}

async function discard(api: GenesysApi, id: string, budget: Budget): Promise<void> {
  // also when the command was interrupted: two of them are all that an organization may have
  const signal = budget.signal.aborted ? new AbortController().signal : budget.signal;
  const answer = await api.call({ method: 'DELETE', path: [...JOBS, id] }, { ...budget, signal });
  if (answer.status >= 400 && answer.status !== 404) throw unexpectedAnswer('count of recordings', answer);
}

function notAnswered(answer: ApiAnswer): Asked<never> {
  const { status } = answer;
  if (status !== 403) return { state: 'unknown', status };
  const hint = explainBackfillRefusal('countRecordings', answer);
  return { state: 'forbidden', ...present({ hint }) };
}
