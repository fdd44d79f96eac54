import { type KeyObject } from 'node:crypto';
import { linkKey, parseObjectKey, receiptKey } from '../../src/record/object-key.ts';
import { checkSignature } from '../../src/record/receipt/receipt.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import type { EnvelopeReader } from '../../src/ports.ts';
import { hasLeaves } from './leaves.ts';
import type { MemoryS3, StoredObject } from './memory-s3.ts';
import { wrapOf } from './key-invariants.ts';
import { fileId, sha256Of, type SimulatedPlatform, type SourceFile } from './simulated-platform.ts';

export interface WorldAtEnd {
  readonly s3: MemoryS3;
  readonly platform: SimulatedPlatform;
  readonly reader: EnvelopeReader;
  readonly signingKeys: ReadonlyMap<string, KeyObject>;
  /** IVs and message ids of all attempts. */
  readonly nonces: readonly string[];
  /** Keys that were linked before object and receipt stood, or reported as archived before the link marker did too. */
  readonly premature: readonly string[];
  /** Keys whose link marker could not be written: another delivery would repeat the reference, and none is lost by it. */
  readonly unmarked: ReadonlySet<string>;
  /** Messages that are in no queue although they were not worked off. */
  readonly lostMessages: readonly string[];
}

/** The invariants I1 to I8 once everything has come to rest; what is broken, by number. Empty: all hold. */
export async function brokenInvariants(world: WorldAtEnd): Promise<string[]> {
  const { s3, platform } = world;
  const broken: string[] = [];
  const media = [...s3.objects.keys()].filter((key) => key.startsWith('archive/'));
  const byFile = new Map<string, string[]>();
  for (const key of media) {
    const parsed = parseObjectKey(key);
    const id =
      parsed === undefined ? key : fileId({ ...parsed, conversationId: '', channel: parsed.channel ?? '' });
    const name = id.replace(/\.$/, '');
    byFile.set(name, [...(byFile.get(name) ?? []), key]);
  }
  const files = platform.events.flatMap((event) => event.files);
  for (const file of files) {
    const id = fileId(file.ids);
    const keys = byFile.get(id) ?? [];
    if (keys.length > 1) broken.push(`I7 ${id} stands under ${keys.length} keys`);
    for (const key of keys) broken.push(...(await brokenObject(world, file, key)));
    if (keys.length === 0) broken.push(`I4 ${id} was acknowledged and is not archived`);
  }
  if (media.length > files.length) broken.push(`I7 ${media.length} objects for ${files.length} files`);
  for (const key of s3.overwritten) broken.push(`I2 ${key} was replaced`);
  for (const message of world.lostMessages) broken.push(`I4 message ${message} is nowhere`);
  for (const key of s3.leakedUploads()) broken.push(`I5 an upload of ${key} was left open`);
  if (new Set(world.nonces).size !== world.nonces.length) broken.push('I6 a nonce was used twice');
  for (const key of world.premature) broken.push(`I8 ${key} was linked or reported before it stood`);
  return broken;
}

async function brokenObject(world: WorldAtEnd, file: SourceFile, key: string): Promise<string[]> {
  const { s3, platform, signingKeys } = world;
  const object = s3.objects.get(key);
  const receipt = s3.objects.get(receiptKey(key));
  if (object === undefined) return [`I4 ${key} is gone`];
  const broken: string[] = [];
  const plain = await decrypt(world, key, object);
  const sources = new Set(file.versions.map(sha256Of));
  if (plain === undefined || !sources.has(plain)) broken.push(`I1 ${key} does not decrypt to its source`);
  if (receipt === undefined) return [...broken, `I3 ${key} has no receipt`];
  try {
    const stated = parseReceipt(receipt.body.toString('utf8'), key);
    if (checkSignature(stated, signingKeys) !== 'valid')
      broken.push(`I3 the receipt of ${key} is not signed`);
    // a receipt that is completed by a writer that cannot open the object states no hash of its body
    const sawBody = stated.completion === undefined || stated.completion.plaintext === 'decrypted';
    const right =
      stated.kind !== 'adopted' &&
      stated.object?.key === key &&
      stated.object.checksum?.sha256 === (sawBody ? object.checksum : undefined) &&
      stated.ciphertext?.bytes === object.body.length &&
      hasLeaves(stated.ciphertext, object.body) === sawBody &&
      stated.ids.recording === file.ids.recordingId &&
      (stated.plaintext === undefined || stated.plaintext.sha256 === plain);
    if (!right) broken.push(`I3 the receipt of ${key} states something else`);
  } catch {
    broken.push(`I3 the receipt of ${key} is none`);
  }
  if (!s3.objects.has(linkKey(key)) && !world.unmarked.has(key)) broken.push(`I4 ${key} has no link marker`);
  const references = platform.written.filter(({ ids }) => fileId(ids) === fileId(file.ids));
  if (references.length === 0) broken.push(`I4 no reference to ${key} was written`);
  if (references.some(({ reference }) => reference.key !== key))
    broken.push(`I7 ${key} is not what was linked`);
  return broken;
}

async function decrypt(
  { reader, s3 }: WorldAtEnd,
  key: string,
  { body, metadata }: StoredObject,
): Promise<string | undefined> {
  try {
    const readInstruction = () => Promise.resolve(wrapOf(s3, key, metadata));
    const unsealer = await reader.unseal({ key, size: body.length, metadata }, { readInstruction });
    return sha256Of(Buffer.concat([unsealer.update(body), unsealer.final()]));
  } catch {
    return undefined;
  }
}
