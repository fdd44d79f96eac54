/** Everything that decides whether recordings may be deleted at the source, looked at without touching anything. */
import type { Budget } from '../../clock.ts';
import { toArchiveError } from '../../errors.ts';
import { forEachOf } from '../../for-each-of.ts';
import type { SourceStanding } from '../../ports.ts';
import { readSourceHistory, type SourceHistory } from '../../record/read-source-deletion.ts';
import { canonicalId } from '../../recording/id.ts';
import { heldAmong } from '../read-holds.ts';
import { type DeletionRules, type DeletionVerdict, type DrillFacts, judgeDeletion } from './policy.ts';
import type { InspectedCopy, SourceDeleted, SourceDeleteItem, SourceDeletePorts } from './source-types.ts';

/** Recordings that are read and decrypted at once. */
const CONCURRENCY = 4;

export interface ExaminedItem {
  readonly item: SourceDeleteItem;
  readonly copy: InspectedCopy;
  readonly source: SourceStanding;
  readonly history: SourceHistory;
  readonly drill: DrillFacts;
  readonly heldBy: readonly string[];
  readonly verdict: DeletionVerdict;
}

export type Examination =
  | { readonly state: 'examined'; readonly examined: ExaminedItem }
  | {
      readonly state: 'failed';
      readonly item: SourceDeleteItem;
      readonly error: NonNullable<SourceDeleted['error']>;
    };

/**
 * Looks at a batch, in its order. What keeps from looking at one recording is its own result.
 *
 * @throws `HOLD_DAMAGED` where it cannot be told what is held; `STORE_*` and `GENESYS_*` of what concerns all.
 */
export async function examineForDeletion(
  ports: SourceDeletePorts,
  items: readonly SourceDeleteItem[],
  rules: DeletionRules,
  budget: Budget,
): Promise<readonly Examination[]> {
  const drill = await ports.lastDrill(budget);
  const looked = new Map<SourceDeleteItem, Pick<ExaminedItem, 'copy' | 'source' | 'history'>>();
  const failed = new Map<SourceDeleteItem, NonNullable<SourceDeleted['error']>>();
  await forEachOf(items, CONCURRENCY, async (item) => {
    try {
      const history = await readSourceHistory(ports, item, budget);
      const source = await ports.source.look(idsOf(item), budget);
      const copy = await ports.inspect(item, rules, budget);
      looked.set(item, { history, source, copy });
    } catch (error) {
      if (budget.signal.aborted) throw error;
      const { code, message, retryable } = toArchiveError(error);
      failed.set(item, { code, message, retryable });
    }
  });
  const seen = items.filter((item) => looked.has(item));
  const held = await heldOf(ports, seen, budget);
  const protection = await ports.source.protectionOf(
    seen.map(({ conversation }) => conversation),
    budget,
  );
  const now = ports.clock.now();
  return items.map((item): Examination => {
    const found = looked.get(item);
    if (found === undefined) {
      const error = failed.get(item) ?? { code: 'UNEXPECTED', message: 'was not looked at', retryable: true };
      return { state: 'failed', item, error };
    }
    const heldBy = held.get(item) ?? [];
    const facts = {
      ...found,
      drill,
      heldBy,
      protection: protection.get(canonicalId(item.conversation)) ?? 'unknown',
      last: found.history.last,
    };
    const verdict = judgeDeletion(facts, rules, now);
    return { state: 'examined', examined: { item, ...found, drill, heldBy, verdict } };
  });
}

/** Holds of the register, and legal holds that only the store knows. @throws `HOLD_DAMAGED`; `STORE_*`. */
export async function heldOf(
  ports: Pick<SourceDeletePorts, 'store' | 'keys' | 'lockedAmong'>,
  items: readonly SourceDeleteItem[],
  budget: Budget,
): Promise<ReadonlyMap<SourceDeleteItem, readonly string[]>> {
  const found = new Map<SourceDeleteItem, readonly string[]>();
  if (items.length === 0) return found;
  const keys = items.flatMap((item) => item.keys);
  const held = await heldAmong(ports, new Set(keys), budget);
  const locked = new Set(await ports.lockedAmong(keys, budget));
  for (const item of items) {
    const holds = new Set(item.keys.flatMap((key) => held.get(key) ?? []));
    if (holds.size === 0 && item.keys.some((key) => locked.has(key))) holds.add('S3 Object Lock');
    if (holds.size > 0) found.set(item, [...holds]);
  }
  return found;
}

export function idsOf({ conversation, recording }: SourceDeleteItem): {
  readonly conversationId: string;
  readonly recordingId: string;
} {
  return { conversationId: conversation, recordingId: recording };
}
