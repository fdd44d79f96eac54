import type { Budget } from '../../clock.ts';
import type { HoldPorts } from '../../keep/place-hold.ts';
import { type RemovalNoting, removableAmongHeld } from '../../keep/retention/removal-notes.ts';
import type { Hold } from '../../record/hold.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';

/** A lifecycle rule of the bucket asks no hold: what bears its tag is told, before the rule has its next turn. */
export async function tellRemovable(
  { ui, program }: CommandContext,
  ports: HoldPorts,
  held: { readonly hold: Hold; readonly dayOf: RemovalNoting['dayOf'] },
  budget: Budget,
): Promise<boolean> {
  const { id } = held.hold;
  let removable = 0;
  for await (const key of removableAmongHeld(ports, held, budget)) {
    removable += 1;
    if (ui.json) ui.record('removable', { hold: id, key });
    await ui.drained();
  }
  if (removable === 0) return false;
  ui.warn(
    `${count(removable, 'object')} of ${id} bear a tag by which the bucket removes them, or are about to: take it off now, with ${program} retain apply --hold ${id}`,
  );
  return true;
}

/** Rules are applied to recent days by themselves, and a hold may have kept something of any day. */
export function tellRules({ ui, program }: CommandContext, { id }: Hold): void {
  ui.say(
    `what it held is let go by its rules once they are applied to it: ${program} retain apply --hold ${id}`,
  );
}
