/** Instruction files for AWS's own clients, derived from key records. */
import type { Budget } from '../clock.ts';
import type { InstructionContent, ObjectStore } from '../ports.ts';
import { type CheckedPorts, openChecked } from '../audit/open-checked.ts';
import { formatInstruction, instructionKey, readInstruction } from '../record/instruction-file.ts';
import { createKeyRecords, keyRecordOf } from '../record/key-records.ts';
import { ArchiveError } from '../errors.ts';

export interface Publication {
  /**
   * `published`, `repaired`: the file was written, or put in the place of another, or, with `dryRun`, would be. `current`: it says what the
   * record says. `no-record`: the object carries its data key, or has an instruction file of another kind. `unsupported`: this store
   * cannot replace it.
   */
  readonly state: 'published' | 'repaired' | 'current' | 'no-record' | 'unsupported';
  readonly key: string;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
}

/** How often a file that changed in the meantime is looked at anew. */
const MAX_ROUNDS = 3;

/**
 * Writes the instruction file of one object from its key record, or repairs it. The object is held to its receipt first, and is not
 * touched; the record is only read.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECORDING_ERASED`, `KEY_RECORD_MISSING`, `RECEIPT_MISMATCH` (not retryable); `STORE_*`.
 */
export async function publishInstruction(
  ports: CheckedPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Publication> {
  const { store } = ports;
  const { stat, notes } = await openChecked(ports, key, budget);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const of = keyRecordOf(stat);
    const found = of === undefined ? undefined : await createKeyRecords(store).get(of, budget);
    if (found === undefined) return { state: 'no-record', key, notes };
    const outcome = await writeInstruction(
      store,
      key,
      { instruction: fileOf(found.record.wrap), dryRun },
      budget,
    );
    if (outcome === 'changed') continue;
    // a rewrap may have exchanged the record by now, and have found no file to renew
    const again = dryRun ? found : await createKeyRecords(store).get(found.record, budget);
    if (again?.body === found.body) return { state: outcome, key, notes };
    if (again === undefined) return retract(store, key, budget);
  }
  throw new ArchiveError('STORE_UNAVAILABLE', `${instructionKey(key)} is being changed by others`);
}

/** What a reader of the S3 Encryption Client takes. */
function fileOf(wrap: Readonly<Record<string, string>>): InstructionContent {
  return { metadata: { 'x-amz-crypto-instr-file': 'true' }, body: JSON.stringify(wrap) };
}

async function writeInstruction(
  store: ObjectStore,
  key: string,
  { instruction, dryRun }: { readonly instruction: InstructionContent; readonly dryRun: boolean },
  budget: Budget,
): Promise<'published' | 'repaired' | 'current' | 'changed' | 'unsupported'> {
  const place = instructionKey(key);
  const file = await store.head(place, budget);
  const { body, options } = formatInstruction(instruction);
  if (file === undefined) {
    if (dryRun) return 'published';
    return (await store.put(place, body, options, budget)).outcome === 'stored' ? 'published' : 'changed';
  }
  const standing = await readInstruction(store, key, budget);
  if (standing === instruction.body && 'x-amz-crypto-instr-file' in file.metadata) return 'current';
  if (dryRun) return 'repaired';
  const result = await store.replace?.(file, body, options, budget);
  if (result === undefined || result.outcome === 'unsupported') return 'unsupported';
  return result.outcome === 'replaced' ? 'repaired' : 'changed';
}

/** Its record was destroyed while the file was written: an erasure, which looks for the file before it says that it is done. */
async function retract(store: ObjectStore, key: string, budget: Budget): Promise<never> {
  const place = instructionKey(key);
  const file = await store.head(place, budget);
  // what was derived holds nothing any more; the erasure removes the rest of it
  if (file !== undefined) {
    const { body, options } = formatInstruction({ metadata: file.metadata, body: '{}' });
    await store.replace?.(file, body, options, budget);
  }
  throw new ArchiveError('KEY_RECORD_MISSING', `the key record of ${key} was removed while it was published`);
}

/**
 * Puts another wrap into the instruction file of an object, where it has one.
 *
 * @throws what the store throws.
 */
export async function renewInstruction(
  store: ObjectStore,
  key: string,
  instruction: InstructionContent,
  budget: Budget,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if ((await store.head(instructionKey(key), budget)) === undefined) return;
    const outcome = await writeInstruction(store, key, { instruction, dryRun: false }, budget);
    if (outcome !== 'changed') return;
  }
}
