import type { Budget } from '../../clock.ts';
import { openDeletionDates, type SourceDate } from '../../create/deletion-dates.ts';
import { ArchiveError } from '../../errors.ts';
import { type ExaminedObject, examineRetention, isExpired } from '../../keep/retention/examine.ts';
import { dueRetention } from '../../keep/retention/policy.ts';
import { readReceipt } from '../../record/receipt/read-receipt.ts';
import { receiptKey } from '../../record/object-key.ts';
import { DAY_MS, parseDay } from '../../recording/time.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { type RetainWork, withoutRules } from './retain-work.ts';

type AskedSource = SourceDate | { readonly state: 'not-asked' };

/** Until when each object must stay, and may. Writes nothing. */
export async function showChosen(
  context: CommandContext,
  { ports, chosen, options }: RetainWork,
  budget: Budget,
): Promise<number> {
  const { ui, clock } = context;
  const { expired = false, on } = options;
  if (expired && ports.rules === undefined) throw withoutRules();
  const by = on === undefined ? clock.now() : endOfDay(on);
  const source = options.source === true ? await openSource(context) : undefined;
  const seen = { shown: 0, held: 0, absent: 0, unknown: 0 };
  try {
    for await (const one of examineRetention(ports, chosen.keys, budget)) {
      if (one.state === undefined) seen.absent += 1;
      if (expired && !isExpired(one, by)) continue;
      seen.shown += 1;
      if (one.isHeld) seen.held += 1;
      if (one.decision?.isCertain === false) seen.unknown += 1;
      const asked: AskedSource =
        source === undefined ? { state: 'not-asked' } : await source(one.key, ports, budget);
      if (ui.json) ui.record('retention', recordOf(one, asked, clock.now()));
      else ui.out(lineOf(one, asked));
      await ui.drained();
    }
  } finally {
    source?.close();
  }
  const { shown, held, absent, unknown } = seen;
  if (ui.json) ui.record('summary', { ...seen, objects: chosen.keys.length });
  const day = new Date(by).toISOString().slice(0, 10);
  ui.say(
    expired
      ? `${count(shown, 'object')} of ${chosen.keys.length} that a rule lets go by ${day}; nothing was removed`
      : `${count(shown, 'object')} (${chosen.selection}), ${held} held, ${absent} not there`,
  );
  if (unknown > 0)
    ui.say(
      `${count(unknown, 'object')}: queue, division or medium is not known, so the longest of the rules that may apply does; \`catalogue update\` may know more`,
    );
  return 0;
}

async function openSource(context: CommandContext) {
  const dates = openDeletionDates(await readSettings(context, 'seal'), context);
  const ask = async (key: string, { store }: RetainWork['ports'], budget: Budget): Promise<AskedSource> => {
    const receipt = await readReceipt(store, receiptKey(key), budget).catch((error: unknown) => {
      if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
      throw error;
    });
    if (receipt === undefined) return { state: 'unknown' };
    const { conversation: conversationId, recording: recordingId } = receipt.ids;
    return dates.of({ conversationId, recordingId }, budget);
  };
  return Object.assign(ask, { close: () => dates.close() });
}

const iso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString());

function recordOf(one: ExaminedObject, source: AskedSource, now: number): object {
  const { key, state, facts, decision, heldBy, isHeld, mustUntil, mayUntil, removedAt } = one;
  return {
    key,
    state: state === undefined ? 'absent' : 'present',
    recordedAt: iso(facts.at),
    mustStayUntil: iso(mustUntil),
    mayStayUntil: iso(mayUntil),
    held: isHeld,
    holds: heldBy,
    lock: lockOf(state),
    legalHold: state?.legalHold ?? 'absent',
    rule:
      decision === undefined
        ? { state: 'no-file' }
        : {
            names: decision.rules,
            certain: decision.isCertain,
            waiting: dueRetention(decision, { at: facts.at, now }).isWaiting,
            keepUntil: iso(facts.at + decision.keepDays * DAY_MS),
            removeAfter: decision.removeDays === undefined ? null : mayOf(facts.at, decision.removeDays),
          },
    media: facts.media ?? 'unknown',
    queues: facts.queues ?? 'unknown',
    divisions: facts.divisions ?? 'unknown',
    lifecycle: removedAt === 'unknown' ? 'forbidden' : iso(removedAt),
    source: { state: source.state, deleteDate: source.state === 'set' ? iso(source.deleteDate) : null },
  };
}

const mayOf = (at: number, days: number) => iso(at + days * DAY_MS);

function lockOf(state: ExaminedObject['state']): object {
  if (typeof state?.retention === 'object') {
    const { mode, until } = state.retention;
    return { state: 'set', mode, until: iso(until) };
  }
  return { state: state?.retention ?? 'absent' };
}

function lineOf(one: ExaminedObject, source: AskedSource): string {
  const { key, state, decision, heldBy, isHeld, mustUntil, mayUntil, removedAt } = one;
  const day = (time: number | undefined, without: string) => iso(time)?.slice(0, 10) ?? without;
  if (state === undefined) return `${printable(key)}  not there`;
  const lock =
    typeof state.retention === 'object'
      ? `lock ${state.retention.mode} until ${day(state.retention.until, '')}`
      : `lock ${state.retention}`;
  const fields = [
    key,
    isHeld ? 'held' : `must stay until ${day(mustUntil, 'today')}`,
    mayUntil === undefined ? 'may stay for ever' : `may stay until ${day(mayUntil, '')}`,
    lock,
    decision === undefined
      ? 'no rules'
      : `${decision.isCertain ? 'rule' : 'longest of'} ${decision.rules.join(', ')}`,
    ...(heldBy.length > 0 ? [`by ${heldBy.join(', ')}`] : []),
    ...(removedAt === undefined
      ? []
      : [removedAt === 'unknown' ? 'tags forbidden' : `lifecycle removes it ${day(removedAt, '')}`]),
    ...(source.state === 'not-asked'
      ? []
      : [`source ${source.state === 'set' ? `deletes it ${day(source.deleteDate, '')}` : source.state}`]),
  ];
  return fields.map(printable).join('  ');
}

/** @throws `USAGE` for what is not a day. */
function endOfDay(text: string): number {
  const day = parseDay(text);
  if (day === undefined) throw new ArchiveError('USAGE', '--on is not a day', { hint: '--on 2027-01-31' });
  return day + DAY_MS - 1;
}
