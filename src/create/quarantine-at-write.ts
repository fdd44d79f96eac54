/** Wires what puts recordings into quarantine at the write. */
import type { QuarantineAtWrite } from '../archive/quarantine-recording.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError, describeForeign, systemCodeOf, toArchiveError } from '../errors.ts';
import type { GenesysApi } from '../genesys/api-client.ts';
import { askQuarantineFacts } from '../genesys/quarantine-facts.ts';
import type { ObjectStore } from '../ports.ts';
import { parseQuarantineFile, type QuarantineRules } from '../record/quarantine/file.ts';
import { MAX_RULES_FILE_BYTES } from '../record/rules-file.ts';
import { readTextFile } from '../text-file.ts';

/**
 * The rules that `ARCHIVE_QUARANTINE` names, or is.
 *
 * @throws `QUARANTINE_FILE_INVALID`, which says in which line.
 */
export async function readQuarantineRules(file: string): Promise<QuarantineRules> {
  if (file.trimStart().startsWith('{')) return parseQuarantineFile(file, 'ARCHIVE_QUARANTINE');
  const what = `the quarantine file ${file}`;
  const text = await readTextFile(file, {
    what,
    code: 'QUARANTINE_FILE_INVALID',
    maxBytes: MAX_RULES_FILE_BYTES,
  }).catch((error: unknown) => {
    if (error instanceof ArchiveError) throw error;
    const problem =
      systemCodeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${describeForeign(error)}`;
    throw new ArchiveError('QUARANTINE_FILE_INVALID', `${what} ${problem}`, {
      hint: 'name the file by its path from the working directory',
    });
  });
  return parseQuarantineFile(text, what);
}

/**
 * What is put into quarantine must be removable: a bucket that locks each new object by itself, or may do so, is refused.
 *
 * @throws `QUARANTINE_IMPOSSIBLE` (not retryable); other `STORE_*`.
 */
export async function requireRemovable(
  store: Pick<ObjectStore, 'location' | 'defaultLockDays'>,
  budget: Budget,
): Promise<void> {
  let days: number | undefined;
  try {
    days = await store.defaultLockDays?.(budget);
  } catch (error) {
    if (toArchiveError(error).code !== 'STORE_DENIED') throw error;
    throw new ArchiveError(
      'QUARANTINE_IMPOSSIBLE',
      `whether ${store.location} locks new objects by itself cannot be seen`,
      { hint: 'allow s3:GetBucketObjectLockConfiguration on the bucket' },
    );
  }
  if (days === undefined) return;
  throw new ArchiveError(
    'QUARANTINE_IMPOSSIBLE',
    `${store.location} locks each new object for ${days} days by itself: nothing can be put into quarantine`,
  );
}

/** @param store the archive's own. @returns how the ports of one request ask; `undefined` without rules. */
export async function openQuarantineAtWrite(
  file: string | undefined,
  store: ObjectStore,
): Promise<((api: GenesysApi | undefined) => QuarantineAtWrite) | undefined> {
  if (file === undefined) return undefined;
  const rules = await readQuarantineRules(file);
  let isRemovable = false;
  return (api) => {
    // several files of one recording are asked about once
    const asked = new Map<string, ReturnType<QuarantineAtWrite['factsOf']>>();
    return {
      rules,
      factsOf: (ids, needed, budget) => {
        if (api === undefined) return Promise.resolve(UNTOLD);
        const name = JSON.stringify([ids.conversationId, ids.recordingId, [...needed]]);
        const answer = asked.get(name) ?? askQuarantineFacts(api, ids, needed, budget);
        asked.set(name, answer);
        return answer;
      },
      requireRemovable: async (budget) => {
        if (!isRemovable) await requireRemovable(store, budget);
        isRemovable = true;
      },
    };
  };
}

/** The tutorial's dialect has no call for queues and annotations. */
const UNTOLD = { queues: undefined, divisions: undefined, annotations: undefined };
