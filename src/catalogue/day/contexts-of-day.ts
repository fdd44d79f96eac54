/** Facts from the objects that archiving keeps beside recordings, where the platform is not asked for those of whole days. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { forEachOf } from '../../for-each-of.ts';
import { isSameId } from '../../recording/id.ts';
import { contextKey } from '../../record/object-key.ts';
import { parseContext, type StoredContext } from '../../record/parse-context.ts';
import type { DayInputs } from './day-inputs.ts';
import type { CallFacts, FactsVersion } from './facts-of-day.ts';
import type { CataloguePorts } from '../ports.ts';
import { readPeople } from './people-file.ts';
import { keyHash, type ReceiptFacts } from './row.ts';
import type { CatalogueRow, ColumnName, PeopleRow } from '../schema.ts';
import { openSealed } from '../../record/sealed-object.ts';

const CONTEXTS_AT_ONCE = 16;

/** What is wrong with one context, or with the key of this reader. Without it a row has no facts; everything else ends the run. */
const UNUSABLE = new Set(['OBJECT_MALFORMED', 'DECRYPT_FAILED', 'CONTEXT_MISMATCH', 'KMS_DENIED']);

/** Columns of an old row that its context was the source of. */
export const CONTEXT_COLUMNS: readonly ColumnName[] = [
  'facts',
  'duration_ms',
  'media',
  'direction',
  'agent_ids',
  'queue_ids',
  'queue_names',
  'division_ids',
  'wrap_up_codes',
  'wrap_up_names',
];

/** Which conversations are asked for, and what is known of them already. */
export interface ContextWishes {
  readonly known: Map<string, CallFacts>;
  /** By the key of the object. */
  readonly receipts: ReadonlyMap<string, Pick<ReceiptFacts, 'conversation_id' | 'recording_id'>>;
  readonly isWanted: (conversationId: string) => boolean;
}

/**
 * What the contexts say of conversations. One is read for each conversation, also where several of its recordings have one.
 *
 * @returns `wishes.known`, with what was read.
 * @throws what the store and the key service throw.
 */
export async function readContexts(
  { archive, reader, logger }: Pick<CataloguePorts, 'archive' | 'reader' | 'logger'>,
  listed: readonly FactsVersion[],
  { known, receipts, isWanted }: ContextWishes,
  budget: Budget,
): Promise<Map<string, CallFacts>> {
  if (reader === undefined) return known;
  const there = new Set(listed.map(({ key }) => key));
  const chosen = new Map<string, { key: string; recordingId: string; conversationId: string }>();
  for (const [ofKey, { conversation_id: conversationId, recording_id: recordingId }] of receipts) {
    const key = contextKey(ofKey);
    if (conversationId === null || !isWanted(conversationId) || !there.has(key)) continue;
    if (!known.has(conversationId)) chosen.set(conversationId, { key, recordingId, conversationId });
  }
  let isToldOf = false;
  await forEachOf([...chosen.values()], CONTEXTS_AT_ONCE, async ({ key, ...ids }) => {
    try {
      const opened = await openSealed(archive, reader, { key, ids }, budget);
      if (opened === undefined) return;
      const context = parseContext(key, opened.bytes.toString('utf8'));
      if (!isSameId(context.conversationId, ids.conversationId))
        throw new ArchiveError('OBJECT_MALFORMED', `${key} is the context of another conversation`);
      known.set(ids.conversationId, callFactsOfContext(context));
    } catch (error) {
      if (!(error instanceof ArchiveError) || !UNUSABLE.has(error.code)) throw error;
      // a key that is missing is missing for all of them
      const level = isToldOf ? 'debug' : 'warn';
      isToldOf = true;
      logger.log(level, `no facts from a context: ${error.message}`, { key, code: error.code });
    }
  });
  return known;
}

/** What the files of a day have from contexts: those are written once, and so are not read again. */
export class KnownContexts {
  readonly #calls = new Map<string, CallFacts>();
  readonly #people: ReadonlyMap<bigint, PeopleRow>;

  constructor(people: ReadonlyMap<bigint, PeopleRow>) {
    this.#people = people;
  }

  take(row: CatalogueRow): void {
    const { conversation_id: id, key } = row;
    if (id === null || this.#calls.has(id)) return;
    const call = callFactsOfRow(row, this.#people.get(keyHash(key)));
    if (call !== undefined) this.#calls.set(id, call);
  }

  of(isWanted: (conversationId: string) => boolean): Map<string, CallFacts> {
    return new Map([...this.#calls].filter(([id]) => isWanted(id)));
  }
}

/** @param old without it nothing is known. @throws what the store and the key service throw. */
export async function openKnownContexts(
  ports: Pick<CataloguePorts, 'catalogue' | 'tables' | 'reader'>,
  at: Pick<DayInputs, 'day' | 'shard'>,
  old: object | undefined,
  budget: Budget,
): Promise<KnownContexts> {
  if (old === undefined || ports.reader === undefined) return new KnownContexts(new Map());
  try {
    return new KnownContexts(await readPeople(ports, at, budget));
  } catch (error) {
    if (
      !(error instanceof ArchiveError) ||
      !(UNUSABLE.has(error.code) || error.code === 'CATALOGUE_UNREADABLE')
    )
      throw error;
    return new KnownContexts(new Map());
  }
}

/** `undefined` where the old files do not tell all that the context did. */
function callFactsOfRow(row: CatalogueRow, people: PeopleRow | undefined): CallFacts | undefined {
  if (row.facts !== 'context') return undefined;
  const agents = strings(people?.agent_ids);
  // where the ids of agents are hashed, they stand in clear in the sealed file alone
  if (agents.length !== (row.agent_ids ?? agents).length) return undefined;
  return {
    ...NO_PEOPLE,
    fetchedAt: '',
    durationMs: row.duration_ms,
    direction: row.direction,
    media: row.media === null ? [] : [row.media === 'call' ? 'voice' : row.media],
    agentIds: agents,
    queueIds: strings(row.queue_ids),
    queueNames: row.queue_names,
    divisionIds: strings(row.division_ids),
    wrapUpCodes: strings(row.wrap_up_codes),
    wrapUpNames: row.wrap_up_names,
  };
}

/** Contexts hold no numbers and no names of people. */
const NO_PEOPLE = {
  source: 'context',
  agentNames: null,
  companyAddress: null,
  customer: null,
  customerName: null,
  contactIds: [],
} as const;

/** What the list of recordings calls a medium, as conversations do. */
const MEDIA: Readonly<Record<string, string>> = { audio: 'voice', call: 'voice' };

/** Pure. */
export function callFactsOfContext(context: StoredContext): CallFacts {
  const { takenAt, startTime, endTime, direction, divisionIds, participants, recordings } = context;
  const agents = participants.filter(({ purpose }) => purpose === 'agent' || purpose === 'user');
  const queues = namesOf(participants.map(({ queueId, queueName }) => [queueId, queueName]));
  const wrapUps = namesOf(participants.map(({ wrapUp }) => [wrapUp?.code, wrapUp?.name]));
  const media = recordings.flatMap((one) => one.media?.toLowerCase() ?? []);
  const lasted =
    startTime === undefined || endTime === undefined ? -1 : Date.parse(endTime) - Date.parse(startTime);
  return {
    ...NO_PEOPLE,
    fetchedAt: takenAt,
    durationMs: lasted < 0 ? null : Math.min(lasted, 2_147_483_647),
    direction: direction?.toLowerCase() ?? null,
    media: unique(media.map((one) => MEDIA[one] ?? one)),
    agentIds: unique(agents.flatMap(({ userId }) => userId ?? [])),
    queueIds: queues.ids,
    queueNames: queues.names,
    divisionIds: unique(divisionIds),
    wrapUpCodes: wrapUps.ids,
    wrapUpNames: wrapUps.names,
  };
}

function namesOf(pairs: readonly (readonly [string | undefined, string | undefined])[]) {
  const names = new Map<string, string | null>();
  for (const [id, name] of pairs) {
    if (id !== undefined) names.set(id, names.get(id) ?? name ?? null);
  }
  const ids = [...names.keys()];
  const known = [...names.values()];
  return { ids, names: known.every((name) => name === null) ? null : known };
}

const strings = (cells: readonly (string | null)[] | null | undefined): readonly string[] =>
  (cells ?? []).filter((one) => one !== null);

function unique(words: readonly string[]): readonly string[] {
  return [...new Set(words)];
}
