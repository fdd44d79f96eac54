import { jsonReply } from '../../genesys-errors.ts';
import type { Reply } from '../../reply.ts';
import type { Call } from '../../service.ts';
import { badRequest } from '../paging.ts';
import { readObject } from '../recordings/api.ts';
import { hasArrived, type ModelConversation } from '../recordings/model.ts';
import type { RecordingsWorld } from '../recordings/world.ts';
import { describeForAnalytics } from './describe.ts';
import { tooLarge } from './details-jobs.ts';
import { passes, readDetailsQuery } from './query.ts';

const DEFAULT_PAGE_ITEMS = 25;
const MAX_PAGE_ITEMS = 100;
const MAX_INTERVAL_MS = 7 * 86_400_000;
const MAX_RECORDS = 10_000;

/**
 * `POST /api/v2/analytics/conversations/details/query`: at once, without attributes, at most seven days and 10,000 conversations. It
 * finds what began on a day that the interval touches.
 */
export function queryConversations(world: RecordingsWorld, call: Call): Reply {
  const body = readObject(call.body);
  const query = readDetailsQuery(body);
  if (typeof query === 'string') return badRequest(query);
  if (query.end - query.begin > MAX_INTERVAL_MS) return badRequest('interval is longer than 7 days');
  const paging: unknown = body?.['paging'];
  const { pageSize = DEFAULT_PAGE_ITEMS, pageNumber = 1 } = (paging ?? {}) as Record<string, unknown>;
  const [size, page] = [Number(pageSize), Number(pageNumber)];
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE_ITEMS) {
    return badRequest(`paging.pageSize must be from 1 to ${MAX_PAGE_ITEMS}`);
  }
  if (!Number.isInteger(page) || page < 1) return badRequest('paging.pageNumber is not valid');
  if (page * size > MAX_RECORDS) return badRequest(`at most ${MAX_RECORDS} records can be read`);
  const first = Math.floor(query.begin / 86_400_000) * 86_400_000;
  const last = Math.ceil(query.end / 86_400_000) * 86_400_000;
  const found: ModelConversation[] = [];
  for (const conversation of world.startedIn({ begin: first, end: last })) {
    if (passes(conversation, query, world.now())) found.push(conversation);
  }
  if (query.descending) found.reverse();
  const shown = found.slice((page - 1) * size, page * size);
  const answer = {
    totalHits: found.length,
    conversations: shown.map((conversation) => describeForAnalytics(conversation, false)),
  };
  return JSON.stringify(answer).length > world.behaviour.largestResultsPage
    ? tooLarge()
    : jsonReply(200, answer);
}

/** Ids of one request; the platform documents no number. */
const MAX_IDS = 100;

/** `GET /api/v2/analytics/conversations/details?id=`: what is unknown, or of another division, is left out without a word. */
export function getDetailsOfMany(world: RecordingsWorld, call: Call): Reply {
  const ids = call.query.getAll('id').flatMap((text) => text.split(','));
  if (ids.length === 0 || ids.length > MAX_IDS)
    return badRequest(`id must name 1 to ${MAX_IDS} conversations`);
  const conversations = ids.flatMap((id) => {
    const conversation = world.conversation(id);
    const isSeen = conversation !== undefined && !conversation.otherDivision;
    return isSeen && hasArrived(conversation, world.now()) ? [describeForAnalytics(conversation, false)] : [];
  });
  return jsonReply(200, { conversations });
}

/** `GET /api/v2/analytics/conversations/{conversationId}/details` */
export function getDetailsOfOne(conversation: ModelConversation): Reply {
  return jsonReply(200, describeForAnalytics(conversation, false));
}
