import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { applyRetention } from '../../keep/retention/apply.ts';
import { examineRetention } from '../../keep/retention/examine.ts';
import { dueRetention } from '../../keep/retention/policy.ts';
import { noteAct } from '../../record/access-entry.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { whoActs } from '../_who-acts.ts';
import type { RetainWork } from './retain-work.ts';

/** Above it, the number has to be named. */
const MAX_UNCONFIRMED = 10_000;
const SOME_FAILED = 3;

/** Locks and tags what is there as the rules say. May be repeated. */
export async function applyChosen(
  context: CommandContext,
  { ports, chosen, options }: RetainWork,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const { keys, selection } = chosen;
  if (options.dryRun === true) return tellPlan(context, { ports, chosen }, budget);
  if (keys.length > MAX_UNCONFIRMED && options.yes !== keys.length) {
    throw new ArchiveError('USAGE', `the rules would be applied to ${keys.length} objects`, {
      hint: `if that is meant: --yes ${keys.length}`,
    });
  }
  const query = `${count(keys.length, 'object')} by the retention file: ${selection}`.slice(0, 1000);
  await noteAct(ports, { who: whoActs(options.by), action: 'extend', query, reason: undefined }, budget);
  const locks = new Map<string, number>();
  const tags = new Map<string, number>();
  let waiting = 0;
  for await (const { key, lock, tag, isWaiting } of applyRetention(ports, keys, budget)) {
    locks.set(lock, (locks.get(lock) ?? 0) + 1);
    tags.set(tag, (tags.get(tag) ?? 0) + 1);
    if (isWaiting) waiting += 1;
    if (ui.json) ui.record('applied', { key, lock, tag, waiting: isWaiting });
    else ui.out(`lock ${lock.padEnd(11)}  tag ${tag.padEnd(11)}  ${printable(key)}`);
    await ui.drained();
  }
  if (ui.json)
    ui.record('summary', {
      objects: keys.length,
      locks: Object.fromEntries(locks),
      tags: Object.fromEntries(tags),
      waiting,
    });
  const of = (counts: ReadonlyMap<string, number>, name: string) => counts.get(name) ?? 0;
  ui.say(
    `${count(keys.length, 'object')}: ${of(locks, 'set')} locked, ${of(locks, 'longer')} locked as long already, ${of(tags, 'set')} tagged, ${of(tags, 'taken-off')} tags taken off`,
  );
  if (waiting > 0)
    ui.say(
      `${count(waiting, 'object')}: queue, division or medium is not known yet; only what is sure was applied`,
    );
  if (of(locks, 'quarantined') > 0)
    ui.say(`${count(of(locks, 'quarantined'), 'object')} in quarantine: neither locked nor tagged`);
  const unsupported = of(locks, 'unsupported') + (ports.rules?.by === 'tags' ? of(tags, 'unsupported') : 0);
  if (unsupported > 0)
    ui.warn(
      `${count(unsupported, 'object')}: the store has no ${ports.rules?.by === 'tags' ? 'tags' : 'Object Lock'}, so nothing keeps them`,
    );
  return unsupported + of(locks, 'absent') > 0 ? SOME_FAILED : 0;
}

async function tellPlan(
  { ui, clock }: CommandContext,
  { ports, chosen }: Pick<RetainWork, 'ports' | 'chosen'>,
  budget: Budget,
): Promise<number> {
  for await (const { key, decision, facts, isHeld } of examineRetention(ports, chosen.keys, budget)) {
    if (decision === undefined) continue;
    const { lockUntil, tagDays, isWaiting } = dueRetention(decision, { at: facts.at, now: clock.now() });
    const until =
      ports.rules?.by === 'tags' || lockUntil === undefined ? null : new Date(lockUntil).toISOString();
    const removeAfterDays = isHeld ? null : (tagDays ?? null);
    const { rules } = decision;
    if (ui.json)
      ui.record('application', {
        dryRun: true,
        key,
        rules,
        lockUntil: until,
        removeAfterDays,
        waiting: isWaiting,
      });
    else
      ui.out(
        `would apply  ${printable(key)}  lock ${until?.slice(0, 10) ?? 'none'}  tag ${removeAfterDays ?? 'none'}  ${printable(rules.join(', '))}${isWaiting ? '  waiting' : ''}`,
      );
    await ui.drained();
  }
  ui.say(`${count(chosen.keys.length, 'object')} (${chosen.selection}); dry run: nothing was written`);
  return 0;
}
