import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type {
  KeyRewrapper,
  ObjectStore,
  ObjectStat,
  StoredKeyRecord,
  ReplaceResult,
  Rewrapped,
} from '../ports.ts';
import { hashWrap } from '../record/first-wrap.ts';
import { formatInstruction, instructionKey, readInstruction } from '../record/instruction-file.ts';
import { createKeyRecords, keyRecordOf } from '../record/key-records.ts';
import { type CheckedObject, type CheckedPorts, openChecked } from '../audit/open-checked.ts';
import { present } from '../present.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { findCompanions, remark } from './companions.ts';
import { type AmendedWrap, amendReceipt } from './amend-receipt.ts';
import { renewInstruction } from './publish-instruction.ts';

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
  readonly placement?: 'metadata' | 'instruction' | 'record';
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
 * Moves the data keys of one object, and of what stands beside it, under another wrapping key; the media are neither read nor sent. What holds the key, the
 * key record, the instruction file or the object's metadata, is exchanged at once and only if it still is what was read, so that the
 * object can be read before, during and after, under the one key or the other: keep the old one until all are moved. Asking again does
 * nothing.
 *
 * With the key in the object's metadata, S3 makes a new version of the object. An object with a receipt gets an amendment of it, before
 * the wrap is exchanged; a wrap that neither the receipt nor an amendment states is not moved, because that would vouch for it.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECORDING_ERASED`, `KEY_RECORD_MISSING`, `RECEIPT_MISMATCH`, `CONFIG_INVALID` when receipts are signed and nothing here can sign, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function rewrapRecording(
  ports: RewrapPorts,
  key: string,
  options: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Rewrap> {
  const own = await rewrapObject(ports, key, options, budget);
  const all = [own];
  for (const beside of await findCompanions(ports.store, key, budget)) {
    all.push(await rewrapObject(ports, beside, options, budget));
  }
  // what could not be done, or was done, to any of them
  const told = (['unsupported', 'rewrapped'] as const)
    .map((wanted) => all.find(({ state }) => state === wanted))
    .find((one) => one !== undefined);
  const notes = [...new Set(all.flatMap((one) => one.notes))];
  return { ...(own.state === told?.state ? own : (told ?? own)), key, notes };
}

async function rewrapObject(
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
    const beside = await readBeside(store, stat, budget);
    const wanted = await rewrapper.rewrap(stat, beside.body, ids, budget);
    if (wanted.state === 'current') return { state: 'current', key, notes };
    if (wanted.state === 'unwrapped') return { state: 'static-key', key, notes };
    const placement = beside.record !== undefined ? 'record' : wanted.state;
    if (dryRun) return { state: 'rewrapped', key, placement, notes };
    const amendment = await amendMoved(ports, checked, { wanted, placement }, budget);
    const result = await exchange(ports, stat, { wanted, beside }, budget);
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

/** What holds the data key of an object beside it. */
interface Beside {
  /** As an instruction file has it. */
  readonly body: string | undefined;
  readonly record?: StoredKeyRecord | undefined;
  /** The instruction file. */
  readonly file?: ObjectStat | undefined;
}

async function readBeside(store: ObjectStore, stat: ObjectStat, budget: Budget): Promise<Beside> {
  const of = keyRecordOf(stat);
  const record = of === undefined ? undefined : await createKeyRecords(store).get(of, budget);
  if (record !== undefined) return { body: JSON.stringify(record.record.wrap), record };
  // its facts before its body: when it is exchanged in between, the condition of the exchange fails
  const file = await store.head(instructionKey(stat.key), budget);
  return { body: file === undefined ? undefined : await readInstruction(store, stat.key, budget), file };
}

type MovedWrap = Extract<Rewrapped, { readonly state: 'metadata' | 'instruction' }>;

async function exchange(
  ports: RewrapPorts,
  stat: ObjectStat,
  { wanted, beside }: { readonly wanted: MovedWrap; readonly beside: Beside },
  budget: Budget,
): Promise<ReplaceResult | undefined> {
  const { store } = ports;
  if (wanted.state === 'metadata')
    return store.replaceMetadata?.(stat, await remark(ports, stat, wanted.metadata, budget), budget);
  const { record, file } = beside;
  if (record !== undefined) {
    const outcome = await createKeyRecords(store).replace(record, membersOf(wanted), budget);
    if (outcome === 'replaced') await renewInstruction(store, stat.key, wanted.instruction, budget);
    if (outcome === 'unsupported') return { outcome, reason: 'the store cannot replace the key record' };
    return outcome === 'changed' ? { outcome } : { outcome, stat };
  }
  const { body, options } = formatInstruction(wanted.instruction);
  return file === undefined ? undefined : store.replace?.(file, body, options, budget);
}

/** @throws `RECEIPT_MISMATCH`. */
export function requireKnownWrap({ stat, wrap, isWaived }: CheckedObject): void {
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
async function amendMoved(
  ports: RewrapPorts,
  checked: CheckedObject,
  { wanted, placement }: { readonly wanted: MovedWrap; readonly placement: AmendedWrap['placement'] },
  budget: Budget,
): Promise<string | undefined> {
  const wrapSha256 = hashWrap(membersOf(wanted));
  if (wrapSha256 === undefined) return undefined;
  const { wrap } = checked;
  return amendReceipt(
    ports,
    checked,
    {
      placement,
      wrapSha256,
      replaces: wrap.sha256,
      instruction: placement === 'instruction' ? bodyOf(wanted) : undefined,
      proof: wanted.isCommitted === true ? 'commitment' : wrap.isProven ? 'receipt' : 'none',
    },
    budget,
  );
}

const bodyOf = (wanted: MovedWrap) => (wanted.state === 'instruction' ? wanted.instruction.body : undefined);

/** What we have just made ourselves. */
function membersOf(wanted: MovedWrap): Readonly<Record<string, string>> {
  if (wanted.state === 'metadata') return wanted.metadata;
  return JSON.parse(wanted.instruction.body) as Readonly<Record<string, string>>;
}
