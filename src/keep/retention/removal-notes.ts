/** Notes from when on rules may remove objects, and tells by them what is gone as it should be from what is missing. */
import type { Budget, Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ExpiredObjects, ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import type { Hold } from '../../record/hold.ts';
import { heldKeys } from '../../record/read-hold.ts';
import { formatSigned, type ReceiptSigner } from '../../record/receipt/receipt.ts';
import {
  MAX_NOTE_BYTES,
  MAX_OBJECTS_IN_NOTE,
  parseRemovalNote,
  REMOVAL_NOTE_SCHEMA,
  type RemovalNote,
  removalDayPrefix,
  removalNoteKey,
} from '../../record/removal-note.ts';
import { getSmall, putSmall } from '../../record/small-object.ts';
import { checkStoredSignature } from '../../record/stored-signature.ts';
import { type HoldTrust, listHolds } from '../read-holds.ts';

/** How notes are written. */
export interface RemovalNoting {
  /** Day of a key, `YYYY-MM-DD`; `undefined` for keys that the layout of the archive has not named, of which nothing is noted. */
  readonly dayOf: (key: string) => string | undefined;
  /** What signs the notes, as receipts are signed; asked for when the first one is written. */
  readonly signer: (budget: Budget) => Promise<ReceiptSigner | undefined>;
}

/** Of one object, epoch ms. */
export interface Noted {
  /** A rule may remove it from then on; `undefined`: none may. */
  readonly from: number | undefined;
  /** Until when a person keeps it. */
  readonly until: number | undefined;
  /** A tag may be on it: it was noted that a rule may remove it, and not since then that its tag is off. */
  readonly mayBear: boolean;
}

/** What a note will say; `isOff`: its tag was taken off since the newest note, which says that no rule may remove it. */
export type Noting = Pick<Noted, 'from' | 'until'> & { readonly isOff?: boolean };

export type Removals = ReadonlyMap<string, Noted>;

/**
 * Reads what the notes of a day say, of each object the newest. Where public keys are known, a note that none of them signed says nothing.
 * Nothing is said either where one of the notes cannot be read: it may be the one that took an object off.
 *
 * @throws `STORE_*`.
 */
export async function readRemovals(trust: HoldTrust, day: string, budget: Budget): Promise<Removals> {
  return newestOf((await readNotes(trust, day, budget)) ?? []);
}

/** `undefined` where one of them cannot be read. */
async function readNotes(
  { store, keys }: HoldTrust,
  day: string,
  budget: Budget,
): Promise<readonly RemovalNote[] | undefined> {
  const notes: RemovalNote[] = [];
  for await (const { key: place } of store.list(removalDayPrefix(day), budget)) {
    const note = await readNote(store, place, budget);
    if (note?.day !== day) return undefined;
    const isTrusted =
      keys.size === 0 || (await checkStoredSignature({ store, keys }, note, place, budget)) === 'valid';
    if (isTrusted) notes.push(note);
  }
  return notes;
}

/** Of notes of one moment, the one that keeps an object longest; of all, what a person said last. Pure. */
export function newestOf(notes: readonly Pick<RemovalNote, 'objects' | 'times'>[]): Removals {
  const found = new Map<string, Noted & { readonly issued: string }>();
  const named = new Map<string, string>();
  const off = new Map<string, string>();
  const timeOf = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));
  const laterOf = (one: number | undefined, other: number | undefined) =>
    one === undefined || other === undefined ? undefined : Math.max(one, other);
  for (const { objects, times } of notes) {
    const { issued } = times;
    for (const object of objects) {
      const known = found.get(object.key);
      const [from, own] = [timeOf(object.from), timeOf(object.until)];
      const until = Math.max(known?.until ?? 0, own ?? 0) || undefined;
      const last = object.off === true ? off : named;
      if ((object.off === true || from !== undefined) && (last.get(object.key) ?? '') < issued)
        last.set(object.key, issued);
      // of one moment, what was noted as one that may go counts as the later
      const mayBear = named.has(object.key) && (named.get(object.key) ?? '') >= (off.get(object.key) ?? '');
      if (known === undefined || known.issued < issued)
        found.set(object.key, { issued, from, until, mayBear });
      else
        found.set(object.key, {
          issued: known.issued,
          from: known.issued === issued ? laterOf(known.from, from) : known.from,
          until,
          mayBear,
        });
    }
  }
  return found;
}

async function readNote(store: ObjectStore, place: string, budget: Budget): Promise<RemovalNote | undefined> {
  try {
    const json = await getSmall(store, place, MAX_NOTE_BYTES, budget);
    return json === undefined ? undefined : parseRemovalNote(json);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

/** What the notes say of some objects of any days. @throws `STORE_*`. */
export async function readNoted(
  trust: HoldTrust,
  dayOf: RemovalNoting['dayOf'],
  keys: readonly string[],
  budget: Budget,
): Promise<Removals> {
  const found = new Map<string, Noted>();
  for (const [day, asked] of byDays(dayOf, keys)) {
    const removals = await readRemovals(trust, day, budget);
    for (const key of asked) {
      const noted = removals.get(key);
      if (noted !== undefined) found.set(key, noted);
    }
  }
  return found;
}

function byDays(dayOf: RemovalNoting['dayOf'], keys: Iterable<string>): ReadonlyMap<string, string[]> {
  const days = new Map<string, string[]>();
  for (const key of keys) {
    const day = dayOf(key);
    if (day === undefined) continue;
    const known = days.get(day);
    if (known === undefined) days.set(day, [key]);
    else known.push(key);
  }
  return days;
}

/** `undefined` where nothing of it is new. Pure. */
function newsOf(
  { from, until, isOff = false }: Noting,
  before: Noted | undefined,
): Omit<RemovalNote['objects'][number], 'key'> | undefined {
  const isKnown = before?.from === from && (before?.until ?? 0) >= (until ?? 0);
  // another run has noted meanwhile that a rule may remove it, and may be about to put its tag on
  const isOvertaken = isOff && before?.from !== undefined;
  if (isOvertaken && until === undefined) return undefined;
  const off = isOff && !isOvertaken && before?.mayBear === true ? (true as const) : undefined;
  if (isKnown && off === undefined) return undefined;
  return present({ from: textOf(from), until: textOf(until), off });
}

const textOf = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

/**
 * Writes down what is not written yet. Called before tags are changed: an object whose tag was taken off is never noted as one that may
 * go, wherever the work ends.
 *
 * @throws `STORE_*`.
 */
export async function noteRemovals(
  { store, keys, clock }: HoldTrust & { readonly clock: Pick<Clock, 'now'> },
  { dayOf, signer }: RemovalNoting,
  wanted: ReadonlyMap<string, Noting>,
  budget: Budget,
): Promise<void> {
  for (const [day, asked] of byDays(dayOf, wanted.keys())) {
    const notes = (await readNotes({ store, keys }, day, budget)) ?? [];
    const known = newestOf(notes);
    // clocks differ: what is written later must count as later
    const newest = Math.max(0, ...notes.map(({ times }) => Date.parse(times.issued)));
    const issued = new Date(Math.max(clock.now(), newest + 1)).toISOString();
    const news = asked.flatMap((key) => {
      const object = wanted.get(key);
      const news = object === undefined ? undefined : newsOf(object, known.get(key));
      return news === undefined ? [] : [{ key, ...news }];
    });
    for (let at = 0; at < news.length; at += MAX_OBJECTS_IN_NOTE) {
      const objects = news.slice(at, at + MAX_OBJECTS_IN_NOTE);
      const note: RemovalNote = {
        schema: REMOVAL_NOTE_SCHEMA,
        day,
        objects,
        times: { issued },
        tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
      };
      const bytes = await formatSigned(note, await signer(budget), budget);
      await putSmall(store, removalNoteKey(note, bytes), bytes, budget);
    }
  }
}

/**
 * Keys of what a hold holds that a rule may remove, or is about to be let remove: `retain apply` takes their tags off. To be asked once
 * the hold is placed: who puts a tag on later sees the hold.
 *
 * @throws `HOLD_DAMAGED`; `STORE_*`.
 */
export async function* removableAmongHeld(
  trust: HoldTrust,
  { hold, dayOf }: { readonly hold: Hold; readonly dayOf: RemovalNoting['dayOf'] },
  budget: Budget,
): AsyncGenerator<string, void, undefined> {
  for await (const keys of heldKeys(trust.store, hold, budget)) {
    for (const [day, asked] of byDays(dayOf, keys)) {
      const removals = await readRemovals(trust, day, budget);
      yield* asked.filter((key) => removals.get(key)?.mayBear === true);
    }
  }
}

/** ms; what was noted, held or let go later than this before an answer may not be in it. */
const FRESH_MS = 60_000;
/** Days whose answers are remembered. */
const MAX_DAYS = 8;

/** Reads the notes and the holds of a day at most once a minute. */
export function createExpiredObjects(
  ports: HoldTrust & { readonly clock: Pick<Clock, 'now'> },
): ExpiredObjects {
  const answers = new Map<
    string,
    { readonly at: number; readonly answer: Promise<ReadonlyMap<string, number>> }
  >();
  return {
    of: (day, budget) => {
      const now = ports.clock.now();
      const known = answers.get(day);
      if (known !== undefined && now - known.at < FRESH_MS && now >= known.at) return known.answer;
      const answer = readExpired(ports, day, now, budget);
      answers.delete(day);
      answers.set(day, { at: now, answer });
      // a failure is not remembered
      answer.catch(() => answers.delete(day));
      const [oldest] = answers.keys();
      if (answers.size > MAX_DAYS && oldest !== undefined) answers.delete(oldest);
      return answer;
    },
  };
}

async function readExpired(
  trust: HoldTrust,
  day: string,
  now: number,
  budget: Budget,
): Promise<ReadonlyMap<string, number>> {
  const removals = await readRemovals(trust, day, budget);
  const expired = new Map<string, number>();
  for (const [key, { from, until = 0 }] of removals)
    if (from !== undefined && from <= now && from >= until) expired.set(key, from);
  if (expired.size === 0) return expired;
  for await (const { hold, release } of listHolds(trust, budget)) {
    const heldUntil = release === undefined ? Number.POSITIVE_INFINITY : Date.parse(release.times.issued);
    for await (const list of heldKeys(trust.store, hold, budget)) {
      // it stood when the rule would have let the object go, or has stood since
      for (const key of list)
        if ((expired.get(key) ?? Number.POSITIVE_INFINITY) < heldUntil) expired.delete(key);
    }
  }
  return expired;
}
