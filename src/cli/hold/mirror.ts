/** Tells how far a hold is mirrored to the platform. It never makes the hold itself fail. */
import type { Budget } from '../../clock.ts';
import type { WrapConfig } from '../../config/config.ts';
import { openSourceKeeper } from '../../create/source-keeper.ts';
import { toArchiveError } from '../../errors.ts';
import {
  conversationsOfHold,
  MAX_MIRRORED,
  type MirroredConversation,
  mirrorProtection,
  stillHeld,
} from '../../keep/mirror-hold.ts';
import type { HoldTrust } from '../../keep/read-holds.ts';
import { isPending, listSourceDeletions } from '../../keep/source-delete/follow-up.ts';
import { recordingOfKey } from '../../record/find-erasure.ts';
import type { Hold } from '../../record/hold.ts';
import { heldKeys } from '../../record/read-hold.ts';
import { canonicalId } from '../../recording/id.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';

export interface Mirroring {
  readonly config: WrapConfig;
  readonly trust: HoldTrust;
  readonly hold: Hold;
  /** False for a release. */
  readonly on: boolean;
}

/** @returns whether all of the hold is mirrored. */
export async function mirrorHold(
  context: CommandContext,
  mirroring: Mirroring,
  budget: Budget,
): Promise<boolean> {
  const { ui } = context;
  let close = () => {};
  try {
    const configs = { wrap: mirroring.config, archive: await readSettings(context, 'archive') };
    const keeper = await openSourceKeeper(configs, context, budget);
    close = () => keeper.close();
    return await mirror(context, mirroring, keeper.source, budget);
  } catch (error) {
    if (budget.signal.aborted) throw error;
    const { code, message } = toArchiveError(error);
    ui.warn(
      `${mirroring.hold.id} is not mirrored to the platform: ${message} [${code}]. The hold itself is as it is`,
    );
    return false;
  } finally {
    close();
  }
}

async function mirror(
  { ui }: CommandContext,
  { trust, hold, on }: Mirroring,
  source: Parameters<typeof mirrorProtection>[0],
  budget: Budget,
): Promise<boolean> {
  const { conversations, without } = await conversationsOfHold(trust, hold, budget);
  const others = on ? new Set<string>() : await stillHeld(trust, hold, new Set(conversations), budget);
  const seen = new Map<MirroredConversation['state'], number>();
  const tell = async (one: MirroredConversation) => {
    seen.set(one.state, (seen.get(one.state) ?? 0) + 1);
    if (ui.json) ui.record('mirrored', { hold: hold.id, ...one });
    else if (one.state === 'refused' || one.state === 'unknown')
      ui.out(
        ['not mirrored', one.conversation, `${one.reason ?? ''} [${one.code ?? 'UNKNOWN'}]`]
          .map(printable)
          .join('  '),
      );
    await ui.drained();
  };
  for (const conversation of conversations)
    if (others.has(conversation)) await tell({ conversation, state: 'held' });
  const rest = conversations.filter((id) => !others.has(id));
  for await (const one of mirrorProtection(source, rest, on, budget)) await tell(one);
  const times = (state: MirroredConversation['state']) => seen.get(state) ?? 0;
  const done = times('set') + times('already');
  if (ui.json)
    ui.record('mirror', {
      hold: hold.id,
      on,
      conversations: conversations.length,
      without,
      ...Object.fromEntries(seen),
    });
  ui.say(
    `${done} of ${conversations.length} conversations ${on ? 'are protected at the platform' : 'are no longer protected at the platform'}`,
  );
  if (times('held') > 0)
    ui.say(`${times('held')} stay protected there: another hold holds something of them`);
  if (times('beyond') + times('full') > 0)
    ui.warn(
      `${times('beyond') + times('full')} are not: an organization has ${MAX_MIRRORED} places. The hold here holds all of them`,
    );
  if (times('refused') + times('unknown') > 0)
    ui.warn(`${times('refused') + times('unknown')} were refused, or could not be asked`);
  if (without > 0) ui.warn(`${count(without, 'object')} name no conversation: not mirrored`);
  if (on)
    ui.say(
      'protection covers recordings of a policy only, and says nothing about a request under the GDPR or the organization’s longest retention',
    );
  else ui.warn('a date of deletion that has passed meanwhile may take effect at once');
  return done + times('held') === conversations.length && without === 0;
}

/** A hold does not take back what is marked for deletion at the platform: says so. */
export async function warnOfDeletions(
  { ui, clock }: CommandContext,
  trust: HoldTrust,
  hold: Hold,
  budget: Budget,
): Promise<void> {
  const pending = new Set<string>();
  for await (const { last } of listSourceDeletions(trust, budget))
    if (isPending(last, clock.now())) pending.add(canonicalId(last.ids.recording));
  if (pending.size === 0) return;
  let marked = 0;
  for await (const keys of heldKeys(trust.store, hold, budget)) {
    for (const key of keys) if (pending.has(canonicalId(recordingOfKey(key) ?? ''))) marked += 1;
  }
  if (marked > 0)
    ui.warn(
      `${count(marked, 'object')} of ${hold.id} are marked for deletion at the platform: \`genesys-archive source-delete cancel --held\` takes that back`,
    );
}
