/** The platform's own audit of recordings: an asynchronous query for each kind of entity, read to its end. */
import type { Clock } from '../../clock.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { AuditedAct, PlatformAudits } from '../../ports.ts';
import { isSafeId, isSameId } from '../../recording/id.ts';
import { DAY_MS, dayOf, parseRecordingTime } from '../../recording/time.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { type BackfillCall, explainBackfillRefusal } from '../backfill-calls.ts';
import { foreignAnswer } from '../answer-ids.ts';
import { parseJsonObject, readField } from '../responses.ts';
import { present } from '../../present.ts';

const QUERY = ['api', 'v2', 'quality', 'conversations', 'audits', 'query'] as const;
const PAGE_SIZE = 500;

/** Pauses between looks at a query, ms; the last one repeats. */
const POLL_PAUSES = [1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 30_000] as const;

/** A query that takes longer is given up, ms. */
const QUERY_PATIENCE_MS = 1_800_000;

/** Queries submitted for one list: results expire. */
const MAX_QUERIES = 3;

interface AuditsOptions {
  readonly api: GenesysApi;
  readonly clock: Clock;
}

/** What is asked for: one kind of entity on one day. */
interface Asked {
  readonly day: number;
  readonly entityType: string;
}

/** The results are gone. */
class ExpiredQuery extends Error {}

export function createRecordingAudits(options: AuditsOptions): PlatformAudits {
  return {
    async *read(day, entityTypes, budget) {
      const seen = new Set<string>();
      for (const entityType of entityTypes) {
        for await (const act of readEntity(options, { day, entityType }, budget)) {
          // the platform also answers with what it was not asked for
          if (seen.has(act.id) || act.at < day || act.at >= day + DAY_MS) continue;
          seen.add(act.id);
          yield act;
        }
      }
    },
  };
}

async function* readEntity(
  options: AuditsOptions,
  asked: Asked,
  budget: Budget,
): AsyncGenerator<AuditedAct, void, undefined> {
  for (let queries = 1; ; queries += 1) {
    try {
      const id = await submit(options, asked, budget);
      await waitFor(options, { ...asked, id }, budget);
      yield* readResults(options, { ...asked, id }, budget);
      return;
    } catch (error) {
      if (!(error instanceof ExpiredQuery)) throw error;
    }
    if (queries >= MAX_QUERIES)
      throw new ArchiveError('GENESYS_UNAVAILABLE', `${what(asked)}: the results expired ${queries} times`);
  }
}

async function submit({ api }: AuditsOptions, asked: Asked, budget: Budget): Promise<string> {
  const interval = `${new Date(asked.day).toISOString()}/${new Date(asked.day + DAY_MS).toISOString()}`;
  const body = { interval, filters: [{ property: 'EntityType', value: asked.entityType }] };
  const answer = await api.call({ method: 'POST', path: QUERY, body }, budget);
  const id = isAccepted(answer) ? parseJsonObject(answer.text)?.['id'] : undefined;
  if (!isSafeId(id)) throw refused(asked, answer, 'submitAuditQuery');
  return id;
}

async function waitFor(
  { api, clock }: AuditsOptions,
  asked: Asked & { readonly id: string },
  budget: Budget,
): Promise<void> {
  const began = clock.now();
  for (let looks = 0; ; looks += 1) {
    await clock.sleep(POLL_PAUSES[Math.min(looks, POLL_PAUSES.length - 1)] ?? 30_000, budget.signal);
    const answer = await api.call({ method: 'GET', path: [...QUERY, asked.id] }, budget);
    if (isGone(answer)) throw new ExpiredQuery();
    const body = isAccepted(answer) ? parseJsonObject(answer.text) : undefined;
    if (body === undefined) throw refused(asked, answer, 'pollAuditQuery');
    requireQuery(answer, body, asked);
    const state = String(body['state']).toLowerCase();
    if (state === 'succeeded') return;
    if (state === 'failed' || state === 'cancelled')
      throw new ArchiveError('GENESYS_UNAVAILABLE', `${what(asked)}: the query was ${state}`);
    if (clock.now() - began > QUERY_PATIENCE_MS)
      throw new ArchiveError('GENESYS_UNAVAILABLE', `${what(asked)}: the query did not end in half an hour`);
  }
}

async function* readResults(
  { api }: AuditsOptions,
  asked: Asked & { readonly id: string },
  budget: Budget,
): AsyncGenerator<AuditedAct, void, undefined> {
  const cursors = new Set<string>();
  let cursor: string | undefined;
  for (;;) {
    const query = { pageSize: String(PAGE_SIZE), ...present({ cursor }) };
    const answer = await api.call({ method: 'GET', path: [...QUERY, asked.id, 'results'], query }, budget);
    if (isGone(answer)) throw new ExpiredQuery();
    const body = answer.status === 200 ? parseJsonObject(answer.text) : undefined;
    const entities = body?.['entities'];
    if (body === undefined || !Array.isArray(entities)) throw refused(asked, answer, 'readAuditQuery');
    requireQuery(answer, body, asked);
    for (const entity of entities as unknown[]) {
      const act = readAct(entity);
      // one that is left out would be missing from the archive without a word
      if (act === undefined) throw refused(asked, answer, 'readAuditQuery');
      yield act;
    }
    const next = body['cursor'];
    if (typeof next !== 'string' || next === '') return;
    // a cursor that comes back would be read for ever
    if (cursors.has(next)) throw new ArchiveError('GENESYS_BAD_RESPONSE', `${what(asked)}: a cursor repeats`);
    cursors.add(next);
    cursor = next;
  }
}

function readAct(entity: unknown): AuditedAct | undefined {
  const id = readField(entity, 'id');
  const at = parseRecordingTime(readField(entity, 'eventDate'));
  if (typeof id !== 'string' || id === '' || at === undefined) return undefined;
  return { id, at, stated: entity as Readonly<Record<string, unknown>> };
}

/** Results of another query would be taken for this one's. */
function requireQuery(answer: ApiAnswer, body: unknown, { id }: { readonly id: string }): void {
  const stated = readField(body, 'id') ?? undefined;
  if (stated !== undefined && !isSameId(stated, id)) throw foreignAnswer('audit query', answer, 'id');
}

const isAccepted = ({ status }: ApiAnswer) => status === 200 || status === 202;
const isGone = ({ status }: ApiAnswer) => status === 404 || status === 410;
const what = ({ day, entityType }: Asked) => `audit of ${entityType} of ${dayOf(day)}`;

function refused(asked: Asked, answer: ApiAnswer, call: BackfillCall): ArchiveError {
  return unexpectedAnswer(what(asked), answer, explainBackfillRefusal(call, answer));
}
