import { createHash, type KeyObject } from 'node:crypto';
import { hashMetadata } from '../../src/record/identity.ts';
import { parseObjectKey, receiptKey } from '../../src/record/object-key.ts';
import { parseReceipt, type Receipt } from '../../src/record/receipt/schema.ts';
import { checkSignature } from '../../src/record/receipt/receipt.ts';
import type { RecordingIds } from '../../src/ports.ts';
import { hasLeaves } from './leaves.ts';
import type { MemoryS3, StoredObject } from './memory-s3.ts';
import { fileId, sha256Of, type SimulatedPlatform } from './simulated-platform.ts';

/** What the archive's own processes have done: everything they signed, and every object they put, by key. */
export interface HonestWork {
  readonly signed: Buffer[];
  readonly puts: Map<string, StoredObject[]>;
}

interface Truth {
  readonly honest: HonestWork;
  readonly platform: SimulatedPlatform;
  /** Recordings that the platform never had a file of. */
  readonly gone?: ReadonlySet<string>;
}

/** I9: whatever carries the archive's signature was downloaded by it, from the platform, for this recording. */
export function brokenSignatures({ honest, platform, gone = new Set() }: Truth): string[] {
  return honest.signed.flatMap((bytes) => {
    const text = bytes.toString('utf8');
    // a mark is made before the first byte is stored, for what is about to be written
    if (!text.startsWith('{')) return [];
    const receipt = JSON.parse(text) as Receipt;
    return whyUntrue(receipt, honest, platform, gone).map(
      (why) => `I9 a receipt of ${receipt.ids.recording} was signed that ${why}`,
    );
  });
}

function whyUntrue(
  receipt: Receipt,
  { puts }: HonestWork,
  platform: SimulatedPlatform,
  gone: ReadonlySet<string>,
): string[] {
  const { ids, object, plaintext, ciphertext, envelope } = receipt;
  if (receipt.kind === 'terminal') {
    return gone.has(ids.recording) ? [] : ['says that there is nothing to archive'];
  }
  if (receipt.kind === 'adopted') return ['rests on what was found'];
  const file = platform.events
    .flatMap(({ files }) => files)
    .find(
      (one) =>
        one.ids.recordingId === ids.recording &&
        one.ids.conversationId === ids.conversation &&
        one.ids.channel === ids.channel,
    );
  const key = object?.key ?? '';
  const named = parseObjectKey(key);
  if (file === undefined || named === undefined || fileId(named as never) !== fileId(file.ids)) {
    return ['names another recording'];
  }
  const own = puts.get(key) ?? [];
  const wrong: string[] = [];
  const served = new Set(file.versions.map(sha256Of));
  if (plaintext !== undefined && !served.has(plaintext.sha256)) wrong.push('states what was never served');
  const isOwn = own.filter((one) => hashMetadata(one) === envelope?.metadataSha256);
  if (isOwn.length === 0) wrong.push('names metadata that no writer of the archive has put there');
  const states = (one: StoredObject) =>
    (ciphertext?.leaves === undefined || hasLeaves(ciphertext, one.body)) &&
    (ciphertext?.sha256 === undefined || ciphertext.sha256 === hex(one.body)) &&
    (object?.checksum === undefined || object.checksum.sha256 === one.checksum);
  if (!isOwn.some(states)) wrong.push('states a body that no writer of the archive has put there');
  return wrong;
}

/** What is reported as archived, when nobody disturbs any more, has a receipt of its own, and is the object that it states. */
export function brokenReport(
  s3: MemoryS3,
  keys: ReadonlyMap<string, KeyObject>,
  { puts }: HonestWork,
  { ids, key }: { readonly ids: RecordingIds; readonly key: string },
): string[] {
  const object = s3.objects.get(key);
  const text = s3.objects.get(receiptKey(key))?.body.toString('utf8');
  const report = (why: string) => [`I9 ${key} was reported as archived, and ${why}`];
  if (object === undefined || text === undefined) return report('is not whole');
  const receipt = parseReceipt(text, key);
  if (checkSignature(receipt, keys) !== 'valid') return report('its receipt is not signed by the archive');
  const isIts =
    receipt.kind !== 'terminal' &&
    receipt.object?.key === key &&
    receipt.ids.recording === ids.recordingId &&
    receipt.ids.conversation === ids.conversationId;
  if (!isIts) return report('its receipt is another one');
  const own = puts.get(key) ?? [];
  if (!own.some((one) => hashMetadata(one) === hashMetadata(object)))
    return report('it is not of the archive');
  const sawBody = receipt.object?.checksum !== undefined;
  return sawBody && !own.some((one) => one.body.equals(object.body)) ? report('its body is another') : [];
}

const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
