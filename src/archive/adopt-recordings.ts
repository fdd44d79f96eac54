import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata } from '../metadata-names.ts';
import type { KeyAdopter, ObjectStat, ObjectStore } from '../ports.ts';
import { instructionKey, putInstruction } from './instruction-file.ts';
import { knownIds } from './known-ids.ts';

export interface AdoptPorts {
  readonly store: ObjectStore;
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
}

/**
 * Makes one object of the static key readable by AWS's clients: writes `<key>.instruction`, and neither reads nor changes the
 * object. Asking again does nothing. Not committing: whoever can write the instruction file can replace it, see docs/format.md.
 *
 * It takes the configured key at its word: an object of another static key gets an instruction file that reads nothing.
 *
 * @throws `OBJECT_NOT_FOUND`, `OBJECT_MALFORMED`, `CONFIG_INVALID` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function adoptRecording(
  { store, adopter }: AdoptPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Adoption> {
  const stat = await requireObject(store, key, budget);
  const place = instructionKey(key);
  const ids = await knownIds(store, key, budget);
  const outcome = { key, instructionKey: place, conversationKnown: ids.conversationId !== undefined };
  // asked first, so that a second run asks no key service
  if ((await store.head(place, budget)) !== undefined) return { state: 'present', ...outcome };
  if (dryRun) {
    const { metadata } = canonicalMetadata(stat.metadata);
    const isStatic = metadata['encryption'] !== undefined && metadata['iv'] !== undefined;
    return { state: isStatic ? 'adopted' : 'other-format', ...outcome };
  }
  const instruction = await adopter.adopt(stat, ids, budget);
  if (instruction === undefined) return { state: 'other-format', ...outcome };
  const stored = await putInstruction(store, key, instruction, budget);
  return { state: stored === 'stored' ? 'adopted' : 'present', ...outcome };
}

/** @throws `OBJECT_NOT_FOUND`, and what the store throws. */
export async function requireObject(store: ObjectStore, key: string, budget: Budget): Promise<ObjectStat> {
  const stat = await store.head(key, budget);
  if (stat !== undefined) return stat;
  throw new ArchiveError('OBJECT_NOT_FOUND', `no object ${key.slice(0, 200)} in ${store.location}`);
}
