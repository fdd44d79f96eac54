import { type Budget, type Clock, systemClock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type {
  InstructionContent,
  KeyRewrapper,
  ObjectStat,
  ObjectStore,
  ReplaceResult,
  Rewrapped,
} from '../ports.ts';
import { hashWrap } from '../record/first-wrap.ts';
import { formatInstruction, instructionKey, readInstruction } from '../record/instruction-file.ts';
import { type CheckedObject, type CheckedPorts, openChecked } from '../audit/open-checked.ts';
import { present } from '../present.ts';
import type { ReceiptSigner } from '../record/receipt.ts';
import { amendWrap } from '../record/wrap-amendment.ts';

/** A recording is held to its receipt: see `Checking` for what may be given, and for `unverified`. */
export interface RewrapPorts extends CheckedPorts {
  readonly rewrapper: KeyRewrapper;
  /** Signs what amends receipts. */
  readonly signer?: ReceiptSigner | undefined;
  readonly clock?: Clock;
}

export interface Rewrap {
  /**
   * `rewrapped`: the data key was moved, or, with `dryRun`, would be. `current`: it is under the wanted key already. `static-key`:
   * there is no data key to move, see {@link adoptRecording}. `unsupported`: this store cannot exchange it.
   */
  readonly state: 'rewrapped' | 'current' | 'static-key' | 'unsupported';
  readonly key: string;
  readonly placement?: 'metadata' | 'instruction';
  /** With `unsupported`. */
  readonly reason?: string;
  /** Key of what states the new wrap in addition to the receipt. */
  readonly amendment?: string;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
}

/** How often an object that changed in the meantime is looked at anew. */
const MAX_ROUNDS = 3;

/**
 * Moves the data key of one object under another wrapping key; the media are neither read nor sent. What holds the key, the
 * instruction file or the object's metadata, is exchanged at once and only if it still is what was read, so that the object can be
 * read before, during and after, under the one key or the other: keep the old one until all are moved. Asking again does nothing.
 *
 * With the key in the object's metadata, S3 makes a new version of the object. An object with a receipt gets an amendment of it, before
 * the wrap is exchanged; a wrap that neither the receipt nor an amendment states is not moved, because that would vouch for it.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECEIPT_MISMATCH`, `CONFIG_INVALID` when receipts are signed and nothing here can sign, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function rewrapRecording(
  ports: RewrapPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Rewrap> {
  const { store, rewrapper } = ports;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const checked = await openChecked(ports, key, budget, true);
    requireKnownWrap(checked);
    const { stat, ids, notes } = checked;
    // its facts before its body: when it is exchanged in between, the condition below fails
    const file = await store.head(instructionKey(key), budget);
    const body = file === undefined ? undefined : await readInstruction(store, key, budget);
    const wanted = await rewrapper.rewrap(stat, body, ids, budget);
    if (wanted.state === 'current') return { state: 'current', key, notes };
    if (wanted.state === 'unwrapped') return { state: 'static-key', key, notes };
    const placement = wanted.state;
    if (dryRun) return { state: 'rewrapped', key, placement, notes };
    const amendment = await amend(ports, checked, wanted, budget);
    const result =
      wanted.state === 'metadata'
        ? await store.replaceMetadata?.(stat, wanted.metadata, budget)
        : await replaceInstruction(store, file, wanted.instruction, budget);
    const { outcome } = result ?? { outcome: 'unsupported' };
    if (outcome === 'replaced') {
      return { state: 'rewrapped', key, placement, notes, ...present({ amendment }) };
    }
    if (outcome === 'unsupported') {
      const reason = result?.outcome === 'unsupported' ? result.reason : 'the store cannot replace it';
      return { state: 'unsupported', key, placement, reason, notes };
    }
  }
  throw new ArchiveError('STORE_UNAVAILABLE', `${key} is being changed by another process`, {
    details: { key },
  });
}

/** @throws `RECEIPT_MISMATCH`. */
function requireKnownWrap({ stat, wrap, isWaived }: CheckedObject): void {
  if (wrap.standing !== 'changed' || isWaived) return;
  throw new ArchiveError(
    'RECEIPT_MISMATCH',
    `${stat.key}: wrap: the data key is wrapped in a way that neither the receipt nor a signed amendment states`,
    {
      hint: 'put back the wrap that was stored (an older version of the object or of its instruction file has it), or pass --unverified to move this one, unamended',
    },
  );
}

/** @returns the key of the amendment; `undefined` where there is no receipt to be amended, or none that holds. */
async function amend(
  { store, signer, keys, clock = systemClock }: RewrapPorts,
  { stat, receipt, wrap, isWaived }: CheckedObject,
  wanted: Extract<Rewrapped, { readonly state: 'metadata' | 'instruction' }>,
  budget: Budget,
): Promise<string | undefined> {
  if (receipt === undefined || wrap.standing === 'changed') return undefined;
  const canBeSigned =
    keys === undefined || keys.size === 0 || (signer !== undefined && keys.has(signer.keyId));
  if (!canBeSigned && isWaived) return undefined;
  if (!canBeSigned) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      'the receipts of this archive are signed, and nothing here can sign what amends them',
      {
        hint: 'set ARCHIVE_SIGNING_KEY_FILE, and list its public key in ARCHIVE_RECEIPT_PUBLIC_KEYS; or pass --unverified, and `verify` reports the new wrap',
      },
    );
  }
  const instruction = wanted.state === 'instruction' ? wanted.instruction.body : undefined;
  const members = wanted.state === 'instruction' ? parseMembers(wanted.instruction.body) : wanted.metadata;
  const wrapSha256 = hashWrap(members);
  if (wrapSha256 === undefined) return undefined;
  const proof = wanted.isCommitted === true ? 'commitment' : wrap.isProven ? 'receipt' : 'none';
  const { sha256: replaces } = wrap;
  const made = { key: stat.key, receipt, wrapSha256, instruction, replaces, proof } as const;
  return amendWrap({ store, clock, signer }, made, budget);
}

/** What we have just written ourselves. */
function parseMembers(body: string): Readonly<Record<string, string>> {
  return JSON.parse(body) as Readonly<Record<string, string>>;
}

function replaceInstruction(
  store: ObjectStore,
  file: ObjectStat | undefined,
  instruction: InstructionContent,
  budget: Budget,
): Promise<ReplaceResult> | undefined {
  const { body, options } = formatInstruction(instruction);
  return file === undefined ? undefined : store.replace?.(file, body, options, budget);
}
