/**
 * The only writer of the catalogue. The files of a day are a function of what the archive has of that day, so several compactors may
 * write them, and often, and the rows are the same.
 */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStat, PutOptions } from '../../ports.ts';
import { type OpenDayFile, openDayFile, writeDayFile } from './day-file.ts';
import { listDay, type RunInputs } from './day-inputs.ts';
import { exchangeFile } from '../exchange.ts';
import { eraseFacts } from '../erase-facts.ts';
import { makeDay } from './make-day.ts';
import { dayFileKey, type Shard } from '../places.ts';
import { writePeople } from './people-file.ts';
import type { CataloguePorts } from '../ports.ts';

export interface CompactedDay {
  readonly day: string;
  readonly shard: Shard;
  /** `lost`: others wrote it each time, and what they wrote stands. */
  readonly outcome: 'unchanged' | 'written' | 'lost';
  readonly rows: number;
  /** Receipts that were read. */
  readonly read: number;
  /** Objects whose receipt cannot be read. */
  readonly unreadable: number;
}

/** How often a day is begun again that others have written in between. */
const MAX_ATTEMPTS = 5;
const OPTIONS: PutOptions = { metadata: {}, contentType: 'application/vnd.apache.parquet' };

/**
 * Brings one file of a day up to date.
 *
 * @throws what the stores and the key service throw; `OBJECT_MALFORMED` for damaged facts.
 */
export async function compactDay(
  ports: CataloguePorts,
  at: { readonly day: string; readonly shard: Shard },
  run: RunInputs,
  budget: Budget,
): Promise<CompactedDay> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    try {
      const done = await attemptDay(ports, at, run, budget);
      if (done !== undefined) return done;
    } catch (error) {
      if (!isReplacedMeanwhile(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
  return { ...at, outcome: 'lost', rows: 0, read: 0, unreadable: 0 };
}

/** A file that was replaced, or taken away, while it was read is read again. */
function isReplacedMeanwhile(error: unknown): boolean {
  return error instanceof ArchiveError && error.code === 'STORE_UNAVAILABLE';
}

/** @returns `undefined` when others wrote in between. */
async function attemptDay(
  ports: CataloguePorts,
  at: { readonly day: string; readonly shard: Shard },
  run: RunInputs,
  budget: Budget,
): Promise<CompactedDay | undefined> {
  const { catalogue, archive } = ports;
  const key = dayFileKey(at.day, at.shard);
  // the versions that are replaced are looked at before anything else is
  const before = await catalogue.head(key, budget);
  const people = await writePeople.before(ports, at, budget);
  const inputs = await listDay(ports, at, run, budget);
  const old = await openOld(ports, key, before, budget);
  try {
    const isCurrent = run.anew !== true && old?.facts.inputs === inputs.digest;
    const shared = { ...at, unreadable: 0, read: 0 };
    if (old === undefined && inputs.files.size === 0) return { ...shared, outcome: 'unchanged', rows: 0 };
    if (isCurrent && writePeople.isCurrent(people, inputs)) {
      return { ...shared, outcome: 'unchanged', rows: old.table.rows };
    }
    const known = run.anew === true ? undefined : old;
    const made = await makeDay(ports, { inputs, old: known }, run, budget);
    await eraseFacts(ports, inputs.facts, made.erasedConversations, budget);
    const facts = {
      day: at.day,
      inputs: inputs.digest,
      search_key_id: run.searchKey?.id ?? '-',
      store: archive.location,
    };
    if (!(await writePeople.write(ports, { inputs, before: people }, made.people, budget))) return undefined;
    const done = { ...shared, read: made.read, unreadable: made.unreadable, rows: made.rows.length };
    if (isCurrent) return { ...done, outcome: 'written' };
    const body = writeDayFile(ports.tables, made.rows, facts);
    return (await exchangeFile(ports, { key, before, options: OPTIONS }, body, budget))
      ? { ...done, outcome: 'written' }
      : undefined;
  } finally {
    await old?.close();
  }
}

/** A file that cannot be read is as good as none: it is made anew. */
async function openOld(
  { catalogue, tables, archive, logger }: CataloguePorts,
  key: string,
  before: ObjectStat | undefined,
  budget: Budget,
): Promise<OpenDayFile | undefined> {
  if (before === undefined) return undefined;
  try {
    return await openDayFile({ catalogue, tables, location: archive.location }, key, before, budget);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'CATALOGUE_UNREADABLE') throw error;
    logger.log('warn', error.message, { key, code: error.code });
    return undefined;
  }
}
