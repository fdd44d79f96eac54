/** Makes proof files: of a recording's receipt, of a day's statements. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { identifyKey, type Layout } from '../../record/layout.ts';
import { receiptKey } from '../../record/object-key.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type SignedReceipt } from '../../record/receipt/schema.ts';
import { listStatements, monthPrefixes } from '../day/history.ts';
import { type Entry, formatEntry, sha256Hex, sortEntries } from '../formats/entry.ts';
import { makeInclusionProof } from '../formats/merkle-proofs.ts';
import { readFromTiles } from '../formats/tiles.ts';
import { formatProof } from '../formats/tlog-proof.ts';
import { findHead, readStatementAt, type StoredStatement, type TreeHead } from '../log/head.ts';
import { type LogPlace, readBytes, readEntries, tilesIn } from '../log/place.ts';

export interface Proved {
  /** What the entry names, byte for byte. */
  readonly file: Buffer;
  readonly entry: Entry;
  readonly index: number;
  /** A `c2sp.org/tlog-proof@v1` file. */
  readonly proof: string;
}

export interface ProvedRecording extends Proved {
  readonly key: string;
  readonly receipt: SignedReceipt;
}

export interface Prover {
  readonly head: TreeHead & { readonly note: string };
  /** @throws `OBJECT_NOT_FOUND`, `OBJECT_MALFORMED`, `NOT_SEALED`, `LOG_*`. */
  recording(key: string, budget: Budget): Promise<ProvedRecording>;
  /** Every revision of a day's statement. @throws `NOT_SEALED`, `LOG_*`. */
  day(day: string, budget: Budget): Promise<readonly (Proved & Pick<StoredStatement, 'statement'>)[]>;
}

/** Opens a prover: all its proofs lead to one checkpoint. @throws `LOG_MISSING`, `LOG_KEY_UNKNOWN`. */
export async function openProver(place: LogPlace, layout: Layout, budget: Budget): Promise<Prover> {
  const head = await findHead(place, budget);
  const { note, size } = head;
  if (note === undefined) {
    throw new ArchiveError(
      'LOG_MISSING',
      `the log ${place.origin} has no checkpoint in ${place.store.location}`,
    );
  }
  const readTile = tilesIn(place, budget);
  const read = readFromTiles(size, readTile);
  const prove = async (file: Buffer, entry: Entry, index: number): Promise<Proved> => {
    const path = await makeInclusionProof(index, size, read);
    const bytes = Buffer.from(formatEntry(entry));
    return { file, entry, index, proof: formatProof({ entry: bytes, index, path, checkpoint: note }) };
  };
  const statementsOf = async (day: string, given: Budget): Promise<readonly StoredStatement[]> => {
    const places = await listStatements(place, monthPrefixes(place, [day]), size, given);
    const stored: StoredStatement[] = [];
    for (const index of places.get(day) ?? []) stored.push(await readStatementAt(place, index, size, given));
    return stored;
  };
  return {
    head: { ...head, note },
    async recording(key, given) {
      const place0 = receiptKey(key);
      const file = await readBytes(place.store, place0, MAX_RECEIPT_BYTES, given);
      if (file === undefined) {
        throw new ArchiveError(
          'OBJECT_NOT_FOUND',
          `there is no receipt ${place0} in ${place.store.location}`,
        );
      }
      const receipt = parseReceipt(file.toString('utf8'), place0);
      const day = layout.parse(key)?.date ?? receipt.times.recorded.slice(0, 10);
      const entry: Entry = { kind: receipt.kind, day, sha256: sha256Hex(file) };
      for (const { statement } of await statementsOf(day, given)) {
        const { from, to } = statement.log;
        const index = await findEntry(place, { entry, start: from, end: to, size }, given);
        if (index !== undefined) return { ...(await prove(file, entry, index)), key, receipt };
      }
      throw notSealed(`recording ${identifyKey(key)?.recordingId ?? key}`, day);
    },
    async day(day, given) {
      const stored = await statementsOf(day, given);
      if (stored.length === 0) throw new ArchiveError('NOT_SEALED', `the log has no statement of ${day}`);
      const proved = [];
      for (const { statement, index, sha256 } of stored) {
        const file = await readBytes(place.store, place.keys.statement(day, index), 65_535, given);
        const entry: Entry = { kind: 'statement', day, sha256 };
        proved.push({ ...(await prove(file ?? Buffer.alloc(0), entry, index)), statement });
      }
      return proved;
    },
  };
}

function notSealed(what: string, day: string): ArchiveError {
  return new ArchiveError(
    'NOT_SEALED',
    `${what} is not in the log: ${day} was not sealed since it was archived`,
  );
}

/** Halves a seal's entries, which stand in order: it takes about ten reads in a day of 100,000. */
async function findEntry(
  place: LogPlace,
  {
    entry,
    start,
    end,
    size,
  }: { readonly entry: Entry; readonly start: number; readonly end: number; readonly size: number },
  budget: Budget,
): Promise<number | undefined> {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    let found: Entry | undefined;
    for await (const each of readEntries(place, { start: middle, end: middle + 1 }, size, budget))
      found = each;
    if (found === undefined) return undefined;
    if (found.sha256 === entry.sha256 && found.kind === entry.kind && found.day === entry.day) return middle;
    const [first] = sortEntries([found, entry]);
    if (first === found) low = middle + 1;
    else high = middle;
  }
  return undefined;
}
