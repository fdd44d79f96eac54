import type { Budget, Clock } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { AuditedAct, Envelope, ObjectStat, ObjectStore, PlatformAudits } from '../../ports.ts';
import {
  AUDITED_ENTITIES,
  AUDITS_SCHEMA,
  type AuditsHeader,
  auditsIds,
  auditsKey,
  auditsRefusedKey,
  MAX_AUDITS_ENTRIES,
  MAX_AUDITS_ENTRY_CHARACTERS,
  packAudits,
} from '../../record/audits-file.ts';
import { putSmall } from '../../record/small-object.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import { daysInReach, type DueDaysOptions, fetchDueDays, isDayDue } from '../due-days.ts';
import { putSealed } from '../day-object.ts';

/** ms after the end of a day at which its audit is fetched: entries come late, and how late is not published. */
const STAGES_MS = [0, 2 * DAY_MS, 10 * DAY_MS] as const;

/** Metadata that states how many entries a day has, so that who may not open it can compare. */
const ENTRIES = 'audit-entries';

/**
 * Reports whether the audit of a day is due. Pure.
 *
 * @param day epoch ms of its midnight, UTC.
 * @param writtenAt epoch ms at which it was stored last.
 */
export function isAuditDue(day: number, writtenAt: number | undefined, now: number): boolean {
  return isDayDue(STAGES_MS, day, writtenAt, now);
}

export interface UpdateAuditsPorts {
  /** Where audits are kept: not under a lock, for they are replaced. */
  readonly store: ObjectStore;
  readonly envelope: () => Promise<Envelope>;
  readonly audits: PlatformAudits;
  readonly clock: Clock;
}

export interface AuditDay {
  readonly day: string;
  /** `kept`: the platform has fewer entries by now than the archive, which keeps its own. `failed`: the other days go on. */
  readonly outcome: 'written' | 'kept' | 'fresh' | 'late' | 'failed';
  readonly entries?: number;
  readonly error?: ArchiveError;
}

/**
 * Fetches the platform's audit of days that are due, newest first. Harmless to run twice at once, and to end at any point: a day is
 * replaced as a whole, or not at all, and never by fewer entries. Where the client may not ask, that is written down for each day that is due
 * and has no audit.
 *
 * @throws what every other day would meet as well: `GENESYS_AUTH_REJECTED`, `GENESYS_FORBIDDEN`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`.
 */
export async function updateAudits(
  ports: UpdateAuditsPorts,
  options: DueDaysOptions<AuditDay>,
  budget: Budget,
): Promise<readonly AuditDay[]> {
  const { clock, store } = ports;
  try {
    return await fetchDueDays<AuditDay>(
      {
        clock,
        stages: STAGES_MS,
        writtenAt: async (day) => (await store.head(auditsKey(day), budget))?.lastModified,
        fetch: (at) => fetchDay(ports, at, budget),
      },
      options,
      budget,
    );
  } catch (thrown) {
    if (toArchiveError(thrown).code === 'GENESYS_FORBIDDEN') await noteRefusal(ports, options, budget);
    throw thrown;
  }
}

async function fetchDay(
  { audits, store, envelope, clock }: UpdateAuditsPorts,
  at: number,
  budget: Budget,
): Promise<AuditDay> {
  const day = dayOf(at);
  const acts: { readonly at: number; readonly id: string; readonly line: string }[] = [];
  for await (const act of audits.read(at, AUDITED_ENTITIES, budget)) {
    if (acts.length === MAX_AUDITS_ENTRIES)
      throw new ArchiveError(
        'GENESYS_BAD_RESPONSE',
        `the audit of ${day} has more entries than a day can have`,
      );
    acts.push({ at: act.at, id: act.id, line: lineOf(act) });
  }
  acts.sort((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1));
  const head: Omit<AuditsHeader, 'entries'> = {
    schema: AUDITS_SCHEMA,
    day,
    source: 'quality-audit-query',
    fetchedAt: new Date(clock.now()).toISOString(),
    entityTypes: [...AUDITED_ENTITIES],
  };
  const body = packAudits(
    head,
    acts.map(({ line }) => line),
  );
  const outcome = await putSealed(
    { store, envelope: await envelope() },
    {
      key: auditsKey(day),
      ids: auditsIds(day),
      body,
      metadata: { [ENTRIES]: String(acts.length) },
      mayReplace: (stat) => entriesOf(stat) <= acts.length,
    },
    budget,
  );
  return { day, outcome, entries: acts.length };
}

function lineOf({ id, stated }: AuditedAct): string {
  const line = JSON.stringify(stated);
  if (line.length <= MAX_AUDITS_ENTRY_CHARACTERS) return line;
  throw new ArchiveError('GENESYS_BAD_RESPONSE', `the audit entry ${id.slice(0, 80)} is too long`);
}

/** What cannot be told counts as none. */
function entriesOf({ metadata }: ObjectStat): number {
  const stated = metadata[ENTRIES] ?? '';
  return /^\d{1,9}$/.test(stated) ? Number(stated) : 0;
}

/** Notes that a day was refused: different from a day on which nothing was done, and from one that was never asked for. */
async function noteRefusal(
  { store, clock }: UpdateAuditsPorts,
  options: DueDaysOptions<AuditDay>,
  budget: Budget,
): Promise<void> {
  for (const at of daysInReach(options, clock.now())) {
    if (!isAuditDue(at, undefined, clock.now())) continue;
    const day = dayOf(at);
    if ((await store.head(auditsKey(day), budget)) !== undefined) continue;
    const note = {
      schema: AUDITS_SCHEMA,
      day,
      state: 'forbidden',
      askedAt: new Date(clock.now()).toISOString(),
    };
    await putSmall(store, auditsRefusedKey(day), Buffer.from(`${JSON.stringify(note)}\n`), budget);
  }
}
