/** The staged seal: one write that decides what comes next in the log. Everything after it is made from it alone. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { putSmall } from '../../record/small-object.ts';
import { type Entry, formatEntry, parseEntry, sha256Hex } from '../formats/entry.ts';
import { decodeBase64 } from '../formats/note.ts';
import {
  formatRecord,
  isSealSigned,
  parseSealFile,
  sealText,
  type SealFile,
  type UnsignedSeal,
} from '../formats/records.ts';
import type { Statement } from '../formats/statement.ts';
import { brokenEquations, formatStatement, parseStatement } from '../formats/statement.ts';
import { readLastEntries, type TreeHead } from '../log/head.ts';
import { growTree } from '../log/grow-tree.ts';
import { type LogPlace, readBytes, tilesIn } from '../log/place.ts';
import type { LogSigner } from '../log/signer.ts';

/** Receipts, erasures and changes of keys in one seal. More become several seals. */
export const MAX_SEAL_ENTRIES = 1_000_000;

/** Bytes, packed and unpacked. */
const MAX_PACKED_BYTES = 128 * 1024 * 1024;
const MAX_SEAL_BYTES = 512 * 1024 * 1024;

/** Where a statement stands in the log, which it says itself. */
export interface StatementPlace {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly before: Statement['log']['before'];
  readonly previous: Statement['previous'];
}

export interface SealDraft {
  /** In their order: `sortEntries`. */
  readonly entries: readonly Entry[];
  /** What those entries of kind `key` name. */
  readonly keyFiles: readonly string[];
  /** At least one; the last is of the newest day. Each is told where it stands. */
  readonly statements: readonly ((place: StatementPlace) => Statement)[];
}

export interface SealToStage {
  readonly head: TreeHead;
  /** The statement that ends the log. */
  readonly previous: Statement['previous'];
  readonly draft: SealDraft;
}

/** Writes the staged seal that continues the log, unless one is there. */
export async function stageSeal(
  place: LogPlace & { readonly signer: LogSigner },
  { head, previous, draft }: SealToStage,
  budget: Budget,
): Promise<'stored' | 'exists'> {
  const { statements, objects } = placeStatements(place, head, previous, draft);
  const keyObjects = draft.entries
    .map((entry, at) => ({ entry, index: head.size + at }))
    .filter(({ entry }) => entry.kind === 'key')
    .map(({ entry, index }) => ({
      key: place.keys.key(index).slice(place.keys.prefix.length),
      text: draft.keyFiles.find((text) => sha256Hex(text) === entry.sha256) ?? '',
    }));
  const entries = [...draft.entries, ...statements].map(formatEntry);
  const grown = await growTree({
    from: head.size,
    entries: entries.map((entry) => Buffer.from(entry)),
    readTile: tilesIn(place, budget),
    lastEntries: await readLastEntries(place, head.size, budget),
  });
  const unsigned: UnsignedSeal = {
    schema: 'genesys-media-archive/seal/v1',
    organization: place.organization,
    origin: place.origin,
    from: head.size,
    to: grown.size,
    root: grown.root.toString('base64'),
    entries: entries.map((entry) => entry.slice(0, -1)),
    objects: [...keyObjects, ...objects],
  };
  const signed = await place.signer.sign(Buffer.from(sealText(unsigned)), budget);
  const signature = { id: place.signer.key.id, value: Buffer.from(signed).toString('base64') };
  const packed = gzipSync(formatRecord({ ...unsigned, signature }));
  return putSmall(place.store, place.keys.seal(head.size), packed, budget);
}

function placeStatements(
  { keys }: LogPlace,
  { size, root }: TreeHead,
  previous: Statement['previous'],
  draft: SealDraft,
): { readonly statements: readonly Entry[]; readonly objects: SealFile['objects'] } {
  const statements: Entry[] = [];
  const objects: SealFile['objects'] = [];
  const to = size + draft.entries.length;
  const before = { size, root: root.toString('base64') };
  let last = previous;
  for (const make of draft.statements) {
    const index = to + statements.length;
    const statement = make({ index, from: size, to, before, previous: last });
    const bytes = formatStatement(statement);
    // once it is staged it stays: what no reader would take must never get that far
    const [broken] = brokenEquations(statement);
    if (parseStatement(bytes.toString('utf8')) === undefined || broken !== undefined) {
      throw new ArchiveError(
        'UNEXPECTED',
        `the statement of ${statement.day} is not fit for the log: ${broken ?? 'its form'}`,
        { retryable: false },
      );
    }
    const sha256 = sha256Hex(bytes);
    statements.push({ kind: 'statement', day: statement.day, sha256 });
    objects.push({
      key: keys.statement(statement.day, index).slice(keys.prefix.length),
      text: bytes.toString('utf8'),
    });
    last = { index, sha256 };
  }
  return { statements, objects };
}

export interface StagedSeal {
  readonly from: number;
  readonly to: number;
  readonly root: Buffer;
  /** As they are hashed. */
  readonly entries: readonly Buffer[];
  /** Keys are relative to the log's prefix. */
  readonly objects: SealFile['objects'];
}

/**
 * Reads the staged seal that continues a tree of `from` leaves.
 *
 * @returns `undefined` without one.
 * @throws `SEAL_FORGED` when it does not carry the signature of the log, or does not continue it.
 */
export async function readStagedSeal(
  place: LogPlace,
  from: number,
  budget: Budget,
): Promise<StagedSeal | undefined> {
  const key = place.keys.seal(from);
  const packed = await readBytes(place.store, key, MAX_PACKED_BYTES, budget);
  if (packed === undefined) return undefined;
  const seal = parseSealFile(unpack(packed) ?? '');
  if (seal === undefined) throw forged(`${key} is no staged seal`);
  if (!isSealSigned(seal, place.trusted)) throw forged(`${key} is not signed with the key of the log`);
  const root = decodeBase64(seal.root);
  const entries = seal.entries.map((entry) => `${entry}\n`);
  const parsed = entries.map(parseEntry);
  const isContinuing =
    seal.from === from &&
    seal.to === from + entries.length &&
    seal.origin === place.origin &&
    seal.organization === place.organization;
  if (root === undefined || !isContinuing || parsed.includes(undefined)) {
    throw forged(`${key} does not continue the log`);
  }
  if (!seal.objects.every(({ key: name, text }) => isLogged(name, text, from, parsed))) {
    throw forged(`${key} holds an object that its entries do not name`);
  }
  return {
    from,
    to: seal.to,
    root,
    entries: entries.map((entry) => Buffer.from(entry)),
    objects: seal.objects,
  };
}

/** Reports whether an object is a statement, or a change of keys, of the entry whose index its name ends with. */
function isLogged(
  name: string,
  text: string,
  from: number,
  entries: readonly (Entry | undefined)[],
): boolean {
  const [, kind, digits] = /^(days\/\d{4}\/\d{2}\/\d{2}|keys)\/(\d{12})\.json$/.exec(name) ?? [];
  const entry = entries[Number(digits) - from];
  if (kind === undefined || entry === undefined || entry.sha256 !== sha256Hex(text)) return false;
  return kind === 'keys'
    ? entry.kind === 'key'
    : entry.kind === 'statement' && kind === `days/${entry.day.replaceAll('-', '/')}`;
}

function unpack(packed: Buffer): string | undefined {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_SEAL_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
}

function forged(message: string): ArchiveError {
  return new ArchiveError('SEAL_FORGED', message);
}
