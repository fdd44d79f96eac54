import type { Budget } from '../clock.ts';
import type { ObjectStat, ObjectStore } from '../ports.ts';
import { hashWrap } from './first-wrap.ts';
import type { ReceiptKeys } from './receipt/keys.ts';
import type { SignedReceipt } from './receipt/schema.ts';
import { coversInstruction, readAmendment } from './wrap-amendment.ts';

/**
 * What is known of the wrap of a data key. `receipt`, `amendment`: it is the one that was stored, or a rewrap. `unclaimed`: the receipt
 * is older than hashes of wraps, or missing. `changed`: it is another one. `none`: there is no wrapped data key.
 */
export type WrapStanding = 'receipt' | 'amendment' | 'unclaimed' | 'changed' | 'none';

export interface KnownWrap {
  readonly standing: WrapStanding;
  /** Hex; `undefined` where there is no wrapped data key. */
  readonly sha256: string | undefined;
  /** Whether the data key that it holds was shown to be that of the object. */
  readonly isProven: boolean;
}

/** What {@link findWrap} is about. */
export interface WrappedObject {
  readonly stat: ObjectStat;
  readonly receipt: SignedReceipt | undefined;
  readonly keys: ReceiptKeys | undefined;
  /** The body of the instruction file, or what the key record holds of it; read only where the key is not in the metadata. */
  readonly readInstruction: () => Promise<string | undefined>;
  /** Looks for an amendment also where the receipt claims nothing. */
  readonly thorough?: boolean;
}

/**
 * Compares the wrap of an object with what its receipt and its amendments state. Costs no request for a wrap in the metadata that is
 * still the first one.
 *
 * @throws what the store throws.
 */
export async function findWrap(
  store: ObjectStore,
  { stat, receipt, keys, readInstruction, thorough = false }: WrappedObject,
  budget: Budget,
): Promise<KnownWrap> {
  const own = hashWrap(stat.metadata);
  const stated = receipt?.envelope?.wrapSha256;
  if (own === undefined && !mayHaveInstruction(stat, stated, thorough)) {
    return { standing: 'none', sha256: undefined, isProven: false };
  }
  const instruction = own === undefined ? await readInstruction() : undefined;
  const sha256 = own ?? (instruction === undefined ? undefined : hashWrap(readMembers(instruction)));
  if (receipt === undefined || (stated === undefined && !thorough)) {
    return { standing: sha256 === undefined ? 'none' : 'unclaimed', sha256, isProven: false };
  }
  if (sha256 === undefined)
    return { standing: stated === undefined ? 'none' : 'changed', sha256, isProven: false };
  // what commits to its key takes nothing else from beside it
  const isCommitting = 'x-amz-c' in stat.metadata;
  if (sha256 === stated && (instruction === undefined || isCommitting)) {
    return { standing: 'receipt', sha256, isProven: true };
  }
  const wanted = { key: stat.key, receipt, wrapSha256: sha256 };
  const amendment = await readAmendment(store, wanted, keys, budget);
  if (amendment !== undefined && coversInstruction(amendment, instruction, isCommitting)) {
    return { standing: 'amendment', sha256, isProven: amendment.wrap.proof !== 'none' };
  }
  // an instruction file may also hold what the receipt saw; it does not vouch for the rest of the file
  if (sha256 === stated) return { standing: 'receipt', sha256, isProven: false };
  return { standing: stated === undefined ? 'unclaimed' : 'changed', sha256, isProven: false };
}

/** An object of the static key needs no instruction file, so none is asked for unless one has to be found. */
function mayHaveInstruction(
  { metadata }: ObjectStat,
  stated: string | undefined,
  thorough: boolean,
): boolean {
  return stated !== undefined || thorough || 'x-amz-c' in metadata;
}

/** The members of an instruction file. What is no such file has none; who decrypts by it says what is wrong with it. */
function readMembers(instruction: string): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(instruction);
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}
