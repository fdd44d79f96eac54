import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { planInventory } from '../../../src/backfill/sources/inventory.ts';
import { PlanCounts } from '../../../src/backfill/sources/plan-counts.ts';
import { openSortSpool } from '../../../src/cli/backfill/sort-spool.ts';
import { unlimited } from '../../../src/clock.ts';
import type { InventoriedRecording } from '../../../src/ports.ts';

const at = (day: string) => Date.parse(`${day}T12:00:00Z`);

async function plan(recordings: readonly InventoriedRecording[], archived: readonly string[] = []) {
  const counts = new PlanCounts();
  const request = {
    inventory: {
      async *recordings() {
        await Promise.resolve();
        yield* recordings;
      },
    },
    archived: { which: () => Promise.resolve(new Set(archived)) },
    spool: await openSortSpool(),
    counts,
    budget: unlimited,
  };
  const items: string[] = [];
  for await (const { conversationId } of planInventory(request)) items.push(conversationId);
  return { items, counts };
}

describe('the inventory', () => {
  it('is planned in the order in which the platform deletes, then what it keeps, the newest first', async () => {
    const { items } = await plan([
      { conversationId: 'kept-old', recordingId: 'r1', createdAt: at('2024-01-05') },
      { conversationId: 'late', recordingId: 'r2', deleteDate: at('2027-06-01') },
      { conversationId: 'soon', recordingId: 'r3', deleteDate: at('2026-12-02') },
      { conversationId: 'kept-new', recordingId: 'r4', createdAt: at('2026-02-05') },
      { conversationId: 'sooner', recordingId: 'r5', deleteDate: at('2026-12-01') },
      { conversationId: 'soon', recordingId: 'r6', deleteDate: at('2026-12-02') },
    ]);
    expect(items).toEqual(['sooner', 'soon', 'late', 'kept-new', 'kept-old']);
  });

  it('leaves out what the archive has, and leaves no files behind', async () => {
    const leftovers = async () =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('genesys-archive-plan-')).length;
    const before = await leftovers();
    const { items, counts } = await plan(
      [
        { conversationId: 'a', recordingId: 'r1' },
        { conversationId: 'b', recordingId: 'r2' },
      ],
      ['r1'],
    );
    expect([items, counts.archived]).toEqual([['b'], 1]);
    expect(await leftovers()).toBeLessThanOrEqual(before);
  });
});
