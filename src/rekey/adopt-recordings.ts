import type { Budget } from '../clock.ts';
import type { KeyAdopter } from '../ports.ts';
import { instructionKey, putInstruction } from '../record/instruction-file.ts';
import { type CheckedPorts, openChecked } from '../audit/open-checked.ts';

/** A recording is held to its receipt: see `Checking` for what may be given, and for `unverified`. */
export interface AdoptPorts extends CheckedPorts {
  readonly adopter: KeyAdopter;
}

export interface Adoption {
  /**
   * `adopted`: the instruction file was written, or, with `dryRun`, would be. `present`: there is one. `other-format`: the object
   * has a data key of its own and needs none.
   */
  readonly state: 'adopted' | 'present' | 'other-format';
  readonly key: string;
  /** Of the instruction file. */
  readonly instructionKey: string;
  /** The encryption context of a KMS wrap names no conversation, for there is no receipt that says which. */
  readonly conversationKnown: boolean;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
}

/**
 * Makes one object of the static key readable by AWS's clients: writes `<key>.instruction`, and neither reads nor changes the
 * object. Asking again does nothing. Not committing: a writer of the instruction file can replace it, see docs/format.md.
 *
 * It takes the configured key at its word: an object of another static key gets an instruction file that reads nothing.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECEIPT_MISMATCH`, `OBJECT_MALFORMED`, `CONFIG_INVALID` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function adoptRecording(
  ports: AdoptPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Adoption> {
  const { store, adopter } = ports;
  const { stat, ids, notes } = await openChecked(ports, key, budget);
  const place = instructionKey(key);
  const outcome = { key, instructionKey: place, conversationKnown: ids.conversationId !== undefined, notes };
  // asked first, so that a second run asks no key service
  if ((await store.head(place, budget)) !== undefined) return { state: 'present', ...outcome };
  if (dryRun) {
    const { metadata } = stat;
    const isStatic = metadata['encryption'] !== undefined && metadata['iv'] !== undefined;
    return { state: isStatic ? 'adopted' : 'other-format', ...outcome };
  }
  const instruction = await adopter.adopt(stat, ids, budget);
  if (instruction === undefined) return { state: 'other-format', ...outcome };
  const stored = await putInstruction(store, key, instruction, budget);
  return { state: stored === 'stored' ? 'adopted' : 'present', ...outcome };
}
