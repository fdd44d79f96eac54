import type { Budget } from '../../clock.ts';
import type { ArchivedRecordings, InventoriedRecording, RecordingInventory } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import type { ConversationItem } from '../items.ts';
import { leaveOutArchived } from './leave-out.ts';
import type { PlanCounts } from './plan-counts.ts';
import { dayOf } from '../../recording/time.ts';
import { present } from '../../present.ts';

/** Where a list is kept that is too long for memory, in parts that are read in the order of their names. */
export interface SortSpool {
  append(part: string, line: string): Promise<void>;
  /** In ascending order. */
  parts(): Promise<readonly string[]>;
  /** The lines of one part, in the order in which they were written. */
  read(part: string): AsyncIterable<string>;
  /** Removes everything. */
  clear(): Promise<void>;
}

export interface InventoryRequest {
  readonly inventory: Pick<RecordingInventory, 'recordings'>;
  readonly archived: ArchivedRecordings;
  readonly spool: SortSpool;
  readonly counts: PlanCounts;
  readonly budget: Budget;
}

/**
 * All recordings that the platform keeps: first those that it deletes first, by the day, then those that it keeps permanently, the newest
 * first. Only one day's are in memory.
 */
export async function* planInventory(
  request: InventoryRequest,
): AsyncGenerator<ConversationItem, void, undefined> {
  const { inventory, spool, budget } = request;
  try {
    for await (const recording of inventory.recordings(budget)) {
      await spool.append(partOf(recording), JSON.stringify(recording));
    }
    for (const part of await spool.parts()) yield* planPart(request, part);
  } finally {
    await spool.clear();
  }
}

/** Sorts as text. Pure. */
export function partOf({ deleteDate, createdAt = 0 }: InventoriedRecording): string {
  if (deleteDate !== undefined) return `0-${dayOf(deleteDate)}`;
  const created = new Date(createdAt);
  const year = String(9_999 - created.getUTCFullYear());
  const month = String(12 - created.getUTCMonth()).padStart(2, '0');
  return `1-${year}-${month}`;
}

async function* planPart(
  { archived, spool, counts, budget }: InventoryRequest,
  part: string,
): AsyncGenerator<ConversationItem, void, undefined> {
  async function* recordings() {
    // written by us just now
    for await (const line of spool.read(part)) yield JSON.parse(line) as InventoriedRecording;
  }
  const missing = leaveOutArchived(recordings(), {
    archived,
    recordingOf: ({ recordingId }) => recordingId,
    onLeftOut: () => {
      counts.archived += 1;
    },
    budget,
  });
  const seen = new Set<string>();
  for await (const { conversationId, createdAt } of missing) {
    counts.recordings += 1;
    const key = canonicalId(conversationId);
    if (seen.has(key)) continue;
    seen.add(key);
    counts.conversations += 1;
    counts.items += 1;
    // all recordings of a conversation are asked for in one look
    yield { conversationId, ...present({ endedAt: createdAt }) };
  }
}
