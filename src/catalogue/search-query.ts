/** What is looked for, as conditions on columns. Pure. */
import type { Cell, Pruning } from '../ports.ts';
import { canonicalId } from '../recording/id.ts';
import { nameMatcher } from './name-pattern.ts';
import { dayAt, dayOf } from './places.ts';
import type { CatalogueRow, ColumnName } from './schema.ts';
import { canonicalAddress, hashedAgent, type SearchKey } from './search-keys.ts';
import { present } from '../present.ts';

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
  const conditions: Condition[] = [];
  const equal: Pruning['equal'][number][] = [];
  const add = (...any: Condition['any']) => conditions.push({ any });
  const exactly = (columns: readonly ColumnName[], values: readonly Cell[] | undefined) => {
    if (values === undefined) return;
    const wanted = new Set(values);
    add(...columns.map((column) => ({ column, test: (cell: Cell) => cell !== null && wanted.has(cell) })));
    equal.push(columns.map((column) => ({ column, values })));
  };
  exactly(['conversation_id', 'recording_id'], query.ids?.flatMap(spellings));
  exactly(['conversation_id'], query.conversations?.flatMap(spellings));
  exactly(['recording_id'], query.recordings?.flatMap(spellings));
  if (query.customers !== undefined) {
    const hashes = query.customers.flatMap((stated) =>
      keys.map((key) => key.hash('customer', addressOf(stated))),
    );
    exactly(['customer_hash'], hashes);
  }
  if (query.agents !== undefined) {
    const agents = query.agents.flatMap((id) => [
      ...spellings(id),
      ...keys.map((key) => hashedAgent(key, id)),
    ]);
    add({ column: 'agent_ids', test: hasOneOf(agents) });
  }
  named('queue_ids', 'queue_names', query.queues);
  named('wrap_up_codes', 'wrap_up_names', query.wrapUps);
  if (query.divisions !== undefined)
    add({ column: 'division_ids', test: hasOneOf(query.divisions.flatMap(spellings)) });
  if (query.company !== undefined) {
    const company = addressOf(query.company);
    add({ column: 'company_address', test: (cell) => cell === company });
  }
  const { direction, media, states, onHold, fromTime, toTime, minDurationMs, maxDurationMs } = query;
  if (direction !== undefined) add({ column: 'direction', test: (cell) => cell === direction });
  if (media !== undefined) add({ column: 'media', test: (cell) => media.includes(String(cell)) });
  if (states !== undefined) add({ column: 'state', test: (cell) => states.includes(String(cell)) });
  if (onHold !== undefined) add({ column: 'legal_hold', test: (cell) => (cell === true) === onHold });
  within('recorded_at', fromTime, toTime);
  within('duration_ms', minDurationMs, maxDurationMs);
  return {
    conditions,
    pruning: {
      equal,
      ...(fromTime === undefined && toTime === undefined
        ? {}
        : {
            between: {
              column: 'recorded_at',
              ...present({ from: fromTime, to: toTime }),
            },
          }),
    },
    matches: (row) => conditions.every(({ any }) => any.some(({ column, test }) => test(row[column]))),
  };

  function named(ids: ColumnName, names: ColumnName, values: readonly string[] | undefined): void {
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
    add({ column: ids, test: hasOneOf(values.flatMap(spellings)) }, { column: names, test: hasName });
  }

  function within(column: ColumnName, from: number | undefined, to: number | undefined): void {
    if (from === undefined && to === undefined) return;
    add({
      column,
      test: (cell) => typeof cell === 'number' && cell >= (from ?? cell) && cell <= (to ?? cell),
    });
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
