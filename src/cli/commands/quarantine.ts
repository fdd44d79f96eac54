import { openQuarantine } from '../../create/quarantine.ts';
import { readQuarantineRules } from '../../create/quarantine-at-write.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import type { QuarantineRule } from '../../record/quarantine/file.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count } from '../_format.ts';
import { readArchive } from '../_nothing-found.ts';
import { chooseQuarantined } from '../quarantine/choose.ts';
import { tellQuarantine } from '../quarantine/list.ts';
import { releaseChosen } from '../quarantine/release.ts';
import { run as erase } from './erase.ts';
import type { QuarantineOptions } from '../options/quarantine.ts';
import { requireAction } from '../_require-action.ts';
import type { ActionOf } from '../specs/actions.ts';

/** Shows, releases and erases what waits in quarantine. */
export async function run(
  context: CommandContext,
  [word = '', ...named]: readonly string[],
  options: QuarantineOptions,
): Promise<number> {
  const action = requireAction('quarantine', word);
  const allowed = OPTIONS_OF[action];
  for (const name of Object.keys(options) as (keyof QuarantineOptions)[]) {
    if (options[name] === undefined || allowed.includes(name)) continue;
    const option = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new ArchiveError('USAGE', `--${option} does not go with quarantine ${action}`);
  }
  if (action === 'rules') return checkRules(context, named);
  const archiving = action === 'release' ? await readSettings(context, 'archive') : undefined;
  const config = archiving ?? (await readSettings(context, 'wrap'));
  const { budget, end } = openBudget(context);
  try {
    const trust = await openQuarantine(config, context);
    return await readArchive(trust.store, async () => {
      if (action === 'list') return tellQuarantine(context, trust, { named, options }, budget);
      const chosen = await chooseQuarantined(context, trust, { named, options }, budget);
      if (archiving !== undefined)
        return releaseChosen(context, { config: archiving, trust, chosen, options }, budget);
      const { reason, by, leaveHeld, dryRun } = options;
      const keys = chosen.map(({ key }) => key);
      return erase(context, keys, present({ reason, by, leaveHeld, dryRun }));
    });
  } finally {
    end();
  }
}

/** The options that each action has. */
const OPTIONS_OF: Readonly<Record<ActionOf<'quarantine'>, readonly (keyof QuarantineOptions)[]>> = {
  list: ['ids', 'skipInvalid', 'overdue'],
  release: ['ids', 'skipInvalid', 'overdue', 'reason', 'by', 'yes', 'dryRun'],
  erase: ['ids', 'skipInvalid', 'overdue', 'reason', 'by', 'leaveHeld', 'dryRun'],
  rules: [],
};

/** Checks a file of rules, and tells what it says. Asks no store. */
async function checkRules(context: CommandContext, [file, ...others]: readonly string[]): Promise<number> {
  const { ui } = context;
  if (others.length > 0) throw new ArchiveError('USAGE', 'quarantine rules checks one file');
  const named = file ?? (await readSettings(context, 'wrap')).quarantine;
  if (named === undefined) {
    throw new ArchiveError('USAGE', 'there are no rules of quarantine', {
      hint: 'ARCHIVE_QUARANTINE names their file, or is the rules; docs/keeping.md shows some',
    });
  }
  const { schema, rules } = await readQuarantineRules(named);
  if (ui.json) ui.record('quarantine-rules', { schema, rules });
  else for (const rule of rules) ui.out(lineOf(rule));
  ui.say(
    `${count(rules.length, 'rule')}: ${rules.length === 0 ? 'nothing is put into quarantine' : 'any that fits marks'}`,
  );
  return 0;
}

function lineOf({
  name,
  media,
  queues,
  divisions,
  annotations,
  securePause,
  unknown,
  ...rule
}: QuarantineRule) {
  const list = (what: string, of: readonly string[] | undefined) =>
    of === undefined ? [] : [`${what} ${of.join(' ')}`];
  return [
    name,
    `for ${rule.for} d`,
    ...list('media', media),
    ...list('queues', queues),
    ...list('divisions', divisions),
    ...list('annotations', annotations),
    ...(securePause === undefined ? [] : ['secure pause missing']),
    ...(unknown === 'pass' ? ['what is not known passes'] : []),
  ].join('  ');
}
