/** Recomputes a whole log from its entries: every root that was signed, every statement, every count. */
import type { Budget } from '../../clock.ts';
import { addDays } from '../day/calendar.ts';
import { type EntryKind, RECEIPT_KINDS } from '../formats/entry.ts';
import { parseNoteKey } from '../formats/log-keys.ts';
import { hashRange, leafHash, rootOf, type Subtree } from '../formats/merkle.ts';
import { brokenEquations, type Statement } from '../formats/statement.ts';
import { findHead, readStatementAt } from '../log/head.ts';
import { type LogPlace, readEntries, readNote } from '../log/place.ts';
import { auditAccess } from './audit-access.ts';
import { auditObjects, type ObjectAudit, UNKNOWN_KEY } from './audit-objects.ts';
import { formatEntry } from '../formats/entry.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';

export interface LogFinding {
  /** What it is about: a key, a day, an entry. */
  readonly where: string;
  readonly problem: string;
}

export interface AuditedLog {
  readonly size: number;
  readonly checkpoints: number;
  readonly statements: number;
  /** The days that are stated without a gap. */
  readonly first: string | undefined;
  readonly last: string | undefined;
  /** Of the newest revisions. */
  readonly missing: number;
  readonly findings: readonly LogFinding[];
}

/** Checkpoints that are known elsewhere: they have to be of this log's past. */
export interface KnownCheckpoint {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly where: string;
}

/** Leaves whose roots are kept: one hash for each 256 of them. */
const BLOCK = 256;

/**
 * Reads the entries once, and then every other object of the log. Holds 32 bytes for each 256 entries, and what the days count.
 *
 * @param checkToken checks a time stamp against the note that it is of, and throws what is wrong; without it, time stamps are not looked at.
 * @throws `LOG_KEY_UNKNOWN`, `STORE_*`, `OUT_OF_TIME`; what is wrong with the log is a finding.
 */
export async function auditLog(
  place: LogPlace,
  known: readonly KnownCheckpoint[],
  budget: Budget,
  checkToken?: ObjectAudit['checkToken'],
): Promise<AuditedLog> {
  const head = await findHead(place, budget);
  const findings: LogFinding[] = [];
  const claims = await readClaims(place, known, findings, budget);
  const days = new Map<string, Map<EntryKind, number>>();
  const statements = new Chain(place, head.size, findings);
  const blocks: Buffer[] = [];
  let open: Buffer[] = [];
  let size = 0;
  const compare = async (): Promise<void> => {
    for (const { root, where } of claims.get(size) ?? []) {
      const actual = (await hashRange({ start: 0, end: size }, readBlocks(blocks, open))).toString('base64');
      if (actual !== root)
        findings.push({ where, problem: `the first ${size} entries do not make the root that it states` });
    }
  };
  await compare();
  try {
    for await (const entry of readEntries(place, { start: 0, end: head.size }, head.size, budget)) {
      open.push(leafHash(Buffer.from(formatEntry(entry))));
      if (entry.kind === 'statement') await statements.add(entry, days, budget);
      else count(days, entry.day, entry.kind);
      size += 1;
      if (open.length === BLOCK) {
        blocks.push(rootOf(open));
        open = [];
      }
      await compare();
    }
  } catch (error) {
    const { code, message } = toArchiveError(error);
    if (code !== 'LOG_MALFORMED') throw error;
    findings.push({ where: `entry ${size}`, problem: message });
  }
  const find = (where: string, problem: string) => findings.push({ where, problem });
  await auditObjects({ place, size, find, checkToken, seals: statements.seals }, budget);
  for (const [claimed, list] of claims) {
    if (claimed <= size) continue;
    for (const { where } of list) {
      findings.push({
        where,
        problem: `entries are missing from ${size} although it is signed for ${claimed}`,
      });
    }
  }
  return { size, checkpoints: [...claims.values()].flat().length, ...statements.summary(), findings };
}

type Claims = ReadonlyMap<number, readonly { readonly root: string; readonly where: string }[]>;

async function readClaims(
  place: LogPlace,
  known: readonly KnownCheckpoint[],
  findings: LogFinding[],
  budget: Budget,
): Promise<Claims> {
  const claims = new Map<number, { root: string; where: string }[]>();
  const add = (size: number, root: string, where: string) => {
    claims.set(size, [...(claims.get(size) ?? []), { root, where }]);
  };
  for (const { size, root, where } of known) add(size, root, where);
  for await (const { key } of place.store.list(place.keys.checkpoints, budget)) {
    const size = parseNoteKey(place.keys, key);
    if (size === undefined) continue;
    const note = await readNote(place, key, budget);
    if (note?.checkpoint === undefined || note.verdict === 'invalid') {
      findings.push({ where: key, problem: 'it is not a checkpoint of this log with a valid signature' });
    } else if (note.checkpoint.size !== size) {
      findings.push({ where: key, problem: 'it is the checkpoint of another size' });
    } else {
      if (note.verdict === 'unknown-key') findings.push({ where: key, problem: UNKNOWN_KEY });
      add(size, note.checkpoint.root.toString('base64'), key);
    }
  }
  return claims;
}

/** Complete subtrees out of the roots of blocks, and the leaves behind them. */
function readBlocks(blocks: readonly Buffer[], open: readonly Buffer[]) {
  return ({ level, index }: Subtree): Buffer => {
    const start = index * 2 ** level;
    const end = start + 2 ** level;
    if (level >= 8) return rootOf(blocks.slice(start / BLOCK, end / BLOCK));
    const offset = blocks.length * BLOCK;
    return rootOf(open.slice(start - offset, end - offset));
  };
}

function count(days: Map<string, Map<EntryKind, number>>, day: string, kind: EntryKind): void {
  const counts = days.get(day) ?? new Map<EntryKind, number>();
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  days.set(day, counts);
}

/** The statements, each of which names the one before it. */
class Chain {
  readonly #place: LogPlace;
  readonly #size: number;
  readonly #findings: LogFinding[];
  readonly #latest = new Map<
    string,
    { readonly index: number; readonly sha256: string; readonly statement: Statement }
  >();
  #last: { readonly index: number; readonly sha256: string } | undefined;
  #count = 0;
  /** Sizes at which they began. */
  readonly seals = new Set<number>();

  constructor(place: LogPlace, size: number, findings: LogFinding[]) {
    this.#place = place;
    this.#size = size;
    this.#findings = findings;
  }

  async add(
    { index, sha256, day }: { readonly index: number; readonly sha256: string; readonly day: string },
    days: ReadonlyMap<string, ReadonlyMap<EntryKind, number>>,
    budget: Budget,
  ): Promise<void> {
    this.#count += 1;
    const where = this.#place.keys.statement(day, index);
    const find = (problem: string) => this.#findings.push({ where, problem });
    let statement: Statement | undefined;
    try {
      ({ statement } = await readStatementAt(this.#place, index, this.#size, budget));
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'LOG_MALFORMED') throw error;
      find('it is missing, or not the statement that the log holds');
    }
    const before = this.#last;
    this.#last = { index, sha256 };
    if (statement === undefined) return;
    this.seals.add(statement.log.before.size);
    if (statement.previous?.sha256 !== before?.sha256 || statement.previous?.index !== before?.index) {
      find('it does not name the statement before it');
    }
    for (const equation of brokenEquations(statement)) find(`broken: ${equation}`);
    const logged = days.get(day);
    for (const kind of RECEIPT_KINDS) {
      if (statement.archive[kind] !== (logged?.get(kind) ?? 0)) {
        find(`it counts ${statement.archive[kind]} ${kind}, and the log holds ${logged?.get(kind) ?? 0}`);
      }
    }
    if (statement.archive.erased !== (logged?.get('erasure') ?? 0))
      find('it counts other erasures than the log holds');
    const earlier = this.#latest.get(day);
    if (statement.revision !== (earlier?.statement.revision ?? -1) + 1)
      find('it is not the next revision of its day');
    if (statement.supersedes?.sha256 !== earlier?.sha256) find('it does not name the revision before it');
    await auditAccess(this.#place, { statement, earlier: earlier?.statement }, find, budget);
    this.#latest.set(day, { index, sha256, statement });
  }

  summary(): Pick<AuditedLog, 'statements' | 'first' | 'last' | 'missing'> {
    const stated = [...this.#latest.keys()].sort();
    const [first] = stated;
    const last = stated.at(-1);
    for (const [at, day] of stated.entries()) {
      const next = stated[at + 1];
      if (next === undefined || next === addDays(day, 1)) continue;
      this.#findings.push({
        where: addDays(day, 1),
        problem: `no statement of this day, and of ${next} there is one`,
      });
    }
    const missing = [...this.#latest.values()].reduce(
      (sum, { statement }) => sum + (statement.differences?.missing.total ?? 0),
      0,
    );
    return { statements: this.#count, first, last, missing };
  }
}
