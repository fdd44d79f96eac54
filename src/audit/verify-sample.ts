import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { ArchiveError } from '../errors.ts';
import { DATE_LAYOUT, type Layout } from '../record/layout.ts';
import { DAY_MS, FIRST_DAY, LAST_DAY } from '../recording/time.ts';
import type { Finding } from './compare-with-receipt.ts';
import { verifyArchive, type Verified } from './verify-archive.ts';
import type { AllowableKind, VerifyDepth, VerifyPorts } from './verify-recording.ts';
import { walkArchive } from './walk-archive.ts';

/** An attempt that was killed between an object and its receipt is repeated by then. */
const GRACE_MS = DAY_MS;

/** What an object lacks that was stored a moment ago. */
const PENDING: ReadonlySet<Finding['kind']> = new Set(['missing-receipt', 'unproven']);

export interface SampleTurn {
  /** Days in which every recording has its turn. */
  readonly rotation: number;
  /** Which recordings have their turn together; another seed groups them otherwise. */
  readonly seed: string;
}

export interface SampleOptions extends SampleTurn {
  readonly depth: VerifyDepth;
  /** Kinds of findings that count for nothing. */
  readonly allow?: ReadonlySet<AllowableKind> | undefined;
  /** Recordings looked at at a time. */
  readonly concurrency: number;
  /** Epoch ms; its UTC day says whose turn it is. */
  readonly now: number;
}

/** What one turn has found. */
export interface SampleReport {
  /** Every recording whose turn it was has been looked at. */
  readonly complete: boolean;
  /** Recordings that were looked at. */
  readonly checked: number;
  readonly intact: number;
  /** Of objects, bytes that were read; 0 at depth `head`. */
  readonly bytes: number;
  readonly findings: number;
  /** Recordings that could not be looked at: nothing is known of them. */
  readonly failed: number;
  /** Objects of the last day without a receipt: their event may be delivered again. */
  readonly pending: number;
  /** Signatures were checked: public keys of receipts are configured. */
  readonly signatures: 'checked' | 'not-asked';
}

export interface SampleWatcher {
  readonly onFinding: (finding: Finding) => void;
  readonly onFailed: (key: string, error: ArchiveError) => void;
}

/**
 * Verifies the part of the archive whose turn it is today. In `rotation` days, one run a day, every recording is looked at at least
 * once; a run lists only the days that it looks into. Writes nothing.
 *
 * @throws `STORE_*` when the archive cannot be listed.
 */
export async function verifySample(
  ports: VerifyPorts,
  options: SampleOptions,
  watcher: SampleWatcher,
  budget: Budget,
): Promise<SampleReport> {
  const { depth, concurrency, now } = options;
  const { layout = DATE_LAYOUT } = ports;
  const count = { checked: 0, intact: 0, bytes: 0, findings: 0, failed: 0, pending: 0 };
  const take = async (verified: Verified) => {
    if (verified.state === 'failed') {
      count.failed += 1;
      watcher.onFailed(verified.key, verified.error);
      return;
    }
    const { key, findings, bytes } = verified.verification;
    count.checked += 1;
    if (depth !== 'head') count.bytes += bytes;
    if (findings.length === 0) count.intact += 1;
    else if (findings.every(({ kind }) => PENDING.has(kind)) && (await isFresh(ports, key, now, budget)))
      count.pending += 1;
    else {
      count.findings += findings.length;
      for (const found of findings) watcher.onFinding(found);
    }
  };
  const turn = turnOf(options, now);
  const first = await firstDay(ports, layout, budget);
  const days = new Set(daysBetween(first, Math.min(LAST_DAY, now)).filter(turn.hasDay));
  const walk = { depth, concurrency, range: { layout }, days, isMeant: turn.hasKey };
  await verifyArchive({ ...ports, allow: options.allow }, walk, { onVerified: take }, budget);
  return {
    complete: !budget.signal.aborted,
    ...count,
    signatures: (ports.keys?.size ?? 0) > 0 ? 'checked' : 'not-asked',
  };
}

export interface Turn {
  /** @param day epoch ms of a midnight, UTC. */
  readonly hasDay: (day: number) => boolean;
  readonly hasKey: (key: string) => boolean;
}

/**
 * Says whose turn it is on the UTC day of `now`. Recordings are grouped by day and, within a day, by key, so that a run need not list
 * the days that it does not look into. Pure.
 */
export function turnOf({ rotation, seed }: SampleTurn, now: number): Turn {
  const dayGroups = Math.max(1, Math.floor(Math.sqrt(rotation)));
  const keyGroups = Math.max(1, Math.floor(rotation / dayGroups));
  const turn = Math.floor(now / DAY_MS) % (dayGroups * keyGroups);
  const dayGroup = turn % dayGroups;
  const keyGroup = Math.floor(turn / dayGroups);
  return {
    hasDay: (day) => groupOf(`${seed}\0day\0${day / DAY_MS}`, dayGroups) === dayGroup,
    hasKey: (key) => groupOf(`${seed}\0key\0${key}`, keyGroups) === keyGroup,
  };
}

/** The first 48 bits of SHA-256, as an equal share of `groups`. */
function groupOf(text: string, groups: number): number {
  const fraction = createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
  return Math.floor(fraction * groups);
}

/** Midnights. */
function daysBetween(first: number, last: number): readonly number[] {
  const count = Math.max(0, Math.floor((last - first) / DAY_MS) + 1);
  return Array.from({ length: count }, (_, index) => first + index * DAY_MS);
}

/** Midnight of a day before which there is no recording. Within a year, keys may be in another order than the days. */
async function firstDay({ store }: VerifyPorts, layout: Layout, budget: Budget): Promise<number> {
  if (!isYearFirst(layout)) return FIRST_DAY;
  for await (const key of walkArchive(store, { range: { layout } }, budget)) {
    const year = layout.parse(key)?.date.slice(0, 4);
    return Math.max(FIRST_DAY, Date.parse(`${year}-01-01T00:00:00Z`));
  }
  return Number.POSITIVE_INFINITY;
}

/** Reports whether keys are in the order of their years; a template can begin with another part of the date, or with an id. */
function isYearFirst(layout: Layout): boolean {
  return layout.prefixOf(Date.UTC(2000, 11, 31)) < layout.prefixOf(Date.UTC(2001, 0, 1));
}

/** Reports whether the object was stored within the last day. */
async function isFresh({ store }: VerifyPorts, key: string, now: number, budget: Budget): Promise<boolean> {
  const stat = await store.head(key, budget);
  return stat !== undefined && Math.abs(now - stat.lastModified) < GRACE_MS;
}
