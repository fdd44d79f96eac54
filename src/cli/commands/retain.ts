import type { Budget } from '../../clock.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { openRetention } from '../../create/retention.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { readArchive } from '../_nothing-found.ts';
import { keysWhere } from '../find/look-up.ts';
import { chooseHeld, chooseOfHold } from '../hold/choose-held.ts';
import { applyChosen } from '../retain/apply.ts';
import { extendChosen } from '../retain/extend.ts';
import { type RetainWork, withoutRules } from '../retain/retain-work.ts';
import { checkRules } from '../retain/rules.ts';
import { showChosen } from '../retain/show.ts';
import type { RetainOptions } from '../options/keep.ts';
import { requireAction } from '../_require-action.ts';
import type { ActionOf } from '../specs/actions.ts';

type Action = (context: CommandContext, work: RetainWork, budget: Budget) => Promise<number>;

const ACTIONS: Readonly<Record<Exclude<ActionOf<'retain'>, 'rules'>, Action>> = {
  show: showChosen,
  extend: extendChosen,
  apply: applyChosen,
};

/** Shows and applies rules of retention, and extends what they say. */
export async function run(
  context: CommandContext,
  [word = '', ...named]: readonly string[],
  options: RetainOptions,
): Promise<number> {
  const action = requireAction('retain', word);
  requireFitting(action, options);
  if (action === 'rules') return checkRules(context, named);
  const act = ACTIONS[action];
  const config = await readSettings(context, 'wrap');
  const store = await openConfiguredStore(config, context);
  const { budget, end } = openBudget(context);
  try {
    const ports = await openRetention(config, { ...context, store });
    if (action === 'apply' && ports.rules === undefined) throw withoutRules();
    const search = searchIn(config);
    return await readArchive(store, async () => {
      const find = (where: string) => keysWhere(context, config, where, budget);
      const chosen =
        options.hold === undefined
          ? await chooseHeld(context, { store, search, find }, { named, choice: options }, budget)
          : await chooseOfHold(ports, { named, choice: options, id: options.hold }, budget);
      return act(context, { config, ports, chosen, options }, budget);
    });
  } finally {
    end();
  }
}

const CHOICE = ['ids', 'skipInvalid', 'skipMissing', 'conversation', 'where', 'from', 'to'] as const;

/** The options that each action has. */
const OPTIONS_OF: Readonly<Record<string, readonly (keyof RetainOptions)[]>> = {
  show: [...CHOICE, 'hold', 'expired', 'on', 'source'],
  extend: [...CHOICE, 'until', 'mode', 'reason', 'by', 'yes', 'dryRun'],
  apply: [...CHOICE, 'hold', 'by', 'yes', 'dryRun'],
  rules: [],
};

function requireFitting(action: string, options: RetainOptions): void {
  const allowed = OPTIONS_OF[action] ?? [];
  for (const name of Object.keys(options) as (keyof RetainOptions)[]) {
    if (options[name] === undefined || allowed.includes(name)) continue;
    const option = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new ArchiveError('USAGE', `--${option} does not go with retain ${action}`);
  }
  if (options.on !== undefined && options.expired !== true)
    throw new ArchiveError('USAGE', '--on goes with --expired: it names the day');
}
