import { openSourceDeletion, openSourceFollowing } from '../../create/source-deletion.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { readArchive } from '../_nothing-found.ts';
import { whoActs } from '../_who-acts.ts';
import { keysWhere } from '../find/look-up.ts';
import { chooseHeld } from '../hold/choose-held.ts';
import { cancelSourceDeletions } from '../source-delete/cancel.ts';
import { planSourceDeletion } from '../source-delete/plan.ts';
import { runSourceDeletion } from '../source-delete/run.ts';
import { tellSourceStatus } from '../source-delete/status.ts';
import type { SourceDeleteCommandOptions } from '../options/source.ts';
import { requireAction } from '../_require-action.ts';
import type { ActionOf } from '../specs/actions.ts';

type Action = ActionOf<'source-delete'>;

/** Characters of a reason. */
const MAX_REASON = 256;

/** Plans, runs, follows and takes back deletions at the platform. */
export async function run(
  context: CommandContext,
  [named = '', ...args]: readonly string[],
  options: SourceDeleteCommandOptions,
): Promise<number> {
  const action = requireAction('source-delete', named);
  requireFitting(action, args, options);
  const configs = {
    wrap: await readSettings(context, 'wrap'),
    archive: await readSettings(context, 'archive'),
  };
  const by = whoActs(options.by);
  const { budget, end } = openBudget(context);
  let close = () => {};
  try {
    if (action === 'status' || action === 'cancel') {
      const opened = await openSourceFollowing(configs, context, budget);
      close = () => opened.close();
      const { ports } = opened;
      return await readArchive(ports.store, () =>
        action === 'status'
          ? tellSourceStatus(context, { ports, search: searchIn(configs.wrap), by }, budget)
          : cancelSourceDeletions(context, { ports, by, named: args, ...options }, budget),
      );
    }
    const opened = await openSourceDeletion(configs, context, budget);
    close = () => opened.close();
    const { ports } = opened;
    if (action === 'run') {
      const confirming = { ...configs, ports, name: args[0] ?? '', yes: options.yes, by };
      return await runSourceDeletion(context, confirming, budget);
    }
    const search = searchIn(configs.wrap);
    return await readArchive(ports.store, async () => {
      const find = (where: string) => keysWhere(context, configs.wrap, where, budget);
      const places = { store: ports.store, search, find };
      const chosen = await chooseHeld(context, places, { named: args, choice: options }, budget);
      const { recordings } = configs.archive;
      const asked = {
        compare: options.compare === true,
        statedUnredacted: options.statedUnredacted === true,
        wantsContext: options.context === true || recordings.context,
        wantsTranscript: options.transcript === true || recordings.transcripts !== undefined,
        reason: options.reason ?? '',
        by,
        dryRun: options.dryRun === true,
      };
      return planSourceDeletion(context, { ...configs, ports, search, chosen, ...asked }, budget);
    });
  } finally {
    end();
    close();
  }
}

const CHOICE = ['ids', 'skipInvalid', 'skipMissing', 'conversation', 'where', 'from', 'to'] as const;

/** The options that each action has. */
const OPTIONS_OF: Readonly<Record<Action, readonly (keyof SourceDeleteCommandOptions)[]>> = {
  plan: [...CHOICE, 'compare', 'statedUnredacted', 'context', 'transcript', 'reason', 'by', 'dryRun'],
  run: ['yes', 'by'],
  status: ['by'],
  cancel: ['plan', 'held', 'all', 'reason', 'by', 'dryRun'],
};

function requireFitting(action: Action, args: readonly string[], options: SourceDeleteCommandOptions): void {
  const given = Object.keys(options) as (keyof SourceDeleteCommandOptions)[];
  const foreign = given.find((name) => options[name] !== undefined && !OPTIONS_OF[action].includes(name));
  if (foreign !== undefined) {
    const option = foreign.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new ArchiveError('USAGE', `--${option} does not go with source-delete ${action}`, {
      hint: 'two steps: source-delete plan, then source-delete run PLAN --yes COUNT',
    });
  }
  if (action === 'run' && args.length !== 1) {
    throw new ArchiveError('USAGE', 'name the one plan to run', {
      hint: 'source-delete plan prints its name',
    });
  }
  if (action === 'status' && args.length > 0)
    throw new ArchiveError(
      'USAGE',
      'source-delete status takes no ids: it tells of everything that was marked',
    );
  const { reason } = options;
  if (action === 'plan' && options.compare !== true && options.statedUnredacted !== true) {
    throw new ArchiveError('USAGE', 'nothing shows that the archive’s copies are not redacted', {
      hint: '--compare downloads each again; --stated-unredacted says that the archive’s OAuth client always had recording:recording:viewSensitiveData',
    });
  }
  if (action === 'plan' && reason === undefined)
    throw new ArchiveError('USAGE', 'say why: it stands in every record of what is deleted', {
      hint: '--reason TEXT',
    });
  if (reason !== undefined && (reason.trim() === '' || reason.length > MAX_REASON)) {
    throw new ArchiveError(
      'USAGE',
      `--reason is ${reason.trim() === '' ? 'empty' : `longer than ${MAX_REASON} characters`}`,
    );
  }
}
