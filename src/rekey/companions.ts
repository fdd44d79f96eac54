/** What stands beside a recording, encrypted like it, and is moved with it. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import { companionKeys, companionPrefixes, parseCompanion } from '../record/object-key.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { MARK, markMetadata } from '../record/writer-mark.ts';

/** Of stores that were asked: most archives have nothing beside their recordings. */
const asked = new WeakMap<ObjectStore, Promise<boolean>>();

/** The keys of what stands beside the recording under `key`. Asks for none where the store had none the first time. */
export async function findCompanions(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<readonly string[]> {
  if (parseCompanion(key) !== undefined) return [];
  let has = asked.get(store);
  if (has === undefined) {
    has = hasAny(store, budget);
    asked.set(store, has);
    has.catch(() => asked.delete(store));
  }
  if (!(await has)) return [];
  const found: string[] = [];
  for (const beside of companionKeys(key)) {
    if ((await store.head(beside, budget)) !== undefined) found.push(beside);
  }
  return found;
}

async function hasAny(store: ObjectStore, budget: Budget): Promise<boolean> {
  for (const prefix of companionPrefixes) {
    for await (const _ of store.list(prefix, budget)) return true;
  }
  return false;
}

/**
 * The metadata of a companion whose data key was moved, with a mark that holds for them: the one that it carries binds how its data key
 * was wrapped, and nothing amends it.
 *
 * @throws `CONFIG_INVALID` (not retryable) where it carries a mark, and nothing here can sign another one; what store and signer throw.
 */
export async function remark(
  { store, signer }: { readonly store: ObjectStore; readonly signer?: ReceiptSigner | undefined },
  { key, metadata: before }: Pick<ObjectStat, 'key' | 'metadata'>,
  metadata: Readonly<Record<string, string>>,
  budget: Budget,
): Promise<Readonly<Record<string, string>>> {
  const beside = parseCompanion(key);
  if (beside === undefined || before[MARK] === undefined) return metadata;
  if (signer === undefined) {
    throw new ArchiveError('CONFIG_INVALID', `${key} carries a mark, and nothing here can sign another one`, {
      hint: 'set ARCHIVE_SIGNING_KEY_FILE, and list its public key in ARCHIVE_RECEIPT_PUBLIC_KEYS',
    });
  }
  const ids = (await readReceipt(store, beside.receipt, budget))?.ids;
  if (ids === undefined)
    throw new ArchiveError('RECEIPT_MISMATCH', `the recording beside ${key} has no receipt`);
  const { recording: recordingId, conversation: conversationId, channel, organization } = ids;
  const marked = { kind: beside.kind, key, organizationId: organization, metadata };
  const own = { recordingId, conversationId, ...present({ channel }) };
  return { ...metadata, ...(await markMetadata(signer, { ...marked, ids: own }, budget)) };
}
