import { BACKFILL } from '../../backfill/backfill-kind.ts';
import { type BackfillItem, nameOfItem, parseItem } from '../../backfill/items.ts';
import type { Budget } from '../../clock.ts';
import type { StoreConfig } from '../../config/config.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { createLayout } from '../../record/layout.ts';
import { planJob } from '../../jobs/plan-job.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';

/** Writes a job that archives the recordings of these conversations. Nothing is archived before `jobs run` works on it. */
export async function planBackfill(
  { ui, clock, logger }: CommandContext,
  config: StoreConfig,
  conversationIds: readonly string[],
  budget: Budget,
): Promise<void> {
  if (conversationIds.length === 0) {
    ui.say('nothing is missing: no job was planned');
    return;
  }
  const store = await openConfiguredStore(config, { clock, logger });
  const items = conversationIds.map((conversationId): BackfillItem => ({ conversationId }));
  const kind = { name: BACKFILL, parse: parseItem, nameOf: nameOfItem, work: notHere };
  const job = await planJob({
    store,
    kind,
    items,
    name: 'found missing by reconcile',
    createdBy: 'reconcile',
    options: { source: 'ids', layout: createLayout(config.layout).source },
    clock,
    budget,
  });
  if (ui.json) ui.record('job', { id: job.id, items: conversationIds.length });
  else
    ui.say(
      `job ${job.id} archives ${count(conversationIds.length, 'conversation')}: genesys-archive jobs run ${job.id}`,
    );
}

function notHere(): never {
  throw new Error('the job is only planned here');
}
