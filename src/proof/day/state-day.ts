/** Makes the statement of a day out of two looks: at the platform, and at the store. */
import { gzipSync } from 'node:zlib';
import type { Budget } from '../../clock.ts';
import { ERROR_CODES } from '../../error-codes.ts';
import { type ArchiveError, toArchiveError } from '../../errors.ts';
import type { ObjectStore, SourceDay, SourceInventory } from '../../ports.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { sha256Hex } from '../formats/entry.ts';
import { type List, makeList } from '../formats/list-lines.ts';
import type { LogKeys } from '../formats/log-keys.ts';
import {
  type Differences,
  type StatedSource,
  type Statement,
  STATEMENT_SCHEMA,
} from '../formats/statement.ts';
import type { StatementPlace } from '../seal/staged-seal.ts';
import { addDays, statusOf } from './calendar.ts';
import { type Compared, compareDay, countDifferences, type Comparison, lineOf } from './compare-day.ts';
import { type CountingPorts, listInSeveralRuns } from './counted-day.ts';
import type { ExaminedDay } from './examine-day.ts';
import type { DayHistory } from './history.ts';
import { readDeletedByUs } from './deleted-by-us.ts';
import { listDay, recordingOf } from './list-day.ts';
import type { ReceiptPorts } from './read-receipts.ts';
import { present } from '../../present.ts';

export interface StatingPorts extends ReceiptPorts {
  readonly source: SourceInventory;
  readonly now: () => number;
  /** 32 random hex digits. */
  readonly nonce: () => string;
  readonly version: string;
  /** The rules that decide what is archived. */
  readonly rules: Readonly<Record<string, string | number | boolean>>;
  /** Error codes of deliveries that failed permanently, by canonical recording id; empty where they are not known. */
  readonly failed?: ReadonlyMap<string, string>;
  /** Has a day counted in several runs, where one is too short. */
  readonly counting?: Pick<CountingPorts, 'keys' | 'origin' | 'trusted' | 'signer'>;
}

/** A day as it was looked at: all but its place in the log. */
export type LookedAtDay = { readonly day: string; readonly asked: number } & (
  | { readonly source: SourceDay; readonly comparison: Comparison }
  /** The platform could not be asked, or not to the end. */
  | { readonly source: ArchiveError; readonly comparison: undefined }
);

/** Asks the platform, and compares. What keeps it from being asked is a part of the answer. */
export async function lookAtDay(
  ports: StatingPorts,
  examined: ExaminedDay,
  last: Statement | undefined,
  budget: Budget,
): Promise<LookedAtDay> {
  const { day } = examined;
  let asked = ports.now();
  const { counting } = ports;
  const count = async (): Promise<SourceDay> => {
    if (counting === undefined) return ports.source.listDay(day, budget);
    const after = last === undefined || 'unavailable' in last.source ? 0 : Date.parse(last.source.finished);
    const counted = await listInSeveralRuns({ ...ports, ...counting }, { day, after }, budget);
    asked = counted.since ?? asked;
    return counted.source;
  };
  const source = await count().catch((error: unknown) => {
    const known = toArchiveError(error);
    // settings that are wrong, and the store that has what was counted, say nothing about the platform: nothing may be stated with them
    const isOfPlatform = ERROR_CODES[known.code].exit !== 2 && !known.code.startsWith('STORE_');
    if (budget.signal.aborted || !isOfPlatform) throw error;
    return known;
  });
  if (source instanceof Error) return { day, asked, source, comparison: undefined };
  const holdings = { ...examined, elsewhere: new Set<string>(), failed: ports.failed ?? new Map() };
  const seesAll = source.facts.visibility.divisions === 'all';
  let deletedByUs: ReadonlySet<string> = new Set();
  const compare = (elsewhere: ReadonlySet<string>) =>
    compareDay({
      day,
      source: source.recordings,
      holdings: { ...holdings, deletedByUs, elsewhere },
      seesAll,
    });
  let comparison = compare(new Set());
  // asked only where the platform has something no more: most days it has everything
  if (comparison.unexpected.length > 0) {
    deletedByUs = await readDeletedByUs(ports, day, budget);
    comparison = compare(new Set());
  }
  if (!comparison.listed.some(({ state }) => state === 'missing' || state === 'pending')) {
    return { day, asked, source, comparison };
  }
  // a recording that begins just before midnight may be filed a day later, or earlier
  return { day, asked, source, comparison: compare(await neighbours(ports, day, budget)) };
}

async function neighbours(
  { store, layout }: StatingPorts,
  day: string,
  budget: Budget,
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const other of [addDays(day, -1), addDays(day, 1)]) {
    const { objects } = await listDay(store, layout, other, budget);
    for (const key of objects.keys()) held.add(recordingOf(layout, key));
  }
  return held;
}

export interface StatedDay {
  readonly statement: (place: StatementPlace) => Statement;
  /** Whether it says anything that the last revision does not. */
  readonly isNews: boolean;
  readonly lists: readonly { readonly kind: 'source' | 'exceptions'; readonly list: List }[];
}

export interface DayToState {
  readonly examined: ExaminedDay;
  readonly access: Statement['access'];
  readonly looked: LookedAtDay;
  readonly history: DayHistory;
  readonly organization: string;
  readonly origin: string;
  /** The days that the log covers with this statement. */
  readonly first: string;
  readonly through: string;
  /** Epoch ms. */
  readonly now: number;
}

/** Writes a day down. Pure but for the nonces. */
export function stateDay(ports: StatingPorts, stated: DayToState): StatedDay {
  const { examined, access, looked, history, now } = stated;
  const { source, lists, differences } = describeSource(ports, looked);
  const { last } = history;
  const body = {
    schema: STATEMENT_SCHEMA,
    organization: stated.organization,
    day: examined.day,
    tool: { name: 'genesys-media-archive', version: ports.version },
    revision: last === undefined ? 0 : last.statement.revision + 1,
    ...statusOf({
      day: examined.day,
      now,
      pending: differences?.pending.total,
      dataAvailableUntil: looked.source instanceof Error ? undefined : looked.source.facts.dataAvailableUntil,
    }),
    ...present({ supersedes: last === undefined ? undefined : { index: last.index, sha256: last.sha256 } }),
    archive: examined.archive,
    source,
    ...present({ differences, access }),
    policy: { sha256: sha256Hex(canonicalJson(ports.rules)), rules: { ...ports.rules } },
    clock: { local: new Date(now).toISOString() },
  } as const;
  const log = { origin: stated.origin, first: stated.first, through: stated.through };
  return {
    statement: ({ previous, ...place }) => ({
      ...body,
      log: { ...log, ...place },
      ...present({ previous }),
    }),
    isNews: last === undefined || newsOf(last.statement) !== newsOf(body),
    lists,
  };
}

/** What two revisions have to differ in for the second to be worth writing: not the moment, not the nonces. */
function newsOf({
  archive,
  source,
  differences,
  status,
  open,
}: Pick<Statement, 'archive' | 'source' | 'differences' | 'status' | 'open'>): string {
  const asked =
    'unavailable' in source
      ? { code: source.unavailable.code }
      : {
          recordings: source.recordings,
          visibility: source.visibility,
          notAsked: source.notAsked,
          orphans: source.orphans,
        };
  const { list: _, ...counts } = differences ?? {};
  return canonicalJson({ archive, asked, counts, status, open });
}

function describeSource(
  ports: StatingPorts,
  { asked, source, comparison }: LookedAtDay,
): Pick<StatedDay, 'lists'> & { readonly source: Statement['source']; readonly differences?: Differences } {
  if (comparison === undefined) {
    const { code } = source;
    return { source: { unavailable: { code, asked: new Date(asked).toISOString() } }, lists: [] };
  }
  const line = (compared: Compared) => lineOf(compared, ports.nonce());
  const listed = makeList(comparison.listed.map(line));
  const exceptions = makeList(
    [...comparison.listed.filter(({ state }) => state !== 'both'), ...comparison.unexpected].map(line),
  );
  const { facts } = source;
  const byDivision = countBy(comparison.listed, ({ divisionId }) => divisionId);
  const described: StatedSource = {
    method: facts.method,
    api: facts.api,
    ...present({ organization: facts.organization, client: facts.client }),
    query: sha256Hex(facts.query),
    interval: facts.interval,
    ...present({
      jobId: facts.jobId,
      dataAvailableUntil:
        facts.dataAvailableUntil === undefined ? undefined : new Date(facts.dataAvailableUntil).toISOString(),
    }),
    asked: new Date(asked).toISOString(),
    finished: new Date(ports.now()).toISOString(),
    pages: facts.pages,
    visibility: {
      divisions:
        typeof facts.visibility.divisions === 'string'
          ? facts.visibility.divisions
          : [...facts.visibility.divisions],
      permissions: [...facts.visibility.permissions],
    },
    conversations: facts.conversations,
    recordings: comparison.listed.length,
    byMedia: countBy(comparison.listed, ({ media }) => media),
    ...(isSmall(byDivision) ? { byDivision } : {}),
    ...present({
      orphans: facts.orphans,
      notAsked: facts.notAsked === undefined ? undefined : { ...facts.notAsked },
    }),
    list: { count: listed.lines.length, root: listed.root },
  };
  const differences = {
    ...countDifferences(comparison),
    list: { count: exceptions.lines.length, root: exceptions.root },
  };
  return {
    source: described,
    differences,
    lists: [
      { kind: 'source', list: listed },
      { kind: 'exceptions', list: exceptions },
    ],
  };
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const name = nameOf(item);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** A statement has to fit into an entry of the log; where there are more divisions, the list behind it has them. */
const MAX_DIVISIONS = 200;

function isSmall(byDivision: Readonly<Record<string, number>>): boolean {
  const count = Object.keys(byDivision).length;
  return count > 0 && count <= MAX_DIVISIONS;
}

/** Stores the lists that a statement commits to, before it is staged: their nonces cannot be made again. */
export async function storeLists(
  { store, keys }: { readonly store: ObjectStore; readonly keys: LogKeys },
  day: string,
  lists: StatedDay['lists'],
  budget: Budget,
): Promise<void> {
  for (const { kind, list } of lists) {
    if (list.lines.length === 0) continue;
    const body = gzipSync(list.lines.map((line) => `${line}\n`).join(''));
    const options = { metadata: {}, contentType: 'application/gzip', contentLength: body.length };
    await store.put(keys.list(day, list.root, kind), body, options, budget);
  }
}
