/** Copies what lies in quarantine to where it is kept: the same bytes, under a mark for their new key. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { canonicalMetadata } from '../../metadata-names.ts';
import type { KeepOnWrite, ObjectStat, RecordingIds } from '../../ports.ts';
import { present } from '../../present.ts';
import { sidecarKey } from '../../record/genesys-export.ts';
import { INSTRUCTION_SUFFIX } from '../../record/instruction-file.ts';
import { createKeyRecords, keyRecordOf } from '../../record/key-records.ts';
import { type LeafDigests, LeafHasher } from '../../record/leaf-hasher.ts';
import { companionKeys, parseCompanion } from '../../record/object-key.ts';
import { releasedKey } from '../../record/quarantine/key.ts';
import { QUARANTINE_NOTE } from '../../record/quarantine/note.ts';
import { checkMark, MARK, type MarkedKind, markMetadata } from '../../record/writer-mark.ts';
import type { Moving, ReleasePorts } from './release-types.ts';

/**
 * Writes the object under its own key, unless it is there.
 *
 * @param moving.sha256 of the bytes as they were verified, hex: others are never written.
 * @returns the copy as the store has it, and what was seen of its bytes.
 * @throws `KEY_COLLISION` where other bytes stand there.
 */
export async function copyObject(
  ports: ReleasePorts,
  { stat, receipt, ids, sha256 }: Moving & { readonly sha256: string },
  budget: Budget,
): Promise<{ readonly copy: ObjectStat; readonly digests: LeafDigests }> {
  const to = releasedKey(stat.key);
  const { [QUARANTINE_NOTE]: _over, ...metadata } = canonicalMetadata(stat.metadata).metadata;
  const marked = await markFor(ports, { kind: 'media', key: to, ids, metadata }, budget);
  await copyKeyRecord(ports, stat, to, budget);
  const keep = ports.keepOf(receipt.source?.contentType, Date.parse(receipt.times.recorded));
  const copied = await copyBytes(ports, { stat, to, metadata: marked, sha256, keep }, budget);
  return copied ?? readStanding(ports, { to, sha256 }, budget);
}

/** What an attempt before this has written has to be the same. @throws `KEY_COLLISION`. */
async function readStanding(
  { store }: ReleasePorts,
  { to, sha256 }: { readonly to: string; readonly sha256: string },
  budget: Budget,
): Promise<{ readonly copy: ObjectStat; readonly digests: LeafDigests }> {
  const { stat: copy, body } = await store.get(to, budget);
  const hasher = LeafHasher.full();
  for await (const chunk of body) hasher.update(chunk);
  const digests = hasher.finish();
  if (digests.sha256.toString('hex') === sha256) return { copy, digests };
  throw new ArchiveError('KEY_COLLISION', `other bytes stand under ${to}`, { details: { key: to } });
}

/** Context, transcripts, instruction file and sidecar, as far as they are there. */
export async function copyBeside(
  ports: ReleasePorts,
  { stat: { key }, ids }: Moving,
  budget: Budget,
): Promise<void> {
  const { store } = ports;
  const to = releasedKey(key);
  for (const name of [(of: string) => of + INSTRUCTION_SUFFIX, sidecarKey]) {
    const stat = await store.head(name(key), budget);
    if (stat !== undefined) await copyBytes(ports, { stat, to: name(to), metadata: stat.metadata }, budget);
  }
  const places = companionKeys(to);
  for (const [index, from] of companionKeys(key).entries()) {
    const [stat, place] = [await store.head(from, budget), places[index]];
    // one that was written beside the released object stays
    if (stat === undefined || place === undefined || (await store.head(place, budget)) !== undefined)
      continue;
    const metadata = await remark(ports, { stat, to: place, ids }, budget);
    await copyKeyRecord(ports, stat, place, budget);
    await copyBytes(ports, { stat, to: place, metadata }, budget);
  }
}

/** What carries no valid mark gets none: it stays what `verify` reports. */
async function remark(
  ports: ReleasePorts,
  { stat, to, ids }: { readonly stat: ObjectStat; readonly to: string; readonly ids: RecordingIds },
  budget: Budget,
): Promise<Readonly<Record<string, string>>> {
  const { metadata } = canonicalMetadata(stat.metadata);
  const kind = parseCompanion(stat.key)?.kind;
  if (kind === undefined || metadata[MARK] === undefined) return metadata;
  const { organizationId, keys } = ports;
  const verdict = checkMark({ kind, key: stat.key, ids, organizationId, metadata }, keys);
  return verdict === 'valid' ? markFor(ports, { kind, key: to, ids, metadata }, budget) : metadata;
}

/** @throws `CONFIG_INVALID` (not retryable) where the object carries a mark, and nothing here can sign another one. */
async function markFor(
  { signer, organizationId }: ReleasePorts,
  {
    kind,
    key,
    ids,
    metadata: { [MARK]: before, ...metadata },
  }: {
    readonly kind: MarkedKind;
    readonly key: string;
    readonly ids: RecordingIds;
    readonly metadata: Readonly<Record<string, string>>;
  },
  budget: Budget,
): Promise<Readonly<Record<string, string>>> {
  if (before !== undefined && signer === undefined) {
    throw new ArchiveError('CONFIG_INVALID', `${key} needs a mark, and nothing here can sign one`, {
      hint: 'set the signing key that the archive is written with, such as ARCHIVE_SIGNING_KEY_FILE',
    });
  }
  const mark = await markMetadata(signer, { kind, key, ids, organizationId, metadata }, budget);
  return { ...metadata, ...mark };
}

async function copyKeyRecord(
  { store }: ReleasePorts,
  stat: ObjectStat,
  objectKey: string,
  budget: Budget,
): Promise<void> {
  const of = keyRecordOf(stat);
  if (of === undefined) return;
  const records = createKeyRecords(store);
  const found = await records.get(of, budget);
  if (found === undefined) {
    throw new ArchiveError('KEY_RECORD_MISSING', `${stat.key} has no key record`, {
      details: { key: stat.key },
    });
  }
  await records.put({ ...found.record, objectKey }, budget);
}

interface Copying {
  readonly stat: ObjectStat;
  readonly to: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly sha256?: string;
  readonly keep?: KeepOnWrite | undefined;
}

/** Puts the bytes if absent; `undefined` where something stands there already. */
async function copyBytes(
  { store }: ReleasePorts,
  { stat, to, metadata, sha256, keep }: Copying,
  budget: Budget,
): Promise<{ readonly copy: ObjectStat; readonly digests: LeafDigests } | undefined> {
  const { contentType = 'application/octet-stream', size } = stat;
  const { stat: opened, body } = await store.get(stat.key, budget);
  const isSame = opened.size === size && opened.etag === stat.etag && opened.versionId === stat.versionId;
  if (!isSame) throw replaced(stat.key);
  const hasher = LeafHasher.full();
  const options = { metadata, contentType, contentLength: size, ...present({ keep }) };
  const chunks = hashed(body, hasher, () => {
    if (sha256 !== undefined && hasher.finish().sha256.toString('hex') !== sha256) throw replaced(stat.key);
  });
  const result = await store.put(to, chunks, options, budget);
  return result.outcome === 'stored' ? { copy: result.stat, digests: hasher.finish() } : undefined;
}

const replaced = (key: string) =>
  new ArchiveError('STORE_UNAVAILABLE', `${key} was replaced while it was copied`);

/** @param check throws before the body ends, and so without an object, when the bytes are not those that were verified. */
async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hasher: LeafHasher,
  check: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hasher.update(chunk);
    yield chunk;
  }
  check();
}
