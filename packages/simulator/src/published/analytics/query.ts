import type { ModelConversation } from '../recordings/model.ts';
import { AGENTS, DIVISIONS, entryAt, HIDDEN_DIVISION, QUEUES } from '../directory.ts';
import { parseInterval } from '../paging.ts';
import type { DetailsQuery, QueryFilter, QueryPredicate } from '../world-state.ts';
import { mediaTypeOf } from './describe.ts';

/** Conversations older than this are not found by a normal query; https://help.mypurecloud.com calls them aged. */
const OLDEST_YEARS = 5;

/** Reads a details query. @returns what is wrong with it, as text. */
export function readDetailsQuery(body: Readonly<Record<string, unknown>> | undefined): DetailsQuery | string {
  const interval = parseInterval(body?.['interval']);
  if (body === undefined || interval === undefined) return 'interval is not valid';
  const { order = 'asc', limit, startOfDayIntervalMatching: startOfDay = false } = body;
  if (order !== 'asc' && order !== 'desc' && order !== 'unordered') return 'order is not valid';
  if (limit !== undefined && !(Number.isInteger(limit) && Number(limit) > 0)) return 'limit is not valid';
  if (typeof startOfDay !== 'boolean') return 'startOfDayIntervalMatching is not valid';
  const filters: QueryFilter[] = [];
  for (const name of ['conversationFilters', 'segmentFilters']) {
    const list = body[name] ?? [];
    if (!Array.isArray(list)) return `${name} is not valid`;
    for (const one of list) {
      const filter = readFilter(one);
      if (typeof filter === 'string') return `${name}: ${filter}`;
      filters.push(filter);
    }
  }
  return {
    ...interval,
    startOfDay,
    descending: order === 'desc',
    limit: limit === undefined ? undefined : Number(limit),
    filters,
  };
}

function readFilter(value: unknown): QueryFilter | string {
  if (typeof value !== 'object' || value === null) return 'a filter is no object';
  const { type = 'and', clauses = [], predicates = [] } = value as Record<string, unknown>;
  if ((type !== 'and' && type !== 'or') || !Array.isArray(clauses) || !Array.isArray(predicates)) {
    return 'type, clauses or predicates are not valid';
  }
  const read: { clauses: QueryFilter[]; predicates: QueryPredicate[] } = { clauses: [], predicates: [] };
  for (const one of clauses) {
    const clause = readFilter(one);
    if (typeof clause === 'string') return clause;
    read.clauses.push(clause);
  }
  for (const one of predicates as readonly Record<string, unknown>[]) {
    const { dimension, operator = 'matches', value: wanted } = one;
    if (typeof dimension !== 'string' || !Object.hasOwn(DIMENSIONS, dimension)) {
      return `the simulator does not know the dimension ${JSON.stringify(dimension)}`;
    }
    if (operator !== 'matches' && operator !== 'exists' && operator !== 'notExists') {
      return 'operator is not valid';
    }
    read.predicates.push({
      dimension,
      operator,
      value: typeof wanted === 'string' ? wanted : undefined,
    });
  }
  return { all: type === 'and', ...read };
}

const flag = (value: boolean) => (value ? ['true'] : []);

/** The values of a dimension: none where it does not exist. */
const DIMENSIONS: Readonly<Record<string, (conversation: ModelConversation) => readonly string[]>> = {
  conversationId: ({ id }) => [id],
  conversationEnd: ({ endedAt, ongoing }) => (ongoing ? [] : [new Date(endedAt).toISOString()]),
  conversationStart: ({ startedAt }) => [new Date(startedAt).toISOString()],
  originatingDirection: ({ direction }) => [direction],
  direction: ({ direction }) => [direction],
  divisionId: ({ division, otherDivision }) => [
    otherDivision ? HIDDEN_DIVISION.id : entryAt(DIVISIONS, division).id,
  ],
  mediaType: (conversation) => [mediaTypeOf(conversation)],
  queueId: ({ queue }) => [entryAt(QUEUES, queue).id],
  userId: ({ agent }) => [entryAt(AGENTS, agent).id],
  purpose: ({ participants }) => participants.map(({ purpose }) => purpose),
  recording: ({ recordings }) => flag(recordings.some(({ kind }) => kind === 'call')),
  screenRecording: ({ recordings }) => flag(recordings.some(({ kind }) => kind === 'screen')),
  snippetRecording: () => [],
};

/** Reports whether a conversation passes the filters. Those of other divisions are left out without a word. */
export function passes(conversation: ModelConversation, { filters }: DetailsQuery, now: number): boolean {
  if (conversation.otherDivision || isAged(conversation, now)) return false;
  return filters.every((filter) => isTrue(filter, conversation));
}

export function isAged({ startedAt }: ModelConversation, now: number): boolean {
  const oldest = new Date(now);
  oldest.setUTCFullYear(oldest.getUTCFullYear() - OLDEST_YEARS);
  return startedAt < oldest.getTime();
}

function isTrue({ all, clauses, predicates }: QueryFilter, conversation: ModelConversation): boolean {
  const results = [
    ...clauses.map((clause) => isTrue(clause, conversation)),
    ...predicates.map(({ dimension, operator, value }) => {
      const values = DIMENSIONS[dimension]?.(conversation) ?? [];
      if (operator === 'exists') return values.length > 0;
      if (operator === 'notExists') return values.length === 0;
      return value === 'false' ? values.length === 0 : values.includes(value ?? '');
    }),
  ];
  return all ? results.every(Boolean) : results.length === 0 || results.some(Boolean);
}
