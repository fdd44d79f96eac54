/** What the next seal holds: the days that are due, and those that something has happened to. */
import type { Budget } from '../clock.ts';
import { present } from '../present.ts';
import { type ExaminedAccess, examineAccess, storeAccessList } from './access/examine-access.ts';
import { listCutOffs } from './day/counted-day.ts';
import { addDays, dayOf, daysBetween, type LastLook, looksDue, MAX_OPEN_DAYS } from './day/calendar.ts';
import { readErasures } from './day/erasures.ts';
import { type ExaminedDay, examineDay } from './day/examine-day.ts';
import {
  type DayHistory,
  listStatements,
  monthPrefixes,
  openHistory,
  type StatementPlaces,
} from './day/history.ts';
import { lookAtDay, stateDay, type StatingPorts, storeLists } from './day/state-day.ts';
import { countDrills } from './drill/known-drills.ts';
import type { Entry } from './formats/entry.ts';
import { sortEntries } from './formats/entry.ts';
import type { Statement } from './formats/statement.ts';
import type { StoredStatement, TreeHead } from './log/head.ts';
import { mapWide } from './log/map-wide.ts';
import type { LogPlace } from './log/place.ts';
import { MAX_SEAL_ENTRIES, type SealDraft, type StatementPlace } from './seal/staged-seal.ts';

/** New days in one seal. */
const MAX_NEW_DAYS = 31;
/** Entries from which on no further day is added to a seal. */
const ENOUGH_ENTRIES = 50_000;

export interface GatherOptions {
  /** The first day that the log states. */
  readonly first: string;
  /** The last day to state, `YYYY-MM-DD`; default: yesterday. Today makes a statement of an unfinished day. */
  readonly through?: string;
  /** Looks at all days for what has joined or is lost, not only at the last 35. */
  readonly everyDay?: boolean;
  /** A change of the log's key, logged once. */
  readonly keyChange?: { readonly entry: Entry; readonly file: string };
}

export type GatherPorts = StatingPorts & LogPlace;

interface Gathered {
  readonly day: string;
  readonly history: DayHistory;
  readonly examined: ExaminedDay;
  readonly access: ExaminedAccess;
  /** It differs from what its last statement says of the archive and the access log. */
  readonly isChanged: boolean;
}

/**
 * Gathers one seal. `undefined` when nothing has to be sealed.
 *
 * @param last the statement that ends the log.
 */
export async function gatherSeal(
  ports: GatherPorts,
  options: GatherOptions,
  { head, last }: { readonly head: TreeHead; readonly last: StoredStatement | undefined },
  budget: Budget,
): Promise<SealDraft | undefined> {
  const now = ports.now();
  const covered = last?.statement.log.through;
  const today = dayOf(now);
  const asked = options.through ?? addDays(today, -1);
  // of a day that has not begun there is nothing to state
  const through = asked > today ? today : asked;
  const firstNew = covered === undefined ? options.first : addDays(covered, 1);
  const newDays = daysBetween(firstNew, through).slice(0, MAX_NEW_DAYS);
  const first = last?.statement.log.first ?? options.first;
  const erasures = await readErasures(ports, budget);
  const known =
    covered === undefined
      ? []
      : daysAgain({ first, covered, everyDay: options.everyDay === true }, [...erasures.keys()]);
  const { size } = head;
  const stored = await listStatements(ports, monthPrefixes(ports, known), size, budget);
  const examine = async (day: string, history: DayHistory): Promise<Gathered> => {
    const examined = await examineDay(
      ports,
      { day, history, erasures: erasures.get(day) ?? [], room },
      budget,
    );
    room -= examined.entries.length;
    const access = await examineAccess(ports, { day, last: history.last?.statement }, budget);
    return { day, history, examined, access, isChanged: examined.isChanged || access.isNews };
  };
  const histories = await openAll(ports, { days: known, stored, size }, budget);
  const cutOffs = ports.counting === undefined ? new Map<string, number>() : await listCutOffs(ports, budget);
  const looks = looksAmong(histories, { newDays, cutOffs }, now);
  const amended: Gathered[] = [];
  let room = MAX_SEAL_ENTRIES;
  for (const [day, history] of histories) {
    const gathered = await examine(day, history);
    if (gathered.isChanged || looks.includes(day)) amended.push(gathered);
  }
  const fresh: Gathered[] = [];
  for (const day of newDays) {
    if (fresh.length > 0 && MAX_SEAL_ENTRIES - room >= ENOUGH_ENTRIES) break;
    fresh.push(await examine(day, await openHistory(ports, { day, indexes: [], size }, budget)));
  }
  const reach = fresh.at(-1)?.day ?? covered ?? first;
  const drills = await countDrills(ports, last?.statement, budget);
  return writeDraft(ports, options, { amended, fresh, first, through: reach, now, drills }, budget);
}

interface Days {
  readonly amended: readonly Gathered[];
  readonly fresh: readonly Gathered[];
  readonly first: string;
  readonly through: string;
  readonly now: number;
  /** Since the statement that ends the log. */
  readonly drills: Statement['drills'];
}

async function writeDraft(
  ports: GatherPorts,
  options: GatherOptions,
  { amended, fresh, first, through, now, drills }: Days,
  budget: Budget,
): Promise<SealDraft | undefined> {
  const entries: Entry[] = [];
  const statements: ((place: StatementPlace) => Statement)[] = [];
  const looked: string[] = [];
  for (const { day, history, examined, access, isChanged } of [...amended, ...fresh]) {
    const seen = await lookAtDay(ports, examined, history.last?.statement, budget);
    const { organization, origin } = ports;
    const stated = stateDay(ports, {
      examined,
      access: access.facts,
      looked: seen,
      history,
      organization,
      origin,
      first,
      through,
      now,
    });
    const { last } = history;
    const hadSource = last !== undefined && !('unavailable' in last.statement.source);
    // a look that failed says less than what is there, and is tried again
    const isEmptyHanded = seen.source instanceof Error && hadSource && !isChanged;
    if (isEmptyHanded) continue;
    if (!stated.isNews && !access.isNews) {
      looked.push(day);
      continue;
    }
    await storeLists(ports, day, stated.lists, budget);
    await storeAccessList(ports, day, access, budget);
    entries.push(...examined.entries);
    statements.push(stated.statement);
  }
  const newest = statements.pop();
  if (newest === undefined) return undefined;
  const { keyChange } = options;
  if (keyChange !== undefined) entries.push(keyChange.entry);
  const whole = (place: StatementPlace): Statement => ({
    ...newest(place),
    ...present({ drills }),
    ...(looked.length === 0 ? {} : { looked }),
  });
  return {
    entries: sortEntries(entries),
    keyFiles: keyChange === undefined ? [] : [keyChange.file],
    statements: [...statements, whole],
  };
}

/** Opens the histories of days: two small objects each. */
async function openAll(
  ports: GatherPorts,
  {
    days,
    stored,
    size,
  }: { readonly days: readonly string[]; readonly stored: StatementPlaces; readonly size: number },
  budget: Budget,
): Promise<readonly (readonly [day: string, history: DayHistory])[]> {
  return mapWide(days, async (day) => {
    const indexes = stored.get(day) ?? [];
    return [day, await openHistory(ports, { day, indexes, size }, budget)] as const;
  });
}

/** Days of the log that are looked at again: the last 35, or all of them, and those of which something was erased. */
function daysAgain(
  {
    first,
    covered,
    everyDay,
  }: { readonly first: string; readonly covered: string; readonly everyDay: boolean },
  erased: readonly string[],
): readonly string[] {
  const near = daysBetween(everyDay ? first : addDays(covered, -MAX_OPEN_DAYS), covered);
  return [...new Set([...near, ...erased])].filter((day) => day >= first && day <= covered).sort();
}

function looksAmong(
  amended: readonly (readonly [day: string, history: DayHistory])[],
  {
    newDays,
    cutOffs,
  }: { readonly newDays: readonly string[]; readonly cutOffs: ReadonlyMap<string, number> },
  now: number,
): readonly string[] {
  const known = amended.flatMap(([day, { last: stored }]): LastLook[] => {
    const last = stored?.statement;
    if (last === undefined) return [];
    const { status, source } = last;
    return [
      {
        day,
        status,
        at: Date.parse(last.clock.local),
        isUnavailable: 'unavailable' in source,
        cutOff: cutOffs.get(day),
      },
    ];
  });
  return looksDue(newDays, known, now);
}
