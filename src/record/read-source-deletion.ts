/** Reads what the archive did at the source, step by step. A step that is not signed as receipts are says nothing. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { subjectHash } from './erasure.ts';
import type { ReceiptKeys } from './receipt/keys.ts';
import { getSmall } from './small-object.ts';
import {
  MAX_SOURCE_DELETION_BYTES,
  parseSourceDeletion,
  parseSourceDeletionKey,
  type SourceDeletion,
  sourceDeletionPrefix,
} from './source-deletion.ts';
import { checkStoredSignature } from './stored-signature.ts';

export interface SourceTrust {
  readonly store: ObjectStore;
  /** That steps are signed with; none where the archive signs nothing. */
  readonly keys: ReceiptKeys;
}

export interface SourceHistory {
  /** Of the recording's objects. */
  readonly day: string;
  /** `subjectHash` of its id. */
  readonly recording: string;
  /** The newest step that can be trusted. */
  readonly last: SourceDeletion | undefined;
  /** Number of the next step. */
  readonly next: number;
  /** Objects that stand in the place of steps and are none, or are not signed. */
  readonly doubtful: readonly string[];
}

/** Of one recording. @throws `STORE_*`. */
export async function readSourceHistory(
  trust: SourceTrust,
  { recording, day }: { readonly recording: string; readonly day: string },
  budget: Budget,
): Promise<SourceHistory> {
  const prefix = sourceDeletionPrefix(day, recording);
  for await (const history of listSourceHistories(trust, prefix, budget)) return history;
  return { day, recording: subjectHash(recording), last: undefined, next: 1, doubtful: [] };
}

/** Of all recordings whose keys begin with `prefix`, in the order of keys. @throws `STORE_*`. */
export async function* listSourceHistories(
  trust: SourceTrust,
  prefix: string,
  budget: Budget,
): AsyncGenerator<SourceHistory, void, undefined> {
  let current: { readonly day: string; readonly recording: string; readonly keys: string[] } | undefined;
  for await (const { key } of trust.store.list(prefix, budget)) {
    const named = parseSourceDeletionKey(key);
    if (named === undefined) continue;
    if (current === undefined || current.recording !== named.recording || current.day !== named.day) {
      if (current !== undefined) yield await readSteps(trust, current, budget);
      current = { day: named.day, recording: named.recording, keys: [] };
    }
    current.keys.push(key);
  }
  if (current !== undefined) yield await readSteps(trust, current, budget);
}

/** From the newest on, until one can be trusted. */
async function readSteps(
  trust: SourceTrust,
  {
    day,
    recording,
    keys,
  }: { readonly day: string; readonly recording: string; readonly keys: readonly string[] },
  budget: Budget,
): Promise<SourceHistory> {
  const sorted = keys.toSorted();
  const next = (parseSourceDeletionKey(sorted.at(-1) ?? '')?.n ?? 0) + 1;
  const doubtful: string[] = [];
  for (const key of sorted.toReversed()) {
    const step = await readStep(trust.store, key, budget);
    const isOfKey =
      step !== undefined &&
      step.day === day &&
      subjectHash(step.ids.recording) === recording &&
      step.n === parseSourceDeletionKey(key)?.n;
    if (isOfKey && (await isSigned(trust, step, key, budget))) {
      return { day, recording, last: step, next, doubtful };
    }
    doubtful.push(key);
  }
  return { day, recording, last: undefined, next, doubtful };
}

/** What is too large is no step; what cannot be read now may be the newest one, and is thrown. */
async function readStep(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<SourceDeletion | undefined> {
  try {
    const json = await getSmall(store, key, MAX_SOURCE_DELETION_BYTES, budget);
    return json === undefined ? undefined : parseSourceDeletion(json);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

async function isSigned(
  trust: SourceTrust,
  step: SourceDeletion,
  key: string,
  budget: Budget,
): Promise<boolean> {
  if (trust.keys.size === 0) return true;
  return (await checkStoredSignature(trust, step, key, budget)) === 'valid';
}
