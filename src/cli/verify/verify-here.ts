/** Verifies here and now: recordings that are named, or an archive, with `--resume` in several sittings. */
import { findRecording } from '../../audit/find-recording.ts';
import { verifyArchive } from '../../audit/verify-archive.ts';
import type { VerifyDepth } from '../../audit/verify-recording.ts';
import { walkArchive } from '../../audit/walk-archive.ts';
import type { Budget } from '../../clock.ts';
import type { RestoreConfig, StoreConfig } from '../../config/config.ts';
import { finding } from '../../audit/compare-with-receipt.ts';
import { type CatalogueOutcome, compareCatalogue } from '../../catalogue/compare-catalogue.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { createReader, type readTrust } from '../../create/archiver.ts';
import { type ArchiveError, toArchiveError } from '../../errors.ts';
import { forEachOf } from '../../for-each-of.ts';
import { createExpiredObjects } from '../../keep/retention/removal-notes.ts';
import type { ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import { readErasedHashes } from '../../record/find-erasure.ts';
import { concludeItems, isIntegrityFailure, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, openBudget, type searchVersions } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { noteNothing, requireArchive } from '../_nothing-found.ts';
import { countBytes, startProgress } from '../_progress.ts';
import { rowsOf, tellCatalogue } from './catalogue.ts';
import { formatShare } from './plan.ts';
import { countsOf, describeFindings, describeTally, reportOf, writeReport } from './report.ts';
import { openResumed, type ResumedRun } from './resume.ts';
import type { VerifyPlan } from './state.ts';
import { nameStrangers, type Strangers, warnOfStrangers } from './strangers.ts';
import { VerifyRun } from './verify-run.ts';
import type { VerifyOptions } from '../options/read.ts';

const DEFAULT_CONCURRENCY = 4;

export interface VerifyWork {
  /** Or keys; none for the whole archive. */
  readonly ids: readonly string[];
  readonly options: VerifyOptions;
  readonly plan: VerifyPlan;
  readonly depth: VerifyDepth;
  readonly config: StoreConfig | RestoreConfig;
  /** With depth full. */
  readonly full: RestoreConfig | undefined;
  readonly trust: Awaited<ReturnType<typeof readTrust>>;
  readonly archive: ObjectStore;
  readonly range: ReturnType<typeof searchVersions>;
}

/** What a run over the archive shares. */
interface Sitting {
  readonly context: CommandContext;
  readonly work: VerifyWork;
  readonly verification: VerifyRun;
  readonly store: ObjectStore;
  readonly budget: Budget;
  readonly resumed: ResumedRun | undefined;
  /** Recordings that an earlier sitting has looked at. */
  readonly earlier: number;
  readonly startedAt: string;
}

/** @returns the exit code 0. @throws what the findings, or recordings that could not be looked at, amount to. */
export async function verifyHere(context: CommandContext, work: VerifyWork): Promise<number> {
  const { ui, clock, signal } = context;
  const { options, plan, ids, archive } = work;
  const { budget, end } = openBudget(context);
  const { resume } = options;
  const resumed = resume === undefined ? undefined : await openResumed(resume, plan, clock, budget);
  const progress = startProgress(ui, 'verifying', { items: options.all === true ? undefined : ids.length });
  const store = countBytes(archive, progress.addBytes);
  let sitting: Sitting | undefined;
  let outcome: Outcome | undefined;
  try {
    const ports = {
      store,
      ...work.trust,
      expired: createExpiredObjects({ store, keys: work.trust.keys ?? new Map(), clock }),
      allow: new Set(options.allow),
      reader: work.full && (await createReader(work.full, context)),
    };
    const verification = new VerifyRun({ ui, ports, depth: work.depth, budget, progress });
    verification.recall(resumed?.earlier.findings ?? []);
    const earlier = resumed?.earlier.checked ?? 0;
    const startedAt = resumed?.earlier.startedAt ?? new Date(clock.now()).toISOString();
    sitting = { context, work, verification, store, budget, resumed, earlier, startedAt };
    tellBeginning(sitting);
    const seen = options.all === true ? await verifyAll(sitting) : await verifyNamed(sitting);
    outcome = { ...seen, catalogue: await holdCatalogue(sitting, seen) };
  } finally {
    progress.end();
    end();
    await resumed?.close(outcome !== undefined && !signal.aborted);
  }
  return conclude(sitting, outcome, progress.count().elapsedMs);
}

function tellBeginning({ context: { ui }, work: { plan }, earlier, startedAt }: Sitting): void {
  if (plan.share !== null) {
    ui.say(`sample of ${formatShare(plan.share)}; --seed ${plan.seed} chooses the same recordings again`);
  }
  if (earlier > 0) ui.say(`going on after ${count(earlier, 'recording')} of the run begun at ${startedAt}`);
}

/** What was found besides what is wrong with recordings. */
interface Seen {
  readonly strangers: Strangers;
  readonly nothingFound: ArchiveError | undefined;
  /** Of recordings that were named. */
  readonly keys?: ReadonlySet<string>;
}

interface Outcome extends Seen {
  /** `undefined` where it was not come to. */
  readonly catalogue: CatalogueOutcome | undefined;
}

const NO_STRANGERS: Strangers = { counts: {}, examples: [] };

async function verifyNamed({ work, verification, store, budget }: Sitting): Promise<Seen> {
  const { ids, range, options } = work;
  const keys = new Set<string>();
  verification.knowErased(await readErasedHashes(store, budget));
  await forEachOf(
    ids,
    options.concurrency ?? DEFAULT_CONCURRENCY,
    async (idOrKey) => {
      try {
        const key = await findRecording(store, idOrKey, range, budget);
        keys.add(key);
        await verification.one(key, { name: idOrKey });
      } catch (error) {
        await verification.take(idOrKey, { state: 'failed', key: idOrKey, error: toArchiveError(error) });
      }
    },
    budget.signal,
  );
  return { strangers: NO_STRANGERS, nothingFound: undefined, keys };
}

/** Compares the rows of what was verified; nothing of an archive that nothing was found in. */
async function holdCatalogue(
  { context, work, verification, budget }: Sitting,
  { nothingFound, keys }: Seen,
): Promise<CatalogueOutcome | undefined> {
  if (budget.signal.aborted || nothingFound !== undefined) return undefined;
  const { clock, logger } = context;
  const { config, archive, range, plan } = work;
  const ports = await openCatalogue(config, { clock, logger, archive });
  return compareCatalogue(
    ports,
    rowsOf(ports, keys === undefined ? { range, plan } : { keys }),
    {
      onDifference: (key, message, code) =>
        verification.add(finding('catalogue', key, message, present({ code }))),
      onFailed: (key, error) => void verification.unseen.push({ key, error }),
    },
    budget,
  );
}

async function verifyAll(sitting: Sitting): Promise<Seen> {
  const { context, work, verification, store, budget, earlier } = sitting;
  const { plan, range, archive } = work;
  let strangers = NO_STRANGERS;
  const nothingFound = await noteNothing(store, async () => {
    verification.knowErased(await readErasedHashes(store, budget));
    await lookAtAll(sitting);
    const isWhole = plan.from === null && plan.to === null;
    if (isWhole && !budget.signal.aborted)
      strangers = await nameStrangers(context.ui, archive, range.layout, budget);
    const { tally, unseen } = verification;
    if (earlier + tally.checked + unseen.length > 0 || budget.signal.aborted) return;
    // an archive that is empty by mistake, e.g. another bucket, must not pass for one that is in order
    await requireArchive(archive, range, plan.share === null ? [] : ['present'], budget);
    context.ui.warn('the sample has chosen no recording: --sample takes a larger share');
  });
  return { strangers, nothingFound };
}

async function lookAtAll({ context, work, verification, store, budget, resumed }: Sitting): Promise<void> {
  const { plan, depth, range, options } = work;
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  const sample = plan.share === null ? undefined : { share: plan.share, seed: plan.seed ?? '' };
  if (resumed === undefined) {
    const walk = { depth, range, concurrency, sample };
    return verifyArchive(
      verification.ports,
      walk,
      { onVerified: (verified) => verification.take(verified.key, verified) },
      budget,
    );
  }
  const { ui } = context;
  // what could not be looked at the last time comes first
  const retry = async (key: string) => void (await verification.one(key));
  if (!resumed.plansUnseen) await forEachOf(resumed.earlier.unseen, concurrency, retry, budget.signal);
  return resumed.work(
    (after) => walkArchive(store, { range, sample, after }, budget),
    (key, own) => verification.one(key, { budget: own }),
    { concurrency, onPlanned: (items) => ui.status(`planning: ${items}`) },
  );
}

async function conclude(
  { context, work, verification, earlier, startedAt, store }: Sitting,
  { strangers, nothingFound, catalogue }: Outcome,
  elapsedMs: number,
): Promise<number> {
  const { ui, clock, signal } = context;
  const { options, plan, depth } = work;
  const { tally, findings, damaged, unseen } = verification;
  const complete = !signal.aborted;
  const report = reportOf({
    plan,
    startedAt,
    clock,
    complete,
    earlier,
    tally,
    findings,
    unseen,
    strangers,
    catalogue,
  });
  if (options.report !== undefined) await writeReport(options.report, report);
  if (ui.json) {
    ui.record('summary', {
      verified: tally.intact,
      damaged: damaged.size,
      findings: findings.length,
      bytes: tally.bytes,
      durationMs: Math.round(elapsedMs),
      depth,
      ...(plan.share === null ? {} : { sample: plan.share, seed: plan.seed }),
      ...(earlier > 0 ? { verifiedEarlier: earlier } : {}),
      withoutReceipt: tally.withoutReceipt,
      notes: strangers.counts,
      ...countsOf(tally),
      ...present({ catalogue }),
    });
  } else {
    const what = count(tally.intact, 'recording');
    ui.say(
      `${what} verified (${formatBytes(tally.bytes)}), ${count(findings.length, 'finding')}, in ${printable(store.location)}`,
    );
    for (const line of describeFindings(findings)) ui.say(line);
    for (const line of describeTally(tally)) ui.say(line);
  }
  if (catalogue !== undefined) tellCatalogue(ui, catalogue);
  warnOfStrangers(ui, strangers);
  if (nothingFound !== undefined) throw nothingFound;
  const total = earlier + tally.checked + unseen.length;
  const failures: ItemFailure[] = [...[...damaged.values()].map((error) => ({ error })), ...unseen];
  return concludeItems(total, failures, signal, isIntegrityFailure);
}
