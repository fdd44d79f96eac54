import { findRecording } from '../../audit/find-recording.ts';
import { type Verified, verifyArchive, verifyOne } from '../../audit/verify-archive.ts';
import type { Finding, VerifyDepth, VerifyPorts } from '../../audit/verify-recording.ts';
import type { Budget } from '../../clock.ts';
import { createReader, openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { isEndOfBudget } from '../_batch.ts';
import { concludeItems, isIntegrityFailure, type ItemFailure } from '../_conclude.ts';
import {
  type CommandContext,
  noteWholeDays,
  openBudget,
  readRange,
  readSettings,
  searchVersions,
} from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { planVerification } from '../verify/plan-verification.ts';
import { noteNothing, requireArchive } from '../_nothing-found.ts';
import { countBytes, type Progress, startProgress } from '../_progress.ts';
import { formatShare, makePlan, requireSense, type VerifyOptions } from '../verify/plan.ts';
import {
  countsOf,
  describeFindings,
  describeTally,
  newTally,
  reportOf,
  tallyUp,
  type VerifyTally,
  writeReport,
} from '../verify/report.ts';
import { compareCatalogue, type CatalogueOutcome, tellCatalogue } from '../verify/catalogue.ts';
import { nameStrangers, type Strangers, warnOfStrangers } from '../verify/strangers.ts';
import { blame, type Found, tellFinding } from '../verify/tell-finding.ts';
import { openVerifyState, type VerifyPlan, type VerifyState } from '../verify/state.ts';
import { readErasedHashes } from '../../record/find-erasure.ts';
import { checkOutput } from '../file-target.ts';
import { forEachOf } from '../../for-each-of.ts';

const DEFAULT_CONCURRENCY = 4;

interface Run extends Found {
  readonly ports: VerifyPorts;
  readonly depth: VerifyDepth;
  readonly budget: Budget;
  readonly progress: Progress;
  /** What could not be looked at. */
  readonly unseen: { readonly key: string; readonly error: ArchiveError }[];
  readonly state: VerifyState | undefined;
  readonly tally: VerifyTally;
  readonly isAll: boolean;
  /** That were named, where not all are looked at. */
  readonly keys: Set<string>;
}

/** Compares recordings with their receipts, as deep as asked, and keeps nothing of them. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const all = options.all === true;
  requireSense(ids, options);
  const days = readRange(options);
  noteWholeDays(ui, options);
  // before the work, which may take hours, and not after it
  if (options.report !== undefined) await checkOutput(options.report, { force: true });
  const depth = options.depth ?? 'full';
  const full = depth === 'full' ? await readSettings(context, 'restore') : undefined;
  const config = full ?? (await readSettings(context, 'store'));
  const trust = await readTrust(config);
  const range = searchVersions(config, days, { keys: trust.keys, version: options.objectVersion });
  const plainStore = await openConfiguredStore(config, { clock, logger });
  const plan = await makePlan(options, depth, plainStore.location, range.layout.source);
  if (options.job === true) {
    const archive = plainStore;
    return planVerification(context, { options, plan, depth, config, archive, range });
  }
  const state =
    options.resume === undefined ? undefined : await openVerifyState(options.resume, plan, clock.now());
  const startedAt = state?.progress.startedAt ?? new Date(clock.now()).toISOString();
  const earlier = state?.progress.checked ?? 0;
  const { budget, end } = openBudget(context);
  const progress = startProgress(ui, 'verifying', { items: all ? undefined : ids.length });
  const store = countBytes(plainStore, progress.addBytes);
  const ports = {
    store,
    ...trust,
    allow: new Set(options.allow),
    reader: full && (await createReader(full, context)),
  };
  const current: Run = {
    ui,
    ports,
    depth,
    budget,
    progress,
    state,
    findings: [...(state?.progress.findings ?? [])],
    damaged: new Map(),
    unseen: [],
    tally: newTally(),
    isAll: all,
    keys: new Set(),
  };
  for (const finding of current.findings) blame(current, finding);
  if (plan.share !== null) {
    ui.say(`sample of ${formatShare(plan.share)}; --seed ${plan.seed} chooses the same recordings again`);
  }
  if (earlier > 0) ui.say(`going on after ${count(earlier, 'recording')} of the run begun at ${startedAt}`);

  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  const { unseen } = current;
  let catalogue: CatalogueOutcome | undefined;
  let strangers: Strangers = { counts: {}, examples: [] };
  let nothingFound: ArchiveError | undefined;
  try {
    if (all) {
      nothingFound = await noteNothing(store, async () => {
        await verifyAll(current, plan, { range, concurrency, earlier });
        const isWhole = days.from === undefined && days.to === undefined;
        if (isWhole && !budget.signal.aborted)
          strangers = await nameStrangers(ui, plainStore, range.layout, budget);
        if (earlier + current.tally.checked + current.unseen.length > 0 || budget.signal.aborted) return;
        // an archive that is empty by mistake, e.g. another bucket, must not pass for one that is in order
        await requireArchive(plainStore, range, plan.share === null ? [] : ['present'], budget);
        ui.warn('the sample has chosen no recording: --sample takes a larger share');
      });
    } else {
      await forEachOf(
        ids,
        concurrency,
        async (idOrKey) => take(current, idOrKey, await verifyNamed(current, idOrKey, range)),
        budget.signal,
      );
    }
    if (!budget.signal.aborted && nothingFound === undefined) {
      const rows = all ? { range, plan } : { keys: current.keys };
      const opened = await openCatalogue(config, { clock, logger, archive: plainStore });
      const onFailed = (key: string, error: ArchiveError) => void unseen.push({ key, error });
      const onFinding = (found: Finding) => tellFinding(current, found);
      catalogue = await compareCatalogue(opened, rows, { onFinding, onFailed }, budget);
    }
  } finally {
    progress.end();
    end();
  }
  const { elapsedMs } = progress.count();
  const { tally, findings, damaged } = current;
  const complete = !context.signal.aborted;
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
  if (complete) await state?.remove();
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
  return concludeItems(total, failures, context.signal, isIntegrityFailure);
}

async function verifyAll(
  current: Run,
  plan: VerifyPlan,
  more: {
    readonly range: ReturnType<typeof readRange>;
    readonly concurrency: number;
    readonly earlier: number;
  },
): Promise<void> {
  const { depth, budget, state } = current;
  const { range, concurrency, earlier } = more;
  const ports = { ...current.ports, erased: await readErasedHashes(current.ports.store, budget) };
  // what could not be looked at the last time comes first
  const retry = async (key: string) => {
    await state?.append({ type: 'retried', key });
    await take(current, key, await verifyOne(ports, key, depth, budget));
  };
  await forEachOf(state?.progress.failed ?? [], concurrency, retry, budget.signal);
  await verifyArchive(
    ports,
    {
      depth,
      range,
      concurrency,
      sample: plan.share === null ? undefined : { share: plan.share, seed: plan.seed ?? '' },
      after: state?.progress.after,
    },
    {
      onVerified: (verified) => take(current, verified.key, verified),
      onReached: (key, reached) => state?.append({ type: 'reached', key, checked: earlier + reached }),
    },
    budget,
  );
}

async function verifyNamed(
  { ports, depth, budget }: Run,
  idOrKey: string,
  range: ReturnType<typeof readRange>,
): Promise<Verified> {
  try {
    return await verifyOne(ports, await findRecording(ports.store, idOrKey, range, budget), depth, budget);
  } catch (error) {
    return { state: 'failed', key: idOrKey, error: toArchiveError(error) };
  }
}

/** Reports one recording, and puts down what must not be forgotten of it. */
async function take(current: Run, name: string, verified: Verified): Promise<void> {
  const { ui, progress, state, tally } = current;
  if (verified.state === 'failed') {
    const { code, message } = verified.error;
    await state?.append({ type: 'failed', key: verified.key });
    // the end of the command says once that it was interrupted
    if (current.budget.signal.aborted && isEndOfBudget(verified.error)) return;
    progress.itemFailed();
    current.unseen.push(verified);
    if (ui.json) ui.record('failed', { key: name, code, message });
    else ui.out(`${ui.style('red', 'FAILED ')}  ${printable(name)}  ${printable(message)}  [${code}]`);
    return;
  }
  const { key, findings, bytes, digests, depth, notes } = verified.verification;
  if (!current.isAll) current.keys.add(key);
  await state?.append(...findings.map((finding) => ({ type: 'finding', finding }) as const));
  tallyUp(tally, verified.verification);
  if (findings.length === 0) {
    progress.itemDone();
    tally.intact += 1;
    tally.bytes += digests?.plaintext?.bytes ?? (depth === 'head' ? 0 : bytes);
    const sha256 = digests?.plaintext?.sha256 ?? digests?.ciphertextSha256;
    if (ui.json) ui.record('verified', { key, ...recordOf(verified.verification) });
    else if (!ui.quiet) ui.out(`ok       ${sha256 === undefined ? '' : `${sha256}  `}${printable(key)}`);
  } else progress.itemFailed();
  for (const note of notes) {
    if (ui.json) ui.record('note', { key, note });
    else ui.say(`note     ${printable(key)}  ${note}`);
  }
  for (const found of findings) await tellFinding(current, found);
  await ui.drained();
}

/** `sha256` is of the plaintext where it was decrypted. */
function recordOf({ bytes, digests }: { bytes: number; digests: Digests | undefined }) {
  if (digests === undefined) return { bytes };
  const { plaintext, ciphertextSha256 } = digests;
  return plaintext === undefined ? { bytes, ciphertextSha256 } : plaintext;
}

type Digests = {
  readonly ciphertextSha256: string;
  readonly plaintext: { bytes: number; sha256: string } | undefined;
};
