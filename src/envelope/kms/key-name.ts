/**
 * Whether an answer of AWS KMS is about the key that was asked for. https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
 *
 * What cannot be compared: an alias says nothing of the key it stands for, and may be moved to another one at any time. Of an alias
 * ARN the partition, region and account are compared; of an alias name nothing, but that the answer names a key at all.
 */

interface KeyName {
  readonly partition?: string | undefined;
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  readonly kind: 'key' | 'alias';
  readonly id: string;
}

const ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]+):(\d{12}):(key|alias)\/([A-Za-z0-9/_-]{1,256})$/;
const KEY_ID = /^[A-Za-z0-9-]{1,256}$/;
/** The same key material under the same id in several regions. */
const MULTI_REGION = /^mrk-/;

function parseKeyName(text: string): KeyName | undefined {
  const [, partition, region, account, kind, id] = ARN.exec(text) ?? [];
  if (id !== undefined) return { partition, region, account, kind: kind === 'alias' ? 'alias' : 'key', id };
  if (text.startsWith('alias/')) return { kind: 'alias', id: text.slice('alias/'.length) };
  return KEY_ID.test(text) ? { kind: 'key', id: text } : undefined;
}

/**
 * @param asked key id, key ARN, alias name or alias ARN.
 * @param answered `KeyId` of the answer: the ARN of the key that was used, in the region that was asked.
 */
export function isAboutKey(asked: string, answered: string | undefined): boolean {
  const [wanted, used] = [parseKeyName(asked), parseKeyName(answered ?? '')];
  if (wanted === undefined || used === undefined || used.kind !== 'key') return false;
  const { partition, region, account, kind, id } = wanted;
  if (kind === 'key' && id !== used.id) return false;
  // a bare id in the answer states no more than that: servers in the place of KMS answer so
  if (used.account === undefined) return account === undefined;
  if (account !== undefined && (account !== used.account || partition !== used.partition)) return false;
  return region === undefined || region === used.region || (kind === 'key' && MULTI_REGION.test(id));
}
