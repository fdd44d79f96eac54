/** Marks at the platform what a plan names, for who has its whole name. */
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig, WrapConfig } from '../../config/config.ts';
import { openJobStore } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import { readOptions } from '../../job-kinds/job-options.ts';
import {
  changedSourcePlan,
  parseSourceItem,
  sourceDeleteJobs,
  sourceDeleteOptions,
} from '../../job-kinds/source-delete.ts';
import { SOURCE_DELETE } from '../../job-kinds/unnamed-source-delete.ts';
import { patientStore } from '../../jobs/patient-store.ts';
import type { SourceDeleted, SourceDeletePorts } from '../../keep/source-delete/source-types.ts';
import { noteAct } from '../../record/access-entry.ts';
import type { CommandContext } from '../_context.ts';
import { printable } from '../_format.ts';
import { confirmPlan, readConfirmed } from '../jobs/confirm-plan.ts';
import { runJobHere } from '../jobs/run-here.ts';

export interface RunningDeletion {
  readonly wrap: WrapConfig;
  readonly archive: ArchiveConfig;
  readonly ports: SourceDeletePorts;
  /** `JOB.SECRET`, as the plan was told. */
  readonly name: string;
  readonly yes: number | undefined;
  readonly by: string;
}

/** Some have to wait for the next day. */
const CAPPED = 7;

/**
 * @returns the exit code.
 * @throws `JOB_CHANGED` for a plan that is not the one that was confirmed; `USAGE`; what keeps the access entry from being written.
 */
export async function runSourceDeletion(
  context: CommandContext,
  { wrap, ports, name, yes, by }: RunningDeletion,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const store = patientStore(await openJobStore(wrap, context), context.clock);
  const told = {
    purpose: 'to delete at the source',
    takenBy: 'source-delete run',
    printedBy: 'source-delete plan',
  };
  const { id, secret, plan } = await confirmPlan(store, { name, yes, kind: SOURCE_DELETE, ...told }, budget);
  const options = readOptions(sourceDeleteOptions, plan.options);
  // everything is looked at before anything is touched
  const kind = { parse: parseSourceItem, changed: changedSourcePlan };
  for await (const _ of readConfirmed(store, { plan, secret }, kind, budget));
  const query = `plan ${id}: ${plan.totals.items} recordings`;
  await noteAct(ports, { who: by, action: 'source-delete', query, reason: options.reason }, budget);
  const done = { marked: 0, already: 0, left: 0, capped: 0, failed: 0 };
  const onDeleted = (one: SourceDeleted) => {
    if (one.state === 'marked') done.marked += 1;
    else if (one.state === 'capped') done.capped += 1;
    else if (one.state === 'refused') done.left += 1;
    else if (one.state === 'failed') done.failed += 1;
    else done.already += 1;
    tellDeleted(context, one);
  };
  try {
    return await runJobHere(context, plan, { kinds: [sourceDeleteJobs(secret, onDeleted)], once: true });
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'SOURCE_DELETE_CAPPED') return CAPPED;
    throw error;
  } finally {
    if (ui.json) ui.record('summary', { plan: id, ...done });
    ui.say(
      `${done.marked} marked, ${done.already} had been before, ${done.left + done.failed} left at the platform; \`source-delete status\` asks later whether they are gone`,
    );
    if (done.capped > 0)
      ui.say(
        `the rest waits: ${wrap.source.perDay} were marked today. Run the same command again tomorrow (UTC)`,
      );
  }
}

function tellDeleted(
  { ui }: CommandContext,
  { item, state, deleteDate, reasons, heldBy, error }: SourceDeleted,
): void {
  const { recording, day } = item;
  if (ui.json) {
    ui.record('marked', { recording, day, state, deleteDate, reasons, heldBy, code: error?.code });
    return;
  }
  if (state === 'refused')
    ui.out(['left  ', day, recording, (reasons ?? []).join(', ')].map(printable).join('  '));
  if (state === 'failed') ui.out(['failed', day, recording, error?.message ?? ''].map(printable).join('  '));
}
