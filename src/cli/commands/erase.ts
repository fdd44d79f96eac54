import { openErasure, openConfiguredVersions } from '../../create/erasure.ts';
import { openJobStore } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import { patientStore } from '../../jobs/patient-store.ts';
import { createLayout } from '../../record/layout.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { readArchive } from '../_nothing-found.ts';
import { whoActs } from '../_who-acts.ts';
import { chooseErased } from '../erase/choose-erased.ts';
import { confirmErasure } from '../erase/confirm.ts';
import { planErasure } from '../erase/plan.ts';
import { findRequest, listRequests } from '../erase/requests.ts';
import { finishErasures, tellStatus } from '../erase/status.ts';
import { present } from '../../present.ts';
import type { EraseOptions } from '../options/keep.ts';

const ACTIONS = ['status', 'finish', 'requests'] as const;
type EraseAction = (typeof ACTIONS)[number] | 'confirm' | 'plan';

/** Characters of a reason: tombstones have no room for more. */
const MAX_REASON = 256;

/** Plans, confirms and looks after erasures. */
export async function run(
  context: CommandContext,
  args: readonly string[],
  options: EraseOptions,
): Promise<number> {
  const action = actionOf(args, options);
  requireFitting(action, args, options);
  const { reason, leaveHeld = false, dryRun = false, confirm = '', yes } = options;
  if (action === 'requests') return listRequests(context);
  const config = await readSettings(context, 'wrap');
  const { budget, end } = openBudget(context);
  try {
    const { ports, catalogue } = await openErasure(config, context, budget);
    const layout = createLayout(config.layout);
    const search = searchIn(config);
    const by = whoActs(options.by);
    return await readArchive(ports.store, async () => {
      switch (action) {
        case 'status':
          return tellStatus(context, { ports, layout, search }, budget);
        case 'finish':
          return finishErasures(context, { ports, layout, search, yes, by }, budget);
        case 'confirm': {
          const jobs = {
            store: patientStore(await openJobStore(config, context), context.clock),
            versions: await openConfiguredVersions(config, config.catalogue.store ?? config.store, context),
          };
          return confirmErasure(context, { config, ports, jobs, name: confirm, yes, by }, budget);
        }
        case 'plan': {
          const request =
            options.request === undefined ? undefined : await findRequest(context, options.request, budget);
          const chosen = await chooseErased(
            context,
            { ports, catalogue, search },
            {
              named: args,
              choice: options,
              ...present({ subject: request?.addresses }),
            },
            budget,
          );
          const said =
            reason ?? (request === undefined ? undefined : `request ${request.id} of the platform`);
          if (said === undefined)
            throw new ArchiveError('USAGE', 'say why: it stands in every tombstone', {
              hint: '--reason TEXT',
            });
          return planErasure(
            context,
            { config, ports, chosen, reason: said, by, leaveHeld, dryRun, request: request?.id },
            budget,
          );
        }
      }
    });
  } finally {
    end();
  }
}

function actionOf([first]: readonly string[], { confirm }: EraseOptions): EraseAction {
  if (confirm !== undefined) return 'confirm';
  return ACTIONS.find((action) => action === first) ?? 'plan';
}

/** The options that each action has. */
const OPTIONS_OF: Readonly<Record<EraseAction, readonly (keyof EraseOptions)[]>> = {
  plan: [
    'ids',
    'skipInvalid',
    'skipMissing',
    'conversation',
    'subject',
    'where',
    'request',
    'reason',
    'by',
    'leaveHeld',
    'dryRun',
  ],
  confirm: ['confirm', 'yes', 'by'],
  status: [],
  finish: ['yes', 'by'],
  requests: [],
};

function requireFitting(action: EraseAction, args: readonly string[], options: EraseOptions): void {
  const named = Object.keys(options) as (keyof EraseOptions)[];
  const foreign = named.find((name) => options[name] !== undefined && !OPTIONS_OF[action].includes(name));
  if (foreign !== undefined) {
    const option = foreign.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const what = action === 'confirm' ? 'erase --confirm' : action === 'plan' ? 'a plan' : `erase ${action}`;
    throw new ArchiveError('USAGE', `--${option} does not go with ${what}`, {
      hint: 'an erasure has two steps: a plan, then --confirm PLAN --yes COUNT',
    });
  }
  const tooMany = action === 'confirm' ? args.length > 0 : action !== 'plan' && args.length > 1;
  if (tooMany) throw new ArchiveError('USAGE', 'ids are for a plan: what is confirmed is the plan as it is');
  const { reason } = options;
  if (reason !== undefined && (reason.trim() === '' || reason.length > MAX_REASON)) {
    throw new ArchiveError(
      'USAGE',
      `--reason is ${reason.trim() === '' ? 'empty' : `longer than ${MAX_REASON} characters`}`,
      { hint: 'it stands in every tombstone: the number of a case, no name' },
    );
  }
}
