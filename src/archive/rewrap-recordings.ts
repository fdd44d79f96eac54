import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { InstructionContent, KeyRewrapper, ObjectStat, ObjectStore, ReplaceResult } from '../ports.ts';
import { requireObject } from './adopt-recordings.ts';
import { formatInstruction, instructionKey, readInstruction } from './instruction-file.ts';
import { knownIds } from './known-ids.ts';

export interface RewrapPorts {
  readonly store: ObjectStore;
  readonly rewrapper: KeyRewrapper;
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
}

/** How often an object that changed in the meantime is looked at anew. */
const MOST_ROUNDS = 3;

/**
 * Moves the data key of one object under another wrapping key; the media are neither read nor sent. What holds the key, the
 * instruction file or the object's metadata, is exchanged at once and only if it still is what was read, so that the object can be
 * read before, during and after, under the one key or the other: keep the old one until all are moved. Asking again does nothing.
 *
 * With the key in the object's metadata, S3 makes a new version of the object, which its receipt then does not describe any more.
 *
 * @throws `OBJECT_NOT_FOUND`, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function rewrapRecording(
  { store, rewrapper }: RewrapPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Rewrap> {
  const ids = await knownIds(store, key, budget);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const stat = await requireObject(store, key, budget);
    // its facts before its body: when it is exchanged in between, the condition below fails
    const file = await store.head(instructionKey(key), budget);
    const body = file === undefined ? undefined : await readInstruction(store, key, budget);
    const wanted = await rewrapper.rewrap(stat, body, ids, budget);
    if (wanted.state === 'current') return { state: 'current', key };
    if (wanted.state === 'unwrapped') return { state: 'static-key', key };
    const placement = wanted.state;
    if (dryRun) return { state: 'rewrapped', key, placement };
    const result =
      wanted.state === 'metadata'
        ? await store.replaceMetadata?.(stat, wanted.metadata, budget)
        : await replaceInstruction(store, file, wanted.instruction, budget);
    const { outcome } = result ?? { outcome: 'unsupported' };
    if (outcome === 'replaced') return { state: 'rewrapped', key, placement };
    if (outcome === 'unsupported') {
      const reason = result?.outcome === 'unsupported' ? result.reason : 'the store cannot replace it';
      return { state: 'unsupported', key, placement, reason };
    }
  }
  throw new ArchiveError('STORE_UNAVAILABLE', `${key} is being changed by somebody else`, {
    details: { key },
  });
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
