import { gzipSync } from 'node:zlib';
import { formatCheckpoint } from '../../../src/proof/formats/checkpoint.ts';
import { type Entry, type EntryKind, formatEntry, sha256Hex } from '../../../src/proof/formats/entry.ts';
import { leafHash, rootOf } from '../../../src/proof/formats/merkle.ts';
import { formatNote } from '../../../src/proof/formats/note.ts';
import { formatRecord, sealText, type UnsignedSeal } from '../../../src/proof/formats/records.ts';
import { formatStatement, type Statement } from '../../../src/proof/formats/statement.ts';
import { formatBundle, newTiles, TILE_WIDTH, tilePath } from '../../../src/proof/formats/tiles.ts';
import type { LogPlace } from '../../../src/proof/log/place.ts';
import type { LogSigner } from '../../../src/proof/log/signer.ts';
import { unlimited } from '../../../src/clock.ts';
import { LOG_SIGNER, ORGANIZATION, ORIGIN, placeIn } from '../log-fixture.ts';
import { plainStore, type PlainStore } from '../plain-store.ts';
import { aStatement } from '../statement-fixture.ts';

/** One revision of a day: what is logged before it, and what its statement says otherwise than it should. */
export interface ForgedDay {
  readonly day: string;
  readonly logged?: Partial<Record<EntryKind, number>>;
  /** What the first of them names, where that matters. */
  readonly names?: string;
  readonly change?: (honest: Statement) => Partial<Statement>;
}

/** What {@link aStatement} counts. */
const COUNTED = { archived: 8, adopted: 1, terminal: 1 };

/** A day of archived recordings alone, counted as they are. */
export const archivedDay = (archived: number, day: string): ForgedDay => ({
  day,
  logged: { archived },
  change: ({ archive }) => ({
    archive: { ...archive, archived, adopted: 0, terminal: 0, receipts: archived },
  }),
});

export interface ForgedLog {
  readonly store: PlainStore;
  readonly place: LogPlace;
  readonly entries: readonly Entry[];
  /** Key of the statement of each revision. */
  readonly statements: readonly string[];
  readonly rootAt: (size: number) => Buffer;
}

/** Writes a log that no sealer would write, with valid signatures and tiles: what only its entries and statements tell. */
export async function forgeLog(days: readonly ForgedDay[]): Promise<ForgedLog> {
  const store = plainStore();
  const place = placeIn(store);
  const entries: Entry[] = [];
  const statements: string[] = [];
  const latest = new Map<
    string,
    { readonly index: number; readonly sha256: string; readonly revision: number }
  >();
  let previous: Statement['previous'];
  for (const { day, logged, names, change } of days) {
    const before = latest.get(day);
    const begin = entries.length;
    for (const [kind, count] of Object.entries(logged ?? (before === undefined ? COUNTED : {})))
      for (let at = 0; at < count; at += 1)
        entries.push({ kind: kind as EntryKind, day, sha256: sha256Hex(`${entries.length}`) });
    const [first] = entries.splice(begin, names === undefined ? 0 : 1);
    if (first !== undefined && names !== undefined)
      entries.splice(begin, 0, { ...first, sha256: sha256Hex(names) });
    const index = entries.length;
    const honest = aStatement({
      organization: ORGANIZATION,
      day,
      revision: (before?.revision ?? -1) + 1,
      log: { ...aStatement().log, origin: ORIGIN, index, to: index, through: day },
      ...(previous === undefined ? {} : { previous }),
      ...(before === undefined ? {} : { supersedes: { index: before.index, sha256: before.sha256 } }),
    });
    const { ...statement } = { ...honest, ...change?.(honest) };
    for (const name of ['previous', 'supersedes', 'differences'] as const)
      if (statement[name] === undefined) delete statement[name];
    const bytes = formatStatement(statement);
    const sha256 = sha256Hex(bytes);
    statements.push(place.keys.statement(day, index));
    store.plant(place.keys.statement(day, index), bytes);
    entries.push({ kind: 'statement', day, sha256 });
    previous = { index, sha256 };
    latest.set(day, { ...previous, revision: statement.revision });
  }
  const lines = entries.map((entry) => Buffer.from(formatEntry(entry)));
  const leaves = lines.map(leafHash);
  const rootAt = (size: number) => rootOf(leaves.slice(0, size));
  for (const tile of newTiles({ start: 0, end: lines.length })) {
    const [first, end] = [tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width];
    const span = TILE_WIDTH ** (tile.level === 'entries' ? 0 : tile.level);
    const hashes = Array.from({ length: tile.width }, (_, at) =>
      rootOf(leaves.slice((first + at) * span, (first + at + 1) * span)),
    );
    const bytes = tile.level === 'entries' ? formatBundle(lines.slice(first, end)) : Buffer.concat(hashes);
    store.plant(place.keys.path(tilePath(tile)), bytes);
  }
  const size = entries.length;
  const note = await noteOf(size, rootAt(size));
  store.plant(place.keys.note(size), note);
  store.plant(place.keys.checkpoint, note);
  store.plant(
    place.keys.seal(0),
    await sealOf({ from: 0, to: size, entries: entries.map((entry) => formatEntry(entry).slice(0, -1)) }),
  );
  return { store, place, entries, statements, rootAt };
}

/** A checkpoint. @param signer its key. */
export async function noteOf(
  size: number,
  root: Buffer,
  { signer = LOG_SIGNER, signed }: { readonly signer?: LogSigner; readonly signed?: string } = {},
): Promise<string> {
  const text = formatCheckpoint({ origin: ORIGIN, size, root });
  const bytes = Buffer.from(await signer.sign(Buffer.from(signed ?? text), unlimited));
  return formatNote({ text, signatures: [{ name: ORIGIN, id: signer.key.id, bytes }] });
}

/** A staged seal. @param signed what its signature is of, in place of it. */
export async function sealOf(
  seal: Pick<UnsignedSeal, 'from' | 'to' | 'entries'>,
  signed?: string,
): Promise<Buffer> {
  const unsigned: UnsignedSeal = {
    schema: 'genesys-media-archive/seal/v1',
    organization: ORGANIZATION,
    origin: ORIGIN,
    root: rootOf([]).toString('base64'),
    objects: [],
    ...seal,
  };
  const bytes = Buffer.from(await LOG_SIGNER.sign(Buffer.from(signed ?? sealText(unsigned)), unlimited));
  const signature = { id: LOG_SIGNER.key.id, value: bytes.toString('base64') };
  return gzipSync(formatRecord({ ...unsigned, signature }));
}
