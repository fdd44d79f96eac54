/** Releases what was chosen. Without `--yes` it tells what it would do, and writes nothing. */
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { createArchiver } from '../../create/archiver.ts';
import { openRelease } from '../../create/quarantine.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { QuarantinedFile, QuarantineTrust } from '../../keep/quarantine/list-quarantine.ts';
import { releaseFile } from '../../keep/quarantine/release-file.ts';
import type { ReleasedFile } from '../../keep/quarantine/release-types.ts';
import { noteAct } from '../../record/access-entry.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { whoActs } from '../_who-acts.ts';
import { lineOf, recordOf } from './list.ts';
import type { QuarantineOptions } from '../options/quarantine.ts';

/** Exit code: some of it is still in quarantine. */
const SOME_FAILED = 3;
/** Characters of a reason: receipts have no room for more. */
const MAX_REASON = 200;
/** Recordings that an access entry names. */
const MAX_NAMED = 1_000;

export interface ReleaseWork {
  readonly config: ArchiveConfig;
  readonly trust: QuarantineTrust;
  readonly chosen: readonly QuarantinedFile[];
  readonly options: QuarantineOptions;
}

export async function releaseChosen(
  context: CommandContext,
  { config, trust, chosen, options }: ReleaseWork,
  budget: Budget,
): Promise<number> {
  const { ui, clock, logger } = context;
  const reason = requireReason(options);
  const by = whoActs(options.by);
  if (options.yes === undefined || options.dryRun === true) return tellPlan(context, chosen);
  if (options.yes !== chosen.length) {
    throw new ArchiveError('USAGE', `${count(chosen.length, 'file')} would be released`, {
      hint: `if that is meant: --yes ${chosen.length}`,
    });
  }
  const writes = config.writeBack !== 'none' || config.recordings.writeBack !== 'none';
  const archiver = writes ? await createArchiver(config, { clock, logger, store: trust.store }) : undefined;
  try {
    const ports = await openRelease(config, archiver, { clock, logger, store: trust.store }, budget);
    const seen = new Map<string, number>();
    for (let at = 0; at < chosen.length; at += MAX_NAMED) {
      const some = chosen.slice(at, at + MAX_NAMED);
      const recordings = [...new Set(some.map(({ recordingId }) => recordingId))];
      const query = `${count(some.length, 'file')} from quarantine`;
      await noteAct(trust, { who: by, action: 'release', query, recordings, reason }, budget);
      for (const { key } of some) {
        const state = await releaseOne(context, () => releaseFile(ports, key, reason, budget), key);
        seen.set(state, (seen.get(state) ?? 0) + 1);
        await ui.drained();
      }
    }
    return conclude(context, chosen.length, seen);
  } finally {
    archiver?.close();
  }
}

type Outcome = ReleasedFile['state'] | 'failed';

/** What keeps from one file keeps none of the others back. */
async function releaseOne(
  { ui, signal }: CommandContext,
  release: () => Promise<ReleasedFile>,
  key: string,
): Promise<Outcome> {
  try {
    const { state, released, heldBy = [], reference, left = [] } = await release();
    if (ui.json) ui.record('released', { key, released, state, heldBy, reference, left });
    else {
      const why = [
        ...heldBy,
        ...left,
        ...(reference === 'gone' ? ['the platform has no such conversation'] : []),
      ];
      ui.out([state.padEnd(8), released, ...why].map(printable).join('  '));
    }
    return state;
  } catch (thrown) {
    signal.throwIfAborted();
    const { code, message, retryable, hint } = toArchiveError(thrown);
    if (ui.json) ui.record('failed', { key, code, message, retryable, hint });
    else ui.out(`${ui.style('red', 'failed  ')}  ${printable(key)}  ${printable(message)}  [${code}]`);
    return 'failed';
  }
}

function conclude({ ui }: CommandContext, files: number, seen: ReadonlyMap<string, number>): number {
  const of = (outcome: Outcome) => seen.get(outcome) ?? 0;
  if (ui.json) ui.record('summary', { files, ...Object.fromEntries(seen) });
  ui.say(`${count(of('released'), 'file')} released; \`catalogue update\` brings find up to date`);
  if (of('held') > 0)
    ui.warn(`${count(of('held'), 'file')} stay in quarantine: a hold is on them; release the hold first`);
  if (of('kept') > 0)
    ui.warn(
      `${count(of('kept'), 'file')} released, and locked in quarantine as well: release again when the lock is over`,
    );
  if (of('failed') > 0)
    ui.warn(`${count(of('failed'), 'file')} not released: the same command again goes on with them`);
  return of('released') === files ? 0 : SOME_FAILED;
}

async function tellPlan({ ui }: CommandContext, chosen: readonly QuarantinedFile[]): Promise<number> {
  for (const file of chosen) {
    if (ui.json) ui.record('release', { dryRun: true, ...recordOf(file) });
    else ui.out(`would release  ${lineOf(file)}`);
    await ui.drained();
  }
  ui.say(`${count(chosen.length, 'file')} to release; nothing was written`);
  ui.say(`what is released is locked as the rules say: if that is meant, --yes ${chosen.length}`);
  return 0;
}

function requireReason({ reason }: QuarantineOptions): string {
  if (reason !== undefined && reason.trim() !== '' && reason.length <= MAX_REASON) return reason;
  throw new ArchiveError(
    'USAGE',
    reason === undefined
      ? 'say why: it stands in the receipt and in the access log'
      : `--reason is ${reason.trim() === '' ? 'empty' : `longer than ${MAX_REASON} characters`}`,
    { hint: '--reason TEXT, no name and no number' },
  );
}
