/** Signed amendments: how the data key of an object is wrapped since its receipt was issued (`docs/format.md`, section 12). */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import { canonicalJson } from './canonical-json.ts';
import { amendmentKey } from './object-key.ts';
import type { ReceiptKeys } from './receipt/keys.ts';
import { type SignedReceipt, SIGNATURE } from './receipt/schema.ts';
import { formatSigned, type ReceiptSigner } from './receipt/receipt.ts';
import { isOfSameFile } from './same-recording.ts';
import { getSmall, putSmall } from './small-object.ts';
import { checkStoredSignature } from './stored-signature.ts';

/** Named in every amendment; another version of the schema has another name. */
export const AMENDMENT_SCHEMA = 'genesys-media-archive/wrap-amendment/v1';

/** Bytes; one has about 900. */
const MAX_AMENDMENT_BYTES = 16_384;

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string().min(1).max(1024);

const amendment = z.strictObject({
  schema: z.literal(AMENDMENT_SCHEMA),
  ids: z.strictObject({
    organization: text.exactOptional(),
    conversation: text,
    recording: text,
    channel: text.exactOptional(),
  }),
  object: z.strictObject({ key: text }),
  wrap: z.strictObject({
    placement: z.enum(['metadata', 'instruction', 'record']),
    wrapSha256: sha256Hex,
    /** Of the whole instruction file, with that placement. */
    instructionSha256: sha256Hex.exactOptional(),
    /** Hash of the wrap that it took the place of. */
    replaces: sha256Hex.exactOptional(),
    /** What showed that the data key is that of the object. */
    proof: z.enum(['receipt', 'commitment', 'none']),
  }),
  times: z.strictObject({ issued: z.iso.datetime({ precision: 3 }) }),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  signature: SIGNATURE.exactOptional(),
});

export type WrapAmendment = z.output<typeof amendment>;

/** A wrap that is about to take the place of another. */
export interface NewWrap {
  readonly key: string;
  readonly receipt: Pick<SignedReceipt, 'ids'>;
  readonly wrapSha256: string;
  readonly placement: WrapAmendment['wrap']['placement'];
  /** With a wrap that stands in an instruction file: what that will hold. */
  readonly instruction: string | undefined;
  readonly replaces: string | undefined;
  readonly proof: WrapAmendment['wrap']['proof'];
}

/**
 * Stores the amendment of a wrap, before the wrap itself is exchanged: what stands in the archive is covered at every moment.
 *
 * @returns its key.
 * @throws `RECEIPT_MISMATCH` (not retryable) when something else stands in its place; what the store and the signer throw.
 */
export async function amendWrap(
  {
    store,
    clock,
    signer,
  }: { readonly store: ObjectStore; readonly clock: Clock; readonly signer: ReceiptSigner | undefined },
  { key, receipt, wrapSha256, placement, instruction, replaces, proof }: NewWrap,
  budget: Budget,
): Promise<string> {
  const statement: WrapAmendment = {
    schema: AMENDMENT_SCHEMA,
    ids: receipt.ids,
    object: { key },
    wrap: {
      placement,
      wrapSha256,
      ...present({
        instructionSha256: instruction === undefined ? undefined : sha256Of(instruction),
        replaces,
      }),
      proof,
    },
    times: { issued: new Date(clock.now()).toISOString() },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  };
  const place = amendmentKey(key, wrapSha256);
  const body = await formatSigned(statement, signer, budget);
  if ((await putSmall(store, place, body, budget)) === 'stored') return place;
  const standing = await getSmall(store, place, MAX_AMENDMENT_BYTES, budget);
  if (standing === body.toString('utf8')) return place;
  throw new ArchiveError('RECEIPT_MISMATCH', `${place} was there before the wrap that it states`);
}

/**
 * The amendment of a wrap, if there is one that can be trusted: of this very file, in the one form, and signed where keys are given.
 *
 * @throws what the store throws.
 */
export async function readAmendment(
  store: ObjectStore,
  { key, receipt, wrapSha256 }: Pick<NewWrap, 'key' | 'receipt' | 'wrapSha256'>,
  keys: ReceiptKeys | undefined,
  budget: Budget,
): Promise<WrapAmendment | undefined> {
  const place = amendmentKey(key, wrapSha256);
  const stated = await readStatement(store, place, budget);
  if (stated === undefined) return undefined;
  const isTrusted =
    keys === undefined ||
    keys.size === 0 ||
    (await checkStoredSignature({ store, keys }, stated, place, budget)) === 'valid';
  const isMeant =
    stated.object.key === key &&
    stated.wrap.wrapSha256 === wrapSha256 &&
    isOfSameFile(stated.ids, receipt.ids);
  return isTrusted && isMeant ? stated : undefined;
}

/**
 * Reports whether an amendment is of the instruction file that stands there. Of an object that commits to its key (`s3ec-v3`), only the wrap
 * in the file counts, and that is covered by its hash wherever it is kept.
 */
export function coversInstruction(
  { wrap }: WrapAmendment,
  instruction: string | undefined,
  isCommitting: boolean,
): boolean {
  if (isCommitting && instruction !== undefined) return true;
  return instruction === undefined
    ? wrap.placement === 'metadata'
    : wrap.placement === 'instruction' && wrap.instructionSha256 === sha256Of(instruction);
}

/** Longer chains of amendments are not followed. */
const MAX_AMENDMENTS = 100;

/**
 * Reports whether an amendment tells that the metadata of an object were exchanged since its receipt: by a rewrap in them, or by the move
 * of its wrap into a key record, which names the same wrap twice. Follows the amendments from the wrap that stands there back to the first.
 *
 * @throws what the store throws.
 */
export async function findExchange(
  store: ObjectStore,
  { key, receipt, wrapSha256 }: Pick<NewWrap, 'key' | 'receipt' | 'wrapSha256'>,
  keys: ReceiptKeys | undefined,
  budget: Budget,
): Promise<boolean> {
  let next: string | undefined = wrapSha256;
  for (let seen = 0; next !== undefined && seen < MAX_AMENDMENTS; seen += 1) {
    const found: WrapAmendment | undefined = await readAmendment(
      store,
      { key, receipt, wrapSha256: next },
      keys,
      budget,
    );
    const { placement, replaces } = found?.wrap ?? {};
    if (placement === 'metadata' || (placement === 'record' && replaces === next)) return true;
    next = replaces;
  }
  return false;
}

async function readStatement(
  store: ObjectStore,
  place: string,
  budget: Budget,
): Promise<WrapAmendment | undefined> {
  try {
    const json = await getSmall(store, place, MAX_AMENDMENT_BYTES, budget);
    if (json === undefined) return undefined;
    const result = z.safeParse(amendment, parseForeignJson(json));
    // one form only, as of receipts
    return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

function sha256Of(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
