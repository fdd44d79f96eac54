import type { Budget } from '../../clock.ts';
import type { ConversationTimes } from '../../ports.ts';
import { canonicalId, isSafeId } from '../../recording/id.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import { findForeignId, foreignAnswer } from '../answer-ids.ts';
import { parseJsonObject, readField } from '../responses.ts';
import type { AnalyticsOptions } from './analytics-options.ts';

const DETAILS = ['api', 'v2', 'analytics', 'conversations', 'details'] as const;

/** Conversations asked about at once: 50 ids are 2 KB of an address. */
const MAX_IDS = 50;

/**
 * Times of conversations that are named by their ids. What is refused or not answered is not known, which costs those who ask a call for
 * each recording, and nothing else.
 */
export async function readTimes(
  { api, organizationId, logger }: AnalyticsOptions,
  conversationIds: readonly string[],
  budget: Budget,
): Promise<ReadonlyMap<string, ConversationTimes>> {
  const times = new Map<string, ConversationTimes>();
  const wanted = [...new Set(conversationIds.map(canonicalId))];
  for (let at = 0; at < wanted.length; at += MAX_IDS) {
    const part = wanted.slice(at, at + MAX_IDS);
    const answer = await api.call({ method: 'GET', path: DETAILS, query: { id: part.join(',') } }, budget);
    const conversations = answer.status === 200 ? parseJsonObject(answer.text)?.['conversations'] : undefined;
    if (!Array.isArray(conversations)) {
      logger.log('debug', 'the analytics do not tell when conversations were', { status: answer.status });
      return times;
    }
    const asked = new Set(part);
    for (const one of conversations as readonly unknown[]) {
      const id = readField(one, 'conversationId');
      const foreign = findForeignId(one, { organizationId });
      if (foreign !== undefined) throw foreignAnswer('times of conversations', answer, foreign);
      if (!isSafeId(id) || !asked.has(canonicalId(id))) {
        throw foreignAnswer('times of conversations', answer, 'conversationId');
      }
      const startedAt = parseRecordingTime(readField(one, 'conversationStart'));
      const endedAt = parseRecordingTime(readField(one, 'conversationEnd'));
      if (startedAt !== undefined && endedAt !== undefined)
        times.set(canonicalId(id), { startedAt, endedAt });
    }
  }
  return times;
}
