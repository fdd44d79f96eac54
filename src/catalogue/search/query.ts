/** What is looked for, as conditions on columns. Pure. */
import type { Cell, Pruning } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import { nameMatcher } from './name-pattern.ts';
import { dayAt, dayOf } from '../places.ts';
import type { CatalogueRow, ColumnName } from '../schema.ts';
import { canonicalAddress, hashedAgent, type SearchKey } from './keys.ts';
import { present } from '../../present.ts';

/** Each list is met by any of its members; all that is given must be met. */
export interface SearchQuery {
  /** Of recordings or conversations. */
  readonly ids?: readonly string[];
  readonly conversations?: readonly string[];
  readonly recordings?: readonly string[];
  /** Ids of users. */
  readonly agents?: readonly string[];
  /** Ids, or names in any letter case; `NAME*` is a beginning. */
  readonly queues?: readonly string[];
  readonly divisions?: readonly string[];
  readonly wrapUps?: readonly string[];
  /** Numbers or addresses of the other side. */
  readonly customers?: readonly string[];
  readonly company?: string;
  readonly direction?: string;
  readonly media?: readonly string[];
  /** Days, `YYYY-MM-DD`, both included. */
  readonly from?: string;
  readonly to?: string;
  /** Epoch ms, both included, where times were named. */
  readonly fromTime?: number;
  readonly toTime?: number;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  readonly states?: readonly string[];
  readonly onHold?: boolean;
}

export interface Condition {
  /** Met where any of them is. */
  readonly any: readonly { readonly column: ColumnName; readonly test: (cell: Cell) => boolean }[];
}

export interface CompiledQuery {
  readonly conditions: readonly Condition[];
  readonly pruning: Pruning;
  /** Reports whether a row meets all conditions. */
  matches(row: CatalogueRow): boolean;
}

/** @param keys of all files that may be asked: a file says which of them its hashes are of. */
export function compileQuery(query: SearchQuery, keys: readonly SearchKey[]): CompiledQuery {
  const { fromTime, toTime } = query;
  const asked = new Conditions();
  askForPeople(asked, query, keys);
  askForCalls(asked, query);
  const { conditions, equal } = asked;
  const between =
    fromTime === undefined && toTime === undefined
      ? undefined
      : { column: 'recorded_at', ...present({ from: fromTime, to: toTime }) };
  return {
    conditions,
    pruning: { equal, ...present({ between }) },
    matches: (row) => conditions.every(({ any }) => any.some(({ column, test }) => test(row[column]))),
  };
}

/** By ids, and by who spoke. */
function askForPeople(asked: Conditions, query: SearchQuery, keys: readonly SearchKey[]): void {
  const { ids, conversations, recordings, customers, agents } = query;
  asked.exactly(['conversation_id', 'recording_id'], ids?.flatMap(spellings));
  asked.exactly(['conversation_id'], conversations?.flatMap(spellings));
  asked.exactly(['recording_id'], recordings?.flatMap(spellings));
  const hashes = customers?.flatMap((stated) => keys.map((key) => key.hash('customer', addressOf(stated))));
  asked.exactly(['customer_hash'], hashes);
  const spoke = agents?.flatMap((id) => [...spellings(id), ...keys.map((key) => hashedAgent(key, id))]);
  asked.listed('agent_ids', spoke);
}

/** By what a call was, and what became of its recordings. */
function askForCalls(asked: Conditions, query: SearchQuery): void {
  const { direction, media, states, onHold } = query;
  asked.named('queue_ids', 'queue_names', query.queues);
  asked.named('wrap_up_codes', 'wrap_up_names', query.wrapUps);
  asked.listed('division_ids', query.divisions?.flatMap(spellings));
  const company = query.company === undefined ? undefined : addressOf(query.company);
  if (company !== undefined) asked.that('company_address', (cell) => cell === company);
  if (direction !== undefined) asked.that('direction', (cell) => cell === direction);
  if (media !== undefined) asked.that('media', (cell) => media.includes(String(cell)));
  if (states !== undefined) asked.that('state', (cell) => states.includes(String(cell)));
  if (onHold !== undefined) asked.that('legal_hold', (cell) => (cell === true) === onHold);
  asked.within('recorded_at', query.fromTime, query.toTime);
  asked.within('duration_ms', query.minDurationMs, query.maxDurationMs);
}

/** What is asked of columns; what is `undefined` is not asked. */
class Conditions {
  readonly conditions: Condition[] = [];
  readonly equal: Pruning['equal'][number][] = [];

  that(column: ColumnName, test: (cell: Cell) => boolean): void {
    this.conditions.push({ any: [{ column, test }] });
  }

  /** One of the columns has one of the values, and files say which they have. */
  exactly(columns: readonly ColumnName[], values: readonly Cell[] | undefined): void {
    if (values === undefined) return;
    const wanted = new Set(values);
    const test = (cell: Cell) => cell !== null && wanted.has(cell);
    this.conditions.push({ any: columns.map((column) => ({ column, test })) });
    this.equal.push(columns.map((column) => ({ column, values })));
  }

  /** The list has one of the values. */
  listed(column: ColumnName, values: readonly string[] | undefined): void {
    if (values !== undefined) this.that(column, hasOneOf(values));
  }

  /** The list of ids has one of the values, or the list of names one that it is a pattern of. */
  named(ids: ColumnName, names: ColumnName, values: readonly string[] | undefined): void {
    if (values === undefined) return;
    const patterns = values.map(nameMatcher);
    // a day has few names, and each of them in many rows
    const known = new Map<string, boolean>();
    const isWanted = (name: string | null) => {
      if (name === null) return false;
      const before = known.get(name);
      if (before !== undefined) return before;
      const met = patterns.some((matches) => matches(name));
      known.set(name, met);
      return met;
    };
    const hasName = (cell: Cell) => Array.isArray(cell) && (cell as (string | null)[]).some(isWanted);
    const hasId = hasOneOf(values.flatMap(spellings));
    this.conditions.push({
      any: [
        { column: ids, test: hasId },
        { column: names, test: hasName },
      ],
    });
  }

  within(column: ColumnName, from: number | undefined, to: number | undefined): void {
    if (from === undefined && to === undefined) return;
    this.that(column, (cell) => typeof cell === 'number' && cell >= (from ?? cell) && cell <= (to ?? cell));
  }
}

/** Earlier versions kept ids in the letter case of the event. */
const spellings = (id: string): string[] => [...new Set([id, canonicalId(id)])];

const addressOf = (stated: string): string => canonicalAddress(stated) ?? stated;

function hasOneOf(values: readonly string[]): (cell: Cell) => boolean {
  const [only] = values;
  if (values.length === 1) return (cell) => Array.isArray(cell) && cell.includes(only);
  const wanted = new Set<string | null>(values);
  return (cell) => Array.isArray(cell) && cell.some((one: string | null) => wanted.has(one));
}

/** Reports whether a day can have a row that is looked for. */
export function isDayAsked({ from, to, fromTime, toTime }: SearchQuery, day: string): boolean {
  const start = dayAt(day);
  return (
    day >= (from ?? day) &&
    day <= (to ?? day) &&
    start <= (toTime ?? start) &&
    start + 86_400_000 > (fromTime ?? start)
  );
}

/** How all days begin that can be asked for; empty where they begin in different ways. */
export function beginningOfDays({ from, to, fromTime, toTime }: SearchQuery): string {
  const first = from ?? (fromTime === undefined ? undefined : dayOf(fromTime));
  const last = to ?? (toTime === undefined ? undefined : dayOf(toTime));
  if (first === undefined || last === undefined) return '';
  let length = 0;
  while (length < first.length && first[length] === last[length]) length += 1;
  return first.slice(0, length);
}
