/** Makes a staged seal part of the log: objects, bundles, tiles, a look at what the store then holds, a signature, the pointer. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { putSmall } from '../../record/small-object.ts';
import { formatCheckpoint } from '../formats/checkpoint.ts';
import { leafHash } from '../formats/merkle.ts';
import { formatNote, MAX_NOTE_BYTES } from '../formats/note.ts';
import { splitBundle, type Tile, tileOf, tilePath, TILE_WIDTH } from '../formats/tiles.ts';
import { type GrownTree, growTree, rootFromTiles } from '../log/grow-tree.ts';
import { readLastEntries, type TreeHead } from '../log/head.ts';
import { type LogPlace, malformed, openCheckpoint, readBytes, readNote, tilesIn } from '../log/place.ts';
import { mapWide } from '../log/map-wide.ts';
import type { LogSigner } from '../log/signer.ts';
import type { StagedSeal } from './staged-seal.ts';

export interface SealingPlace extends LogPlace {
  /** The keys that sign, the newest first: while one takes the place of another, both do. */
  readonly signers: readonly [LogSigner, ...LogSigner[]];
}

/**
 * Does what is left to do of a staged seal, also of another sealer. Every step can be done any number of times, by several at once.
 *
 * @param head the tree that the seal continues.
 * @throws `LOG_CONFLICT` when something else stands under a key; `LOG_MALFORMED` when the tree that is there is damaged.
 */
export async function finishSeal(
  place: SealingPlace,
  head: TreeHead,
  seal: StagedSeal,
  budget: Budget,
): Promise<TreeHead> {
  const grown = await growVerified(place, head, seal, budget);
  const objects = seal.objects.map(({ key, text }) => ({
    key: place.keys.path(key),
    bytes: Buffer.from(text),
  }));
  const tiles = grown.tiles.map(({ tile, bytes }) => ({ key: place.keys.path(tilePath(tile)), bytes }));
  for (const group of [objects, tiles]) {
    await mapWide(group, ({ key, bytes }) => putSmall(place.store, key, bytes, budget));
  }
  await mapWide([...objects, ...tiles], ({ key, bytes }) => requireStored(place, key, bytes, budget));
  await requireTree(place, grown, seal, budget);
  const note = await signCheckpoint(place, { size: grown.size, root: grown.root }, budget);
  const finished = { size: grown.size, root: grown.root, note };
  await publish(place, finished, budget);
  return finished;
}

async function growVerified(
  place: LogPlace,
  head: TreeHead,
  seal: StagedSeal,
  budget: Budget,
): Promise<GrownTree> {
  const readTile = tilesIn(place, budget);
  if (!(await rootFromTiles(head.size, readTile)).equals(head.root)) {
    throw malformed(
      `the tiles of ${place.origin} do not make the root that its checkpoint ${head.size} states`,
    );
  }
  const lastEntries = await readLastEntries(place, head.size, budget);
  if (lastEntries.length > 0) {
    const hashes = await readTile(tileOf(0, head.size - 1, head.size));
    if (!lastEntries.every((entry, at) => hashes[at]?.equals(leafHash(entry)))) {
      throw malformed(`the last entries of ${place.origin} are not those of its tree`);
    }
  }
  const grown = await growTree({ from: head.size, entries: seal.entries, readTile, lastEntries });
  if (grown.size === seal.to && grown.root.equals(seal.root)) return grown;
  throw new ArchiveError(
    'SEAL_FORGED',
    `${place.keys.seal(seal.from)} states another root than its entries make`,
  );
}

async function requireStored(place: LogPlace, key: string, bytes: Buffer, budget: Budget): Promise<void> {
  const stored = await readBytes(place.store, key, bytes.length, budget).catch((error: unknown) => {
    if (error instanceof ArchiveError && error.code === 'LOG_MALFORMED') return undefined;
    throw error;
  });
  if (stored?.equals(bytes) === true) return;
  throw new ArchiveError('LOG_CONFLICT', `${key} is not what the seal that is being completed makes`);
}

/** Recomputes leaves and root from what the store holds now: a signature is for ever. */
async function requireTree(
  place: LogPlace,
  grown: GrownTree,
  seal: StagedSeal,
  budget: Budget,
): Promise<void> {
  const readTile = tilesIn(place, budget);
  const root = await rootFromTiles(grown.size, readTile);
  const bundles = grown.tiles.filter(({ tile }) => tile.level === 'entries');
  const areLeaves = await mapWide(bundles, ({ tile }) => hasItsLeaves(place, tile, readTile, budget));
  if (root.equals(seal.root) && areLeaves.every(Boolean)) return;
  throw new ArchiveError(
    'LOG_CONFLICT',
    `the store does not hold the tree of ${grown.size} entries that was written`,
  );
}

async function hasItsLeaves(
  place: LogPlace,
  tile: Tile,
  readTile: ReturnType<typeof tilesIn>,
  budget: Budget,
): Promise<boolean> {
  const limit = TILE_WIDTH * 128;
  const bytes = await readBytes(place.store, place.keys.path(tilePath(tile)), limit, budget);
  const entries = bytes === undefined ? undefined : splitBundle(bytes, tile.width);
  const hashes = await readTile({ ...tile, level: 0 });
  return entries?.every((entry, at) => hashes[at]?.equals(leafHash(entry))) ?? false;
}

async function signCheckpoint(
  place: SealingPlace,
  { size, root }: Pick<TreeHead, 'size' | 'root'>,
  budget: Budget,
): Promise<string> {
  const { store, keys, origin, signers } = place;
  const key = keys.note(size);
  const stored = await readNote(place, key, budget);
  if (stored === undefined) {
    const text = formatCheckpoint({ origin, size, root });
    const signatures = [];
    for (const signer of signers) {
      const bytes = Buffer.from(await signer.sign(Buffer.from(text), budget));
      signatures.push({ name: origin, id: signer.key.id, bytes });
    }
    const note = formatNote({ text, signatures });
    if (openCheckpoint(place, note).verdict !== 'valid') {
      throw new ArchiveError('LOG_KEY_UNKNOWN', `the signer of ${origin} is not among its public keys`, {
        hint: 'add the public key of the signer to ARCHIVE_PROOF_VKEYS',
      });
    }
    await putSmall(store, key, Buffer.from(note), budget);
  }
  // what stands there counts: a signer that signs twice may sign differently
  const { verdict, checkpoint } = stored ?? (await readNote(place, key, budget)) ?? {};
  if (verdict === 'valid' && checkpoint?.size === size && checkpoint.root.equals(root))
    return checkpoint.note;
  throw new ArchiveError('LOG_CONFLICT', `${key} is not the checkpoint of the tree that was written`);
}

/** How often another sealer may be faster. */
const MAX_EXCHANGES = 20;

/** Moves the pointer forwards, never back. */
export async function publish(place: LogPlace, head: TreeHead, budget: Budget): Promise<void> {
  const { store, keys } = place;
  const { note = '', size } = head;
  const body = Buffer.from(note);
  for (let round = 0; round < MAX_EXCHANGES; round += 1) {
    const stat = await store.head(keys.checkpoint, budget);
    if (stat === undefined) {
      if ((await putSmall(store, keys.checkpoint, body, budget)) === 'stored') return;
      continue;
    }
    const there = await readBytes(store, keys.checkpoint, MAX_NOTE_BYTES, budget).catch(() => undefined);
    const opened = openCheckpoint(place, there?.toString('utf8') ?? '');
    if (opened.verdict === 'valid' && (opened.checkpoint?.size ?? 0) >= size) return;
    const options = { metadata: {}, contentType: 'text/plain; charset=utf-8', contentLength: body.length };
    const replaced = await store.replace?.(stat, body, options, budget);
    if (replaced?.outcome === 'replaced') return;
    if (replaced?.outcome !== 'changed') return;
  }
}
