/** Which key the log is signed with, by its own records: the first one, and every change. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { type Entry, sha256Hex } from '../formats/entry.ts';
import { formatRecord, type KeyFile, type LogFile, parseKeyFile, parseLogFile } from '../formats/records.ts';
import { type LogPlace, malformed, readBytes, readEntries } from './place.ts';
import type { LogSigner } from './signer.ts';

/** Bytes. */
const MAX_RECORD_BYTES = 8_192;

/** Reads where the log began. @throws `LOG_MISSING`; `CONFIG_INVALID` when it is another log than the configured one. */
export async function readLogFile(place: LogPlace, budget: Budget): Promise<LogFile> {
  const bytes = await readBytes(place.store, place.keys.log, MAX_RECORD_BYTES, budget);
  if (bytes === undefined)
    throw new ArchiveError('LOG_MISSING', `there is no ${place.keys.log} in ${place.store.location}`);
  const log = parseLogFile(bytes.toString('utf8'));
  if (log === undefined) throw malformed(`${place.keys.log} is no record of a log`);
  if (log.organization !== place.organization || log.origin !== place.origin) {
    throw new ArchiveError('CONFIG_INVALID', `the log here is ${log.origin}, and not ${place.origin}`, {
      hint: 'the origin of a log never changes: set ARCHIVE_PROOF_ORIGIN as it was when the log was begun',
    });
  }
  return log;
}

/** Returns the newest key that the log itself names, in a log of `size` entries. */
export async function readCurrentVkey(
  place: LogPlace,
  log: LogFile,
  size: number,
  budget: Budget,
): Promise<string> {
  let vkey = log.vkey;
  for await (const { key } of place.store.list(`${place.keys.prefix}keys/`, budget)) {
    const index = Number(/(\d{12})\.json$/.exec(key)?.[1] ?? Number.NaN);
    if (!(index < size)) continue;
    const bytes = await readBytes(place.store, key, MAX_RECORD_BYTES, budget);
    const record = parseKeyFile(bytes?.toString('utf8') ?? '');
    for await (const entry of readEntries(place, { start: index, end: index + 1 }, size, budget)) {
      const isLogged = entry.kind === 'key' && bytes !== undefined && entry.sha256 === sha256Hex(bytes);
      if (!isLogged || record === undefined)
        throw malformed(`${key} is not the change of keys that the log holds`);
      vkey = record.vkey;
    }
  }
  return vkey;
}

export interface KeyChange {
  readonly entry: Entry;
  readonly file: string;
}

/**
 * Says what has to be logged because the first signer is not the key that the log names. The key before, or the recovery key, has to
 * sign beside it, or the change is not vouched for.
 *
 * @throws `LOG_KEY_UNKNOWN` when neither of the two signs, unless `unvouched`.
 */
export function findKeyChange(
  place: LogPlace & { readonly signers: readonly [LogSigner, ...LogSigner[]] },
  {
    log,
    current,
    now,
    unvouched,
  }: { readonly log: LogFile; readonly current: string; readonly now: number; readonly unvouched: boolean },
): KeyChange | undefined {
  const [first] = place.signers;
  const { vkey } = first.key;
  if (vkey === current) return undefined;
  const vouching = new Set([current, log.recoveryVkey]);
  if (!unvouched && !place.signers.some(({ key }) => vouching.has(key.vkey))) {
    throw new ArchiveError(
      'LOG_KEY_UNKNOWN',
      `the signer of ${place.origin} is not the key that its log names`,
      {
        hint: 'name the key before as the second of ARCHIVE_PROOF_KEY_FILE for 30 days; where it is lost, the recovery key; without either, `seal --unvouched-key` (docs/proof.md, "Keys")',
      },
    );
  }
  const record: KeyFile = {
    schema: 'genesys-media-archive/log-key/v1',
    organization: place.organization,
    vkey,
    replaces: current,
    at: new Date(now).toISOString(),
  };
  const file = formatRecord(record);
  return { entry: { kind: 'key', day: record.at.slice(0, 10), sha256: sha256Hex(file) }, file };
}
