import {
  ACCESS_COLUMNS,
  accessCells,
  accessDays,
  type AccessFilters,
  brokenIn,
  describeAccessFilters,
  matchesAccess,
  readAccessDay,
} from '../../audit/read-access.ts';
import type { Budget } from '../../clock.ts';
import { openAmending, openConfiguredStore } from '../../create/archiver.ts';
import { type HoldTrust, listHolds } from '../../keep/read-holds.ts';
import { type AccessEntry, noteAct } from '../../record/access-entry.ts';
import { findErasure, recordingOfKey } from '../../record/find-erasure.ts';
import { createLayout } from '../../record/layout.ts';
import { heldKeys } from '../../record/read-hold.ts';
import { canonicalId } from '../../recording/id.ts';
import { dayOf } from '../../recording/time.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { type EntryColumn, entryDays, tellEntries } from '../_entries.ts';
import { printable } from '../_format.ts';
import { readArchive } from '../_nothing-found.ts';
import { whoActs } from '../_who-acts.ts';
import { sealedThrough } from '../access/sealed-through.ts';
import { verifyAccess } from '../access/verify-access.ts';
import { present } from '../../present.ts';
import type { AccessOptions } from '../options/log.ts';
import { requireAction } from '../_require-action.ts';

/** Exit code: an entry is gone, or is not what was written. */
const BROKEN = 5;

/** Shows who did what, from the archive's own access log. To look is an entry of it. */
export async function run(
  context: CommandContext,
  [word = '', ...named]: readonly string[],
  options: AccessOptions,
): Promise<number> {
  const { ui, clock } = context;
  if (requireAction('access', word) === 'verify') return verifyAccess(context, named, options);
  const range = entryDays(options, ui.json);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const layout = createLayout(config.layout);
  const { budget, end } = openBudget(context);
  try {
    return await readArchive(store, async () => {
      const ids = named.map((one) => (one.includes('/') ? (layout.parse(one)?.recordingId ?? one) : one));
      const filters: AccessFilters = {
        person: options.person,
        action: options.action,
        ...(ids.length === 0 ? {} : { recordings: ids }),
      };
      const days = await accessDays(store, range, clock.now(), budget);
      const query = describeAccessFilters({
        person: options.person,
        recording: ids.length === 0 ? undefined : ids.join(' '),
        action: options.action,
        ...range,
      });
      const act = { who: whoActs(options.by), action: 'oversee', query, reason: options.reason } as const;
      await noteAct({ store, clock }, act, budget);
      const { keys } = await openAmending(config, context, budget);
      await tellKept(context, { store, keys: keys ?? new Map() }, new Set(ids.map(canonicalId)), budget);
      const broken: string[] = [];
      async function* entries(): AsyncGenerator<AccessEntry> {
        for (const day of days) {
          const stored = await readAccessDay(store, day, budget);
          const gap = await brokenIn(store, stored, dayOf(Date.parse(day) - 1), budget);
          if (gap !== undefined) broken.push(gap);
          for (const { entry } of stored.toReversed())
            if (entry !== undefined && matchesAccess(entry, filters)) yield entry;
        }
      }
      const list = { columns: COLUMNS, entries: entries(), type: 'access', json: (one: AccessEntry) => one };
      const code = await tellEntries(context, list, options);
      tellChain(context, broken, await sealedThrough(config, store, budget));
      return broken.length === 0 ? code : BROKEN;
    });
  } finally {
    end();
  }
}

const TITLES: Readonly<Partial<Record<(typeof ACCESS_COLUMNS)[number], string>>> = {
  at: 'UTC',
  who: 'who',
  action: 'action',
  outcome: 'outcome',
  recording: 'recording',
  query: 'about',
  reason: 'reason',
};

const COLUMNS: readonly EntryColumn<AccessEntry>[] = ACCESS_COLUMNS.map((name, at) => {
  const title = TITLES[name];
  return {
    name,
    ...present({ title }),
    ...(name === 'at' || name === 'action' ? {} : { least: 8 }),
    cell: (entry) => accessCells(entry)[at] ?? '',
  };
});

/** @param sealed the last day that the log states. */
function tellChain({ ui }: CommandContext, broken: readonly string[], sealed: string | undefined): void {
  const state = broken.length === 0 ? 'intact' : 'broken';
  if (ui.json) ui.record('chain', { state, at: broken, ...present({ sealedThrough: sealed }) });
  for (const key of broken)
    ui.warn(
      `the chain is broken at ${key}: an entry before it is gone, or was changed, or it is not an entry`,
    );
  if (broken.length === 0) ui.say('the chains of what was read are intact');
  if (sealed !== undefined)
    ui.say(`the log is sealed through ${sealed}: access verify holds the entries against it`);
}

/** Of recordings that were named: holds and a tombstone name them where an entry names only how they were chosen. */
async function tellKept(
  { ui }: CommandContext,
  trust: HoldTrust,
  ids: ReadonlySet<string>,
  budget: Budget,
): Promise<void> {
  if (ids.size === 0) return;
  for (const id of ids) {
    const erasure = await findErasure(trust, id, budget);
    if (erasure === undefined) continue;
    const { at, by, reason, id: tombstone } = erasure;
    if (ui.json) ui.record('erased', { recording: id, at, by, reason, tombstone });
    else
      ui.say(printable(`${id} was erased on ${at.slice(0, 10)} by ${by ?? 'an unnamed person'}: ${reason}`));
  }
  for await (const { hold, release } of listHolds(trust, budget)) {
    const held = new Set<string>();
    for await (const keys of heldKeys(trust.store, hold, budget)) {
      for (const key of keys) {
        const id = recordingOfKey(key);
        if (id !== undefined && ids.has(canonicalId(id))) held.add(canonicalId(id));
      }
    }
    for (const recording of held) {
      const { id, matter, placedBy, times } = hold;
      const released = present({ releasedBy: release?.releasedBy, releasedAt: release?.times.issued });
      if (ui.json)
        ui.record('hold', { recording, hold: id, matter, placedBy, placedAt: times.issued, ...released });
      else {
        const ended = release === undefined ? '' : `, released by ${release.releasedBy}`;
        ui.say(printable(`${recording} is in ${id} for ${matter}, placed by ${placedBy}${ended}`));
      }
    }
  }
}
