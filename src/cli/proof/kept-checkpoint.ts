import { readFile } from 'node:fs/promises';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { type LogPlace, openCheckpoint, type SignedCheckpoint } from '../../proof/log/place.ts';

/** @throws `OBJECT_NOT_FOUND` */
export async function readLocal(place: string): Promise<Buffer> {
  try {
    return await readFile(place);
  } catch (error) {
    throw new ArchiveError('OBJECT_NOT_FOUND', `${place} cannot be read: ${describeForeign(error)}`, {
      hint: 'name a file on this machine, as `prove` writes it with its proof beside it',
    });
  }
}

/** Reads a checkpoint that was kept outside of the archive. @throws `LOG_KEY_UNKNOWN`, `PROOF_INVALID`, `OBJECT_NOT_FOUND` */
export async function readKeptCheckpoint(file: string, log: LogPlace): Promise<SignedCheckpoint> {
  const { verdict, checkpoint } = openCheckpoint(log, (await readLocal(file)).toString('utf8'));
  if (checkpoint !== undefined && verdict === 'valid') return checkpoint;
  throw new ArchiveError(
    verdict === 'unknown-key' ? 'LOG_KEY_UNKNOWN' : 'PROOF_INVALID',
    `${file} is not a checkpoint of ${log.origin} that is signed with a known key`,
  );
}
