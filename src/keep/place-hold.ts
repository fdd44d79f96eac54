import { createHash, randomBytes } from 'node:crypto';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { LegalHoldResult, ObjectStore } from '../ports.ts';
import { subjectHash } from '../record/erasure.ts';
import { readErasedHashes, recordingOfKey } from '../record/find-erasure.ts';
import {
  formatHeldKeys,
  heldKeysKey,
  type Hold,
  HOLD_SCHEMA,
  holdKey,
  type HoldRelease,
  MAX_KEYS_IN_LIST,
  newHoldId,
  RELEASE_SCHEMA,
  releaseKey,
} from '../record/hold.ts';
import { formatSigned, type ReceiptSigner } from '../record/receipt/receipt.ts';
import { putSmall } from '../record/small-object.ts';
import { heldKeys } from '../record/read-hold.ts';
import { lockedBeside } from './beside.ts';
import { heldAmong, type HoldTrust, type StandingHold } from './read-holds.ts';
import { present } from '../present.ts';

export interface HoldPorts extends HoldTrust {
  readonly clock: Clock;
  readonly signer: ReceiptSigner | undefined;
}

export interface NewHold {
  readonly matter: string;
  readonly reason: string | undefined;
  /** Who places it, as they name themselves. */
  readonly by: string;
  /** How the recordings were chosen, in words. */
  readonly selection: string;
  /** In ascending order, each once. */
  readonly keys: AsyncIterable<string> | Iterable<string>;
}

/** What the store's own lock was told about one object. */
export interface LockedObject {
  readonly key: string;
  readonly lock: LegalHoldResult | 'not-offered';
}

/**
 * Writes the lists, then the hold: from then on it stands. The store's own locks are set by {@link applyHold} afterwards, which may be
 * repeated.
 *
 * @throws `USAGE` when there is nothing to hold; what the store and the signer throw. What was begun and not finished holds nothing.
 */
export async function placeHold(
  { store, clock, signer }: HoldPorts,
  { matter, reason, by, selection, keys }: NewHold,
  budget: Budget,
): Promise<Hold> {
  const now = clock.now();
  const id = newHoldId(now, randomBytes(6));
  const lists: Hold['lists'] = [];
  let pending: string[] = [];
  let objects = 0;
  const write = async () => {
    const body = formatHeldKeys(pending);
    const list = heldKeysKey(id, lists.length + 1);
    const options = {
      metadata: {},
      contentType: 'text/plain',
      contentLength: body.length,
      verify: 'answer',
    } as const;
    if ((await store.put(list, body, options, budget)).outcome === 'exists') throw taken(list);
    lists.push({ objects: pending.length, sha256: createHash('sha256').update(body).digest('hex') });
    objects += pending.length;
    pending = [];
  };
  for await (const key of keys) {
    pending.push(key);
    if (pending.length === MAX_KEYS_IN_LIST) await write();
  }
  if (pending.length > 0) await write();
  if (objects === 0) throw new ArchiveError('USAGE', 'nothing is selected: there is nothing to hold');
  const hold: Hold = {
    schema: HOLD_SCHEMA,
    id,
    matter,
    ...present({ reason }),
    placedBy: by,
    times: { issued: new Date(now).toISOString() },
    selection,
    objects,
    lists,
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  };
  const body = await formatSigned(hold, signer, budget);
  if ((await putSmall(store, holdKey(id), body, budget)) === 'exists') throw taken(holdKey(id));
  return hold;
}

/**
 * Sets the store's own lock on what a hold holds, where the store has one. Repeating it is harmless.
 *
 * @throws `HOLD_DAMAGED`; `STORE_*`, after the objects before it have been yielded.
 */
export async function* applyHold(
  { store }: Pick<HoldPorts, 'store'>,
  hold: Hold,
  budget: Budget,
): AsyncGenerator<LockedObject, void, undefined> {
  for await (const keys of heldKeys(store, hold, budget)) {
    yield* setInParallel(keys, (key) => setLocks(store, key, true, budget));
  }
}

/** Objects whose locks are set at once: each is seven requests. */
const LOCKS_AT_ONCE = 16;

/** In the order of the keys. */
async function* setInParallel(
  keys: readonly string[],
  set: (key: string) => Promise<LockedObject['lock']>,
): AsyncGenerator<LockedObject, void, undefined> {
  for (let at = 0; at < keys.length; at += LOCKS_AT_ONCE) {
    const some = keys.slice(at, at + LOCKS_AT_ONCE);
    const locks = await Promise.all(some.map(set));
    for (const [index, key] of some.entries()) yield { key, lock: locks[index] ?? 'absent' };
  }
}

/**
 * Keys of what a hold holds that are erased, or are being erased: the erasure began before the hold, and the hold does not keep them. To
 * be asked once the hold is placed: an erasure that begins later sees the hold. One listing of tombstones.
 *
 * @throws `HOLD_DAMAGED`; `STORE_*`.
 */
export async function* erasedAmongHeld(
  { store }: Pick<HoldPorts, 'store'>,
  hold: Hold,
  budget: Budget,
): AsyncGenerator<string, void, undefined> {
  const erased = await readErasedHashes(store, budget);
  if (erased.size === 0) return;
  for await (const keys of heldKeys(store, hold, budget)) {
    for (const key of keys) {
      const recording = recordingOfKey(key);
      if (recording !== undefined && erased.has(subjectHash(recording))) yield key;
    }
  }
}

export interface Releasing {
  readonly by: string;
  readonly reason: string | undefined;
  /** Refuses the person who placed it. */
  readonly twoPersons: boolean;
}

/** Whether a person may release a hold: asked before it is written down that they do. @throws `HOLD_DAMAGED`, `HOLD_SAME_PERSON`. */
export function requireReleasable(
  { hold, release, doubt }: StandingHold,
  { by, twoPersons }: Pick<Releasing, 'by' | 'twoPersons'>,
): void {
  if (release !== undefined) return;
  if (doubt !== undefined) {
    throw new ArchiveError('HOLD_DAMAGED', `${releaseKey(hold.id)} cannot be written: ${doubt}`);
  }
  if (twoPersons && isSamePerson(by, hold.placedBy)) {
    throw new ArchiveError(
      'HOLD_SAME_PERSON',
      `${by} placed the hold ${hold.id}: another person releases it`,
    );
  }
}

/**
 * Ends a hold. A release that is there already is left as it is.
 *
 * @throws `HOLD_SAME_PERSON` where two persons are wanted; what the store and the signer throw.
 */
export async function releaseHold(
  { store, clock, signer }: HoldPorts,
  standing: StandingHold,
  releasing: Releasing,
  budget: Budget,
): Promise<HoldRelease> {
  const { hold, release } = standing;
  if (release !== undefined) return release;
  requireReleasable(standing, releasing);
  const { by, reason } = releasing;
  const statement: HoldRelease = {
    schema: RELEASE_SCHEMA,
    id: hold.id,
    ...present({ reason }),
    releasedBy: by,
    times: { issued: new Date(clock.now()).toISOString() },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  };
  const body = await formatSigned(statement, signer, budget);
  if ((await putSmall(store, releaseKey(hold.id), body, budget)) === 'exists')
    throw taken(releaseKey(hold.id));
  return statement;
}

/**
 * Takes the store's own lock off what a released hold held, but for what another hold holds.
 *
 * @throws as {@link applyHold}.
 */
export async function* unlockReleased(
  trust: HoldTrust,
  hold: Hold,
  budget: Budget,
): AsyncGenerator<LockedObject & { readonly heldBy?: readonly string[] }, void, undefined> {
  for await (const keys of heldKeys(trust.store, hold, budget)) {
    const held = await heldAmong(trust, new Set(keys), budget);
    for (const key of keys) {
      const heldBy = held.get(key);
      if (heldBy !== undefined) yield { key, lock: 'set', heldBy };
      else yield { key, lock: await setLocks(trust.store, key, false, budget) };
    }
  }
}

/** Of the object, and of what stands beside it, as far as that is there. */
async function setLocks(
  store: ObjectStore,
  key: string,
  on: boolean,
  budget: Budget,
): Promise<LockedObject['lock']> {
  if (store.setLegalHold === undefined) return 'not-offered';
  const lock = await store.setLegalHold(key, on, budget);
  if (lock === 'unsupported') return lock;
  for (const beside of lockedBeside(key)) await store.setLegalHold(beside, on, budget);
  return lock;
}

/** Letter case and spaces make no other person. */
function isSamePerson(one: string, other: string): boolean {
  const plain = (name: string) => name.normalize('NFKC').trim().toLowerCase();
  return plain(one) === plain(other);
}

function taken(key: string): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', `${key} was there already: another writer was there first`, {
    retryable: true,
  });
}
