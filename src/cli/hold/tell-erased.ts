import type { Budget } from '../../clock.ts';
import { erasedAmongHeld, type HoldPorts } from '../../keep/place-hold.ts';
import type { Hold } from '../../record/hold.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';

/** An erasure that began before the hold goes on: what it names is told. */
export async function tellErased(
  { ui }: CommandContext,
  ports: HoldPorts,
  hold: Hold,
  budget: Budget,
): Promise<boolean> {
  let erased = 0;
  for await (const key of erasedAmongHeld(ports, hold, budget)) {
    erased += 1;
    if (ui.json) ui.record('erased', { hold: hold.id, key });
    await ui.drained();
  }
  if (erased === 0) return false;
  ui.warn(
    `${count(erased, 'object')} of ${hold.id} were erased, or are being erased: their tombstone was there before the hold`,
  );
  return true;
}
