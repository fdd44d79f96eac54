import path from 'node:path';
import { type CheckedObject, openChecked } from '../../audit/open-checked.ts';
import { readChecked, type ReadPorts, restoreChecked } from '../../audit/read-recording.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { RangeReader } from '../../ports.ts';
import { createFileTarget } from '../file-target.ts';
import { type FileContent, findFile, placeIn } from './directory.ts';
import { extensionFor, sniffExtension, UNKNOWN_EXTENSION } from './file-names.ts';

/** Bytes of plaintext that tell what a file is. */
const HEAD_BYTES = 1024;
/** Bytes of GCM's tag at the end of every object. */
const TAG_BYTES = 16;

export interface IntoPorts extends ReadPorts {
  readonly reader: ReadPorts['reader'] & RangeReader;
}

/** One object, and the file it becomes. */
export interface Placement {
  readonly key: string;
  readonly directory: string;
  /** Of the file, without its extension. */
  readonly name: string;
  readonly force: boolean;
  /** Bytes of plaintext held in memory. */
  readonly mostInMemory: number;
}

/** What became of one recording. `present`: the file was there, and is what the archive holds. */
export interface Restored extends FileContent {
  readonly state: 'restored' | 'present';
  readonly file: string;
  readonly receipt: CheckedObject['standing'];
  readonly notes: readonly string[];
}

/**
 * Restores an object into a file of a directory. A file that holds the same already is left as it is; any other is replaced only with
 * `force`.
 *
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED`, and as `restoreRecording`.
 */
export async function restoreInto(ports: IntoPorts, placement: Placement, budget: Budget): Promise<Restored> {
  const { key, directory, name, force, mostInMemory } = placement;
  const checked = await openChecked(ports, key, budget);
  const { standing: receipt, notes } = checked;
  const file = placeIn(directory, `${name}.${await tellExtension(ports, checked, budget)}`);
  const found = await findFile(file);
  const stated = checked.receipt?.plaintext;
  // without a receipt that states it, only decryption tells what the file should hold
  if (found !== undefined && (stated !== undefined || !force)) {
    const content = await found.read();
    const outcome = stated === undefined ? await readChecked(ports, checked, budget) : undefined;
    const { bytes, sha256 } = stated ?? outcome ?? content;
    if (content.bytes === bytes && content.sha256 === sha256) {
      const seen = { receipt: outcome?.receipt ?? receipt, notes: outcome?.notes ?? notes };
      return { state: 'present', file, ...content, ...seen };
    }
    if (!force) {
      throw new ArchiveError('OUTPUT_EXISTS', `${file} exists already, and holds something else`);
    }
  }
  const target = await createFileTarget(file, { force, mostInMemory, isSwept: true });
  const outcome = await restoreChecked(ports, checked, target, budget);
  const { bytes, sha256 } = outcome;
  return { state: 'restored', file, bytes, sha256, receipt: outcome.receipt, notes: outcome.notes };
}

/** What a run would do about one object; it is not decrypted. */
export async function planInto(
  ports: Omit<IntoPorts, 'reader'>,
  { key, directory, name, force }: Placement,
  budget: Budget,
): Promise<{
  readonly file: string;
  readonly state: 'missing' | 'present' | 'exists';
  readonly objectBytes: number;
  readonly notes: readonly string[];
}> {
  const checked = await openChecked(ports, key, budget);
  const { stat, notes } = checked;
  const objectBytes = stat.size;
  const extension = extensionFor(checked.receipt?.source?.contentType, key);
  // told by the content, which is not decrypted here
  if (extension === undefined)
    return { file: path.join(directory, `${name}.*`), state: 'missing', objectBytes, notes };
  const file = placeIn(directory, `${name}.${extension}`);
  const found = await findFile(file);
  if (found === undefined) return { file, state: 'missing', objectBytes, notes };
  const stated = checked.receipt?.plaintext;
  const content = stated === undefined ? undefined : await found.read();
  if (content !== undefined && content.bytes === stated?.bytes && content.sha256 === stated.sha256) {
    return { file, state: 'present', objectBytes, notes };
  }
  if (!force && stated !== undefined) {
    throw new ArchiveError('OUTPUT_EXISTS', `${file} exists already, and holds something else`);
  }
  return { file, state: 'exists', objectBytes, notes };
}

/** By the receipt, else the key, else the first bytes, which are not verified yet: they choose from a closed list, and no more. */
async function tellExtension(ports: IntoPorts, checked: CheckedObject, budget: Budget): Promise<string> {
  const { stat, receipt, request } = checked;
  const stated = extensionFor(receipt?.source?.contentType, stat.key);
  if (stated !== undefined) return stated;
  const last = Math.min(HEAD_BYTES, stat.size - TAG_BYTES) - 1;
  if (last < 0) return UNKNOWN_EXTENSION;
  const { body } = await ports.store.get(stat.key, budget, { first: 0, last });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const unsealer = await ports.reader.unsealRange(stat, request);
  return sniffExtension(unsealer.decryptAt(0, Buffer.concat(chunks))) ?? UNKNOWN_EXTENSION;
}
