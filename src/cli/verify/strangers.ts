import { findStrangers, type Stranger } from '../../audit/survey-archive.ts';
import type { Layout } from '../../record/layout.ts';
import type { Budget } from '../../clock.ts';
import type { ObjectStore } from '../../ports.ts';
import { count, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';

/** Named in a report; all are counted, and all are named in the output. */
const MAX_REPORTED = 1_000;

const WORDS: Readonly<Record<Stranger['kind'], string>> = {
  'other-layout': 'a recording of another layout: verify again with that ARCHIVE_LAYOUT',
  'receipt-of-other-layout': 'a receipt of another layout: verify again with that ARCHIVE_LAYOUT',
  foreign: 'nothing that this archive has written',
};

/** What was passed over. */
export interface Strangers {
  readonly counts: Partial<Record<Stranger['kind'], number>>;
  readonly examples: readonly Stranger[];
}

/** Names everything in the store that a run over the whole archive passes over. These are notes: nothing is known to be wrong with it. */
export async function nameStrangers(
  ui: Ui,
  store: ObjectStore,
  layout: Layout,
  budget: Budget,
): Promise<Strangers> {
  const counts: Partial<Record<Stranger['kind'], number>> = {};
  const examples: Stranger[] = [];
  for await (const stranger of findStrangers(store, layout, budget)) {
    const { key, kind } = stranger;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (examples.length < MAX_REPORTED) examples.push(stranger);
    if (ui.json) ui.record('note', { key, kind, message: WORDS[kind] });
    else if (!ui.quiet)
      ui.out(`${ui.style('yellow', 'note')}     ${printable(key)}  ${kind}: ${WORDS[kind]}`);
    await ui.drained();
  }
  return { counts, examples };
}

/** Says at the end how much was not verified. */
export function warnOfStrangers(ui: Ui, { counts }: Strangers): void {
  const { 'other-layout': objects = 0, 'receipt-of-other-layout': receipts = 0, foreign = 0 } = counts;
  if (objects + receipts > 0) {
    ui.warn(
      `${count(objects, 'recording')} and ${count(receipts, 'receipt')} of other layouts were not verified: run it again with their ARCHIVE_LAYOUT`,
    );
  }
  if (foreign > 0) ui.warn(`${count(foreign, 'object')} that this archive has not written: named as notes`);
}
