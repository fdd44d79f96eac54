import { gunzipSync } from 'node:zlib';
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { type ListLine, listRoot, parseLine } from '../proof/formats/list-lines.ts';
import { brokenEquations, type Statement } from '../proof/formats/statement.ts';
import { type LogPlace, readBytes } from '../proof/log/place.ts';
import { openProver, type Prover } from '../proof/prove/prove-entry.ts';
import { checkProof } from '../proof/verify/check-proof.ts';
import type { CompletenessDay } from './api-keeping-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { forEachOf } from '../for-each-of.ts';

/** Days that are verified at once. */
const AT_ONCE = 8;
/** Bytes of a list of exceptions, packed and unpacked. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** What is known of a day's statement once it has been verified. */
export interface JudgedDay {
  readonly state: CompletenessDay['statement'];
  /** Of the newest revision, where it verifies. */
  readonly statement?: Statement;
  readonly why?: string;
}

/** Statements that have been verified, by the checkpoint that they were verified against. */
const JUDGED = new WeakMap<
  ConsoleArchive,
  { readonly note: string; readonly days: Map<string, JudgedDay> }
>();

/**
 * Verifies the statements of days: each is the one that the log holds, the log's checkpoint is signed with a configured key, and its
 * numbers add up.
 *
 * @throws `STORE_*`. What does not verify is a value.
 */
export async function judgeDays(
  archive: ConsoleArchive,
  days: readonly string[],
  budget: Budget,
): Promise<ReadonlyMap<string, JudgedDay>> {
  const { log } = archive;
  if (log === undefined || log.trusted.length === 0) return all(days, { state: 'unchecked' });
  let prover: Prover;
  try {
    prover = await openProver(log, archive.layout, budget);
  } catch (thrown) {
    const { code, message } = toArchiveError(thrown);
    if (code === 'LOG_MISSING') return all(days, { state: 'none' });
    if (!code.startsWith('LOG_')) throw thrown;
    return all(days, { state: 'broken', why: message });
  }
  const { note } = prover.head;
  const kept = JUDGED.get(archive);
  const known = kept?.note === note ? kept.days : new Map<string, JudgedDay>();
  if (kept?.note !== note) JUDGED.set(archive, { note, days: known });
  const left = days.filter((day) => !known.has(day));
  await forEachOf(left, AT_ONCE, async (day) => {
    known.set(day, await judgeDay(prover, log, day, budget));
  });
  return known;
}

const all = (days: readonly string[], judged: JudgedDay) => new Map(days.map((day) => [day, judged]));

async function judgeDay(prover: Prover, log: LogPlace, day: string, budget: Budget): Promise<JudgedDay> {
  try {
    const revisions = await prover.day(day, budget);
    for (const { file, proof, statement } of revisions) {
      const checked = checkProof(file, proof, log);
      if (checked.state !== 'valid') return { state: 'broken', why: checked.problem };
      const [broken] = brokenEquations(statement);
      if (broken !== undefined) return { state: 'broken', why: `its numbers do not add up: ${broken}` };
    }
    const statement = revisions.at(-1)?.statement;
    if (statement === undefined) return { state: 'none' };
    return { state: statement.status === 'final' ? 'sealed' : 'provisional', statement };
  } catch (thrown) {
    const { code, message } = toArchiveError(thrown);
    if (code === 'NOT_SEALED') return { state: 'none' };
    if (!code.startsWith('LOG_')) throw thrown;
    return { state: 'broken', why: message };
  }
}

/**
 * What a day's statement says is missing.
 *
 * @throws `LOG_MALFORMED` when the list is not the one that the statement commits to.
 */
export async function readMissing(
  log: LogPlace,
  { day, differences }: Pick<Statement, 'day' | 'differences'>,
  budget: Budget,
): Promise<readonly ListLine[]> {
  if (differences === undefined || differences.list.count === 0) return [];
  const { root } = differences.list;
  const key = log.keys.list(day, root, 'exceptions');
  const packed = await readBytes(log.store, key, MAX_LIST_BYTES, budget);
  const lines = packed === undefined ? undefined : unpack(packed);
  if (lines === undefined || listRoot(lines) !== root) {
    throw new ArchiveError('LOG_MALFORMED', `${key} is not the list that the statement of ${day} names`);
  }
  return lines.flatMap((text) => {
    const line = parseLine(text);
    return line !== undefined && 'state' in line && line.state === 'missing' ? [line] : [];
  });
}

function unpack(packed: Buffer): readonly string[] | undefined {
  try {
    const text = gunzipSync(packed, { maxOutputLength: MAX_LIST_BYTES }).toString('utf8');
    return text.split('\n').filter((line) => line !== '');
  } catch {
    return undefined;
  }
}
