/** Begins a log. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { putSmall } from '../record/small-object.ts';
import { isOrigin } from './formats/checkpoint.ts';
import { parseVkey } from './formats/note.ts';
import { formatRecord, type LogFile } from './formats/records.ts';
import { readLogFile } from './log/key-history.ts';
import type { LogPlace } from './log/place.ts';
import { present } from '../present.ts';

export interface LogBeginning {
  /** The first day that the log will state. */
  readonly first: string;
  readonly vkey: string;
  readonly recoveryVkey?: string | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * Writes `log.json`, unless a log was begun already.
 *
 * @throws `CONFIG_INVALID` when the origin or the recovery key are none, or another log stands there.
 */
export async function initLog(
  place: LogPlace,
  { first, vkey, recoveryVkey, now }: LogBeginning,
  budget: Budget,
): Promise<{ readonly log: LogFile; readonly isNew: boolean }> {
  if (!isOrigin(place.origin)) {
    throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_PROOF_ORIGIN is not a name that a log can have', {
      hint: 'a name without scheme, spaces and plus signs that your company owns, such as recordings.example.com/proof/ORGANIZATION',
    });
  }
  if (recoveryVkey !== undefined && parseVkey(recoveryVkey)?.name !== place.origin) {
    throw new ArchiveError('CONFIG_INVALID', 'the recovery key is no public key of this log', {
      hint: 'docs/proof.md, "Keys", says how to make one; its private half is kept offline',
    });
  }
  const log: LogFile = {
    schema: 'genesys-media-archive/log/v1',
    organization: place.organization,
    origin: place.origin,
    first,
    vkey,
    ...present({ recoveryVkey }),
    created: new Date(now).toISOString(),
  };
  const outcome = await putSmall(place.store, place.keys.log, Buffer.from(formatRecord(log)), budget);
  return { log: await readLogFile(place, budget), isNew: outcome === 'stored' };
}
