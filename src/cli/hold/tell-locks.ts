import type { LockedObject } from '../../keep/place-hold.ts';
import type { Hold } from '../../record/hold.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';

/** Exit code: some of it is not there. */
const SOME_FAILED = 3;

/**
 * Counts what the store's own lock was told.
 *
 * @param on whether it was set; else it was taken off.
 * @returns the exit code.
 */
export async function tellLocks(
  { ui }: CommandContext,
  locks: AsyncIterable<LockedObject & { readonly heldBy?: readonly string[] }>,
  hold: Hold,
  on: boolean,
): Promise<number> {
  const seen = new Map<string, number>();
  for await (const { key, lock, heldBy } of locks) {
    const state = heldBy === undefined ? lock : 'held-by-another';
    seen.set(state, (seen.get(state) ?? 0) + 1);
    if (ui.json) ui.record('held', { hold: hold.id, key, lock: state, heldBy });
    await ui.drained();
  }
  const times = (state: string) => seen.get(state) ?? 0;
  if (ui.json) ui.record('summary', { hold: hold.id, locks: Object.fromEntries(seen) });
  if (times('set') > 0)
    ui.say(
      `${count(times('set'), 'object')}: the legal hold of S3 is ${on ? 'set' : 'taken off'} as it should be`,
    );
  if (times('held-by-another') > 0)
    ui.say(`${count(times('held-by-another'), 'object')} stay locked: another hold holds them`);
  const unlocked = times('unsupported') + times('not-offered');
  if (on && unlocked > 0) {
    ui.say(
      `${count(unlocked, 'object')}: the store has no lock of its own; this program's commands keep to the hold, others may not`,
    );
  }
  if (times('absent') > 0) {
    ui.warn(
      `${count(times('absent'), 'object')} of ${hold.id} are not there; \`hold apply ${hold.id} --json\` names them`,
    );
    return SOME_FAILED;
  }
  return 0;
}
