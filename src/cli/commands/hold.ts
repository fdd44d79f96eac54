import type { WrapConfig } from '../../config/config.ts';
import { keysWhere } from '../find/look-up.ts';
import type { Budget } from '../../clock.ts';
import { openAmending, openConfiguredStore } from '../../create/archiver.ts';
import { ArchiveError } from '../../errors.ts';
import {
  applyHold,
  type HoldPorts,
  placeHold,
  releaseHold,
  requireReleasable,
  unlockReleased,
} from '../../keep/place-hold.ts';
import { listHolds, readHold, type StandingHold } from '../../keep/read-holds.ts';
import type { Hold } from '../../record/hold.ts';
import { noteAct } from '../../record/access-entry.ts';
import { whoActs } from '../_who-acts.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';
import { chooseHeld } from '../hold/choose-held.ts';
import { mirrorHold, warnOfDeletions } from '../hold/mirror.ts';
import { tellLocks } from '../hold/tell-locks.ts';
import { tellErased } from '../hold/tell-erased.ts';
import { tellRemovable, tellRules } from '../hold/tell-removable.ts';
import type { HoldOptions } from '../options/keep.ts';
import { requireAction } from '../_require-action.ts';
import type { ActionOf } from '../specs/actions.ts';

/** Above it, who places a hold has to name the number. */
const MAX_UNCONFIRMED = 10_000;
/** Exit code: some of it is not held. */
const SOME_FAILED = 3;
/** Characters of a matter, a reason or a name. */
const MAX_TEXT = 1000;

/** Places, releases and lists holds. */
export async function run(
  context: CommandContext,
  [word = '', ...named]: readonly string[],
  options: HoldOptions,
): Promise<number> {
  const action = requireAction('hold', word);
  const actions: Readonly<Record<ActionOf<'hold'>, typeof place>> = { place, release, apply, list };
  const act = actions[action];
  requireFitting(action, options);
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const { budget, end } = openBudget(context);
  try {
    const { keys, signer, clock } = await openAmending(config, context, budget);
    const ports: HoldPorts = { store, keys: keys ?? new Map(), signer, clock };
    const search = searchIn(config);
    return await readArchive(store, () =>
      act(context, { config, ports, search, named, options, twoPersons: config.holdTwoPersons }, budget),
    );
  } finally {
    end();
  }
}

interface HoldWork {
  readonly config: WrapConfig;
  readonly ports: HoldPorts;
  readonly search: ReturnType<typeof searchIn>;
  readonly named: readonly string[];
  readonly options: HoldOptions;
  readonly twoPersons: boolean;
}

async function place(context: CommandContext, work: HoldWork, budget: Budget): Promise<number> {
  const { ui } = context;
  const { ports, search, named, options } = work;
  const { matter, reason, yes, dryRun = false } = options;
  if (matter === undefined)
    throw new ArchiveError('USAGE', 'say what the hold is for', { hint: '--matter TEXT' });
  const { store } = ports;
  const find = (where: string) => keysWhere(context, work.config, where, budget);
  const { keys, selection } = await chooseHeld(
    context,
    { store, search, find },
    { named, choice: options },
    budget,
  );
  if (dryRun) {
    if (ui.json) ui.record('hold', { dryRun, matter, objects: keys.length, selection });
    else for (const key of keys) ui.out(`would hold  ${printable(key)}`);
    ui.say(`${count(keys.length, 'object')} to hold (${selection}); dry run: nothing was written`);
    return 0;
  }
  if (keys.length > MAX_UNCONFIRMED && yes !== keys.length) {
    throw new ArchiveError('USAGE', `${keys.length} objects would be held`, {
      hint: `if that is meant: --yes ${keys.length}`,
    });
  }
  const by = whoActs(options.by);
  const query = `${count(keys.length, 'object')}: ${selection}`.slice(0, MAX_TEXT);
  await noteAct(ports, { who: by, action: 'hold', query, reason: reason ?? matter }, budget);
  const hold = await placeHold(ports, { matter, reason, by, selection, keys }, budget);
  tellHold(context, { hold, signature: 'not-asked', release: undefined, doubt: undefined });
  ui.say(`placed ${hold.id}: ${count(hold.objects, 'object')} for ${printable(matter)}`);
  const code = await tellLocks(context, applyHold(ports, hold, budget), hold, true);
  const isErased = await tellErased(context, ports, hold, budget);
  const dayOf = (key: string) => search.layout.parse(key)?.date;
  const isRemovable = await tellRemovable(context, ports, { hold, dayOf }, budget);
  await warnOfDeletions(context, ports, hold, budget);
  await mirrorWhereAsked(context, work, { hold, on: true }, budget);
  return isErased || isRemovable ? SOME_FAILED : code;
}

/** What the platform makes of it is told, and is no failure of the hold. */
async function mirrorWhereAsked(
  context: CommandContext,
  { config, ports, options }: HoldWork,
  wanted: { readonly hold: Hold; readonly on: boolean },
  budget: Budget,
): Promise<void> {
  if (options.mirror === true) await mirrorHold(context, { config, trust: ports, ...wanted }, budget);
}

async function apply(context: CommandContext, work: HoldWork, budget: Budget): Promise<number> {
  const { ports, named } = work;
  const standing = await readHold(ports, requireId(named), budget);
  const { hold } = standing;
  const on = standing.release === undefined;
  const locks = on ? applyHold(ports, hold, budget) : unlockReleased(ports, hold, budget);
  const code = await tellLocks(context, locks, hold, on);
  await mirrorWhereAsked(context, work, { hold, on }, budget);
  return code;
}

async function release(context: CommandContext, work: HoldWork, budget: Budget): Promise<number> {
  const { ports, named, options, twoPersons } = work;
  const standing = await readHold(ports, requireId(named), budget);
  const { hold } = standing;
  if (options.dryRun === true) {
    context.ui.say(
      `would release ${hold.id}: ${count(hold.objects, 'object')}; dry run: nothing was written`,
    );
    return 0;
  }
  const by = whoActs(options.by);
  const releasing = { by, reason: options.reason, twoPersons };
  // what is refused, or was done before, is not an entry
  requireReleasable(standing, releasing);
  if (standing.release === undefined) {
    const act = { who: by, action: 'release', subject: hold.id, reason: options.reason } as const;
    await noteAct(ports, act, budget);
  }
  const done = await releaseHold(ports, standing, releasing, budget);
  tellHold(context, { ...standing, release: done });
  context.ui.say(`released ${hold.id} by ${printable(done.releasedBy)}`);
  const code = await tellLocks(context, unlockReleased(ports, hold, budget), hold, false);
  if (work.config.retentionFile !== undefined) tellRules(context, hold);
  await mirrorWhereAsked(context, work, { hold, on: false }, budget);
  return code;
}

async function list(
  context: CommandContext,
  { ports, search, named, options }: HoldWork,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  if (named.length > 0) {
    tellHold(context, await readHold(ports, requireId(named), budget));
    return 0;
  }
  let standing = 0;
  let released = 0;
  for await (const hold of listHolds(ports, budget)) {
    if (hold.release === undefined) standing += 1;
    else released += 1;
    if (hold.release === undefined || options.all === true) tellHold(context, hold);
    await ui.drained();
  }
  // no hold is an answer of an archive; of another place it is none
  if (standing + released === 0)
    await requireArchive(ports.store, search, ['present', 'other-layout'], budget);
  ui.say(`${count(standing, 'hold')} standing, ${released} released, in ${printable(ports.store.location)}`);
  return 0;
}

function tellHold({ ui }: CommandContext, { hold, signature, release: ended, doubt }: StandingHold): void {
  const { id, matter, reason, placedBy, times, objects, selection } = hold;
  if (ui.json) {
    ui.record('hold', {
      id,
      state: ended === undefined ? 'standing' : 'released',
      matter,
      reason,
      placedBy,
      placedAt: times.issued,
      objects,
      selection,
      signature,
      releasedBy: ended?.releasedBy,
      releasedAt: ended?.times.issued,
      doubt,
    });
    return;
  }
  const fields = [
    id,
    ended === undefined ? 'standing' : `released ${ended.times.issued.slice(0, 10)}`,
    times.issued.slice(0, 10),
    count(objects, 'object'),
    matter,
    `by ${placedBy}`,
  ];
  ui.out(fields.map(printable).join('  '));
  if (signature === 'unsigned' || signature === 'not-valid')
    ui.warn(`${id}: its signature is ${signature.replace('-', ' ')}`);
  if (doubt !== undefined) ui.warn(`${id}: ${doubt}, so it stands`);
}

function requireFitting(action: string, options: HoldOptions): void {
  const only: Readonly<Record<string, readonly string[]>> = {
    matter: ['place'],
    reason: ['place', 'release'],
    by: ['place', 'release'],
    ids: ['place'],
    skipInvalid: ['place'],
    skipMissing: ['place'],
    conversation: ['place'],
    where: ['place'],
    from: ['place'],
    to: ['place'],
    yes: ['place'],
    all: ['list'],
    mirror: ['place', 'release', 'apply'],
    dryRun: ['place', 'release'],
  };
  for (const [name, actions] of Object.entries(only)) {
    if (options[name as keyof HoldOptions] === undefined || actions.includes(action)) continue;
    const option = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new ArchiveError('USAGE', `--${option} goes with hold ${actions.join(' and hold ')} only`);
  }
  for (const name of ['matter', 'reason', 'by'] as const) {
    const text = options[name];
    if (text !== undefined && (text.trim() === '' || text.length > MAX_TEXT)) {
      throw new ArchiveError(
        'USAGE',
        `--${name} is ${text.trim() === '' ? 'empty' : `longer than ${MAX_TEXT} characters`}`,
      );
    }
  }
}

function requireId(named: readonly string[]): string {
  const [id, ...others] = named;
  if (id !== undefined && others.length === 0) return id;
  throw new ArchiveError('USAGE', 'name one hold', { hint: '`genesys-archive hold list` shows them' });
}
