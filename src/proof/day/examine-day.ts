/** Looks at one day in the store: what joined since its last statement, and what is there now. */
import type { Budget } from '../../clock.ts';
import { subjectHash } from '../../record/erasure.ts';
import type { Entry, RECEIPT_KINDS } from '../formats/entry.ts';
import type { ExcludedReason } from '../formats/reasons.ts';
import type { ArchiveFacts } from '../formats/statement.ts';
import { present } from '../../present.ts';
import { mapWide } from '../log/map-wide.ts';
import type { DayHistory } from './history.ts';
import { type DayListing, listDay, recordingOf } from './list-day.ts';
import { type ReadReceipt, readForLog, type ReceiptPorts, type RefusedReason } from './read-receipts.ts';

/** An erasure that has to be logged, or is. */
export interface KnownErasure {
  readonly entry: Entry;
  /** `subjectHash` of the recording, where the tombstone states it. */
  readonly recording: string | undefined;
  /** SHA-256 of the receipt, where it states that. */
  readonly receipt: string | undefined;
}

export interface ExaminedDay {
  readonly day: string;
  /** What is not in the log yet: receipts and erasures. */
  readonly entries: readonly Entry[];
  readonly archive: ArchiveFacts;
  readonly held: ReadonlySet<string>;
  readonly lost: ReadonlySet<string>;
  readonly quarantined: ReadonlySet<string>;
  readonly expired: ReadonlySet<string>;
  readonly terminal: ReadonlyMap<string, ExcludedReason>;
  readonly erased: ReadonlySet<string>;
  /** It differs from what the last statement of the day says of the archive. */
  readonly isChanged: boolean;
}

export interface DayToExamine {
  readonly day: string;
  readonly history: DayHistory;
  /** Of this day. */
  readonly erasures: readonly KnownErasure[];
  /** Entries at most; what is beyond is left to the next seal. */
  readonly room: number;
  /** Reads no receipts but those whose objects are missing. */
  readonly light?: boolean;
}

/** Clocks of stores differ, and a listing may be behind. */
const SLACK_MS = 3_600_000;

/** @throws `STORE_*`, `OUT_OF_TIME`. */
export async function examineDay(
  ports: ReceiptPorts,
  { day, history, erasures, room, light }: DayToExamine,
  budget: Budget,
): Promise<ExaminedDay> {
  const listing = await listDay(ports.store, ports.layout, day, budget);
  const last = history.last?.statement.archive;
  const read =
    light === true
      ? { fit: [], refused: [], isAll: false }
      : await readCandidates(ports, { day, listing, history }, budget);
  // most days are as they were: only then is it worth to know which hashes are logged
  const isNew = read.fit.length > 0 || erasures.length > (last?.erased ?? 0);
  const logged = isNew && last !== undefined ? await history.logged(budget) : new Set<string>();
  const joined = read.fit.filter(({ entry }) => !logged.has(entry.sha256)).slice(0, room);
  const joinedErasures = isNew
    ? erasures.map(({ entry }) => entry).filter(({ sha256 }) => !logged.has(sha256))
    : [];
  const entries = [...joined.map(({ entry }) => entry), ...joinedErasures];
  const erased = new Set(erasures.flatMap(({ recording }) => recording ?? []));
  const standing = await findStanding(ports, { day, listing, erased }, budget);
  const compared = joined.flatMap(({ stated: { key, bytes } }) => {
    const object = listing.objects.get(key);
    return object === undefined ? [] : [{ stated: bytes, actual: object.size }];
  });
  const count = (kind: (typeof RECEIPT_KINDS)[number]) =>
    joined.filter(({ entry }) => entry.kind === kind).length + (last?.[kind] ?? 0);
  const kinds = {
    archived: count('archived'),
    adopted: count('adopted'),
    completed: count('completed'),
    terminal: count('terminal'),
  };
  const archive: ArchiveFacts = {
    recordings: standing.held.size,
    receipts: kinds.archived + kinds.adopted + kinds.completed + kinds.terminal,
    ...kinds,
    erased: joinedErasures.length + (last?.erased ?? 0),
    unsigned: joined.filter(({ isUnsigned }) => isUnsigned).length + (last?.unsigned ?? 0),
    refused: read.isAll ? countRefused(read.refused) : (last?.refused ?? countRefused([])),
    bytes: [...listing.objects.values()].reduce((sum, { size }) => sum + size, 0),
    store: ports.store.location,
    objects: {
      listed: listing.objects.size,
      receipts: listing.receipts.size,
      absent: standing.absent,
      ...present({ expired: standing.expiredObjects || undefined }),
      withoutReceipt: [...listing.objects.keys()].filter((key) => !listing.receipts.has(key)).length,
      compared: (last?.objects.compared ?? 0) + compared.length,
      sizeDiffers:
        (last?.objects.sizeDiffers ?? 0) +
        compared.filter(({ stated, actual }) => stated !== undefined && stated !== actual).length,
    },
  };
  const isChanged = entries.length > 0 || (last !== undefined && seenOf(last) !== seenOf(archive));
  const { quarantined } = listing;
  return { day, entries, archive, ...standing, quarantined, erased, isChanged };
}

/** What two looks at an unchanged day agree in. */
function seenOf({ recordings, receipts, objects, refused, bytes }: ArchiveFacts): string {
  return [
    recordings,
    receipts,
    objects.listed,
    objects.receipts,
    objects.absent,
    objects.expired ?? 0,
    refused.total,
    bytes,
  ].join();
}

type Fit = Extract<ReadReceipt, { state: 'fit' }>;

/** Reads the receipts that may have joined; all of them where the count does not come out otherwise. */
async function readCandidates(
  ports: ReceiptPorts,
  {
    day,
    listing,
    history,
  }: { readonly day: string; readonly listing: DayListing; readonly history: DayHistory },
  budget: Budget,
): Promise<{
  readonly fit: readonly Fit[];
  readonly refused: readonly RefusedReason[];
  readonly isAll: boolean;
}> {
  const last = history.last?.statement;
  const read = async (isWanted: (lastModified: number) => boolean, isAll: boolean) => {
    const some = [...listing.receipts].filter(([, { lastModified }]) => isWanted(lastModified));
    const all = await mapWide(some, ([key, listed]) => readForLog(ports, { key, listed, day }, budget));
    return {
      fit: all.filter((each) => each.state === 'fit'),
      refused: all.flatMap((each) => (each.state === 'refused' ? [each.reason] : [])),
      isAll,
    };
  };
  if (last === undefined) return read(() => true, true);
  const since = Date.parse(last.clock.local) - SLACK_MS;
  const recent = await read((lastModified) => lastModified >= since, false);
  const { receipts } = listing;
  const seen = last.archive.objects.receipts;
  if (receipts.size === seen && recent.fit.length === 0 && recent.refused.length === 0) return recent;
  // one may have come while another one went: what is certain is only what has been read
  const logged = await history.logged(budget);
  const joined = recent.fit.filter(({ entry }) => !logged.has(entry.sha256)).length;
  const isExplained = seen + joined === receipts.size && recent.refused.length === 0;
  return isExplained ? recent : read(() => true, true);
}

async function findStanding(
  ports: ReceiptPorts,
  {
    day,
    listing,
    erased,
  }: { readonly day: string; readonly listing: DayListing; readonly erased: ReadonlySet<string> },
  budget: Budget,
): Promise<
  Pick<ExaminedDay, 'held' | 'lost' | 'expired' | 'terminal'> & {
    readonly absent: number;
    readonly expiredObjects: number;
  }
> {
  const isErased = (id: string) => erased.has(subjectHash(id));
  const held = new Set<string>();
  for (const key of listing.objects.keys()) {
    const id = recordingOf(ports.layout, key);
    if (!isErased(id)) held.add(id);
  }
  const lost = new Set<string>();
  const gone = new Set<string>();
  const terminal = new Map<string, ExcludedReason>();
  const without = [...listing.receipts].filter(([key]) => !listing.objects.has(key));
  let absent = 0;
  let expiredObjects = 0;
  const rules = (await (without.length > 0 ? ports.expired?.of(day, budget) : undefined)) ?? new Map();
  await mapWide(without, async ([key, listed]) => {
    const id = recordingOf(ports.layout, key);
    const read = await readForLog(ports, { key, listed, day }, budget);
    if (read.state === 'gone' || isErased(id)) return;
    if (read.state === 'fit' && read.stated.kind === 'terminal') {
      const isDeleted = /delet/i.test(read.stated.reason ?? '');
      terminal.set(id, isDeleted ? 'deleted-at-source' : 'errored-at-source');
      return;
    }
    held.delete(id);
    if (rules.has(key)) {
      expiredObjects += 1;
      gone.add(id);
      return;
    }
    absent += 1;
    lost.add(id);
  });
  // of a recording of several files, one that is lost counts
  const expired = new Set([...gone].filter((id) => !lost.has(id)));
  return { held, lost, expired, terminal, absent, expiredObjects };
}

function countRefused(reasons: readonly RefusedReason[]): ArchiveFacts['refused'] {
  const byReason: Record<string, number> = {};
  for (const reason of reasons) byReason[reason] = (byReason[reason] ?? 0) + 1;
  return { total: reasons.length, byReason };
}
