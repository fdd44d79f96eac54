/**
 * Mirrors a hold to the platform's own protection from deletion, as far as that goes: the platform protects 1,000 conversations of an
 * organization, has no list of them, and nothing of it is needed for the hold to stand.
 */
import { type Budget, abortReason } from '../clock.ts';
import { ArchiveError, type ErrorCode, toArchiveError } from '../errors.ts';
import { MAX_PROTECTION_IDS, type Protection, type SourceKeeper } from '../ports.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import { receiptKey } from '../record/object-key.ts';
import { heldKeys } from '../record/read-hold.ts';
import type { Hold } from '../record/hold.ts';
import { canonicalId } from '../recording/id.ts';
import { type HoldTrust, listHolds } from './read-holds.ts';

/** Conversations of one hold that are mirrored: as many as the platform protects at a time. */
export const MAX_MIRRORED = 1_000;

/** What became of one conversation. */
export interface MirroredConversation {
  readonly conversation: string;
  /**
   * `set`: the platform shows it as wanted. `already`: it did before. `refused`: it said no. `full`: it protects as many as it may.
   * `beyond`: after the first 1,000, not asked. `held`: of a release, another hold holds something of it. `unknown`: it could not be asked.
   */
  readonly state: 'set' | 'already' | 'refused' | 'full' | 'beyond' | 'held' | 'unknown';
  readonly code?: ErrorCode;
  readonly reason?: string;
}

export interface ConversationsOfHold {
  readonly conversations: readonly string[];
  /** Objects whose receipt names no conversation. */
  readonly without: number;
}

/** In the order of the keys; reads a receipt of each. @throws `HOLD_DAMAGED`, `STORE_*`. */
export async function conversationsOfHold(
  { store }: Pick<HoldTrust, 'store'>,
  hold: Hold,
  budget: Budget,
): Promise<ConversationsOfHold> {
  const found = new Set<string>();
  let without = 0;
  for await (const keys of heldKeys(store, hold, budget)) {
    for (const key of keys) {
      const receipt = await readReceipt(store, receiptKey(key), budget).catch((error: unknown) => {
        // no receipt at all names no conversation; what could not be read may name one
        if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
        throw error;
      });
      if (receipt === undefined) without += 1;
      else found.add(canonicalId(receipt.ids.conversation));
    }
  }
  return { conversations: [...found], without };
}

/**
 * Has conversations protected, or no longer. What keeps it from one is said of that one; nothing is thrown but the end of the time.
 *
 * @param on false for a release: what another hold holds stays protected, and is told as `held` by the caller before.
 */
export async function* mirrorProtection(
  source: SourceKeeper,
  conversations: readonly string[],
  on: boolean,
  budget: Budget,
): AsyncGenerator<MirroredConversation, void, undefined> {
  const first = on ? conversations.slice(0, MAX_MIRRORED) : conversations;
  let isFull = false;
  for (let at = 0; at < first.length; at += MAX_PROTECTION_IDS) {
    const batch = first.slice(at, at + MAX_PROTECTION_IDS);
    for (const one of await mirrorBatch(source, batch, { on, isFull }, budget)) {
      isFull ||= one.state === 'full';
      yield one;
    }
  }
  for (const conversation of conversations.slice(first.length)) yield { conversation, state: 'beyond' };
}

async function mirrorBatch(
  source: SourceKeeper,
  batch: readonly string[],
  { on, isFull }: { readonly on: boolean; readonly isFull: boolean },
  budget: Budget,
): Promise<readonly MirroredConversation[]> {
  try {
    const known = await source.protectionOf(batch, budget);
    const wanted: Protection = on ? 'protected' : 'none';
    const rest = batch.filter((id) => known.get(id) !== wanted);
    const done = new Map<string, MirroredConversation>();
    for (const conversation of batch)
      if (known.get(conversation) === wanted) done.set(conversation, { conversation, state: 'already' });
    if (isFull && on) {
      for (const conversation of rest) done.set(conversation, { conversation, state: 'full' });
    } else if (rest.length > 0) await change(source, rest, { on, done }, budget);
    return batch.flatMap((id) => done.get(id) ?? []);
  } catch (error) {
    if (budget.signal.aborted) throw abortReason(budget.signal);
    const { code, message } = toArchiveError(error);
    return batch.map((conversation) => ({ conversation, state: 'unknown', code, reason: message }));
  }
}

/** One conversation that is refused has the platform refuse all of a call: then each is sent by itself, and what is shown counts. */
async function change(
  source: SourceKeeper,
  ids: readonly string[],
  { on, done }: { readonly on: boolean; readonly done: Map<string, MirroredConversation> },
  budget: Budget,
): Promise<void> {
  const answer = await source.protect(ids, on, budget);
  if (answer.state === 'refused' && ids.length > 1) {
    for (const id of ids) await change(source, [id], { on, done }, budget);
    return;
  }
  if (answer.state === 'refused') {
    const [conversation = ''] = ids;
    const { code, reason, isFull } = answer;
    done.set(conversation, { conversation, state: isFull ? 'full' : 'refused', code, reason });
    return;
  }
  const shown = await source.protectionOf(ids, budget);
  for (const conversation of ids) {
    const isShown = shown.get(conversation) === (on ? 'protected' : 'none');
    done.set(
      conversation,
      isShown
        ? { conversation, state: 'set' }
        : { conversation, state: 'unknown', reason: 'the platform does not show it' },
    );
  }
}

/** Conversations of a released hold of which another hold that stands holds something. @throws `HOLD_DAMAGED`, `STORE_*`. */
export async function stillHeld(
  trust: HoldTrust,
  released: Hold,
  conversations: ReadonlySet<string>,
  budget: Budget,
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for await (const { hold, release } of listHolds(trust, budget)) {
    if (release !== undefined || hold.id === released.id) continue;
    for (const id of (await conversationsOfHold(trust, hold, budget)).conversations)
      if (conversations.has(id)) held.add(id);
  }
  return held;
}
