import type { Finding, FindingKind, Verification } from '../../audit/verify-recording.ts';
import type { Clock } from '../../clock.ts';
import type { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { printableJson } from '../../printable.ts';
import type { CatalogueOutcome } from '../../catalogue/compare-catalogue.ts';
import type { VerifyPlan } from './state.ts';
import type { Strangers } from './strangers.ts';
import { count } from '../_format.ts';
import { createFileTarget } from '../file-target.ts';

/** Named in every report; another version of the report has another name. */
const REPORT_SCHEMA = 'genesys-media-archive/verify-report/v1';

interface ReportParts {
  readonly plan: VerifyPlan;
  readonly startedAt: string;
  readonly clock: Clock;
  readonly complete: boolean;
  /** Recordings that an earlier, interrupted part of the run has verified. */
  readonly earlier: number;
  readonly tally: VerifyTally;
  readonly findings: readonly Finding[];
  /** What was passed over. */
  readonly strangers: Strangers;
  /** `undefined` where it was not come to. */
  readonly catalogue: CatalogueOutcome | undefined;
  readonly unseen: readonly { readonly key: string; readonly error: ArchiveError }[];
}

/** What is counted of a run besides findings. */
export interface VerifyTally {
  checked: number;
  intact: number;
  bytes: number;
  withoutReceipt: number;
  /** Receipts that rest on adoption, objects that nothing proves to be ours, and recordings stored in another place: allowed or not. */
  adopted: number;
  unproven: number;
  moved: number;
  /** Wrapped data keys that no receipt makes a claim about. */
  withoutWrapHash: number;
  /** Objects whose receipt states no hash of their bytes, looked at without decrypting them. */
  withoutBodyHash: number;
  /** Objects that a rule of retention had let go, and that are gone. */
  expired: number;
}

export function newTally(): VerifyTally {
  return {
    checked: 0,
    intact: 0,
    bytes: 0,
    withoutReceipt: 0,
    adopted: 0,
    unproven: 0,
    moved: 0,
    withoutWrapHash: 0,
    withoutBodyHash: 0,
    expired: 0,
  };
}

/** Counts what the receipts of a recording rest on. */
export function tallyUp(tally: VerifyTally, verification: Verification): void {
  const { findings, allowed, wrap, withoutBodyHash, depth, receipt } = verification;
  tally.checked += 1;
  if (verification.isExpired) tally.expired += 1;
  if (receipt === undefined && findings.length === 0) tally.withoutReceipt += 1;
  for (const { kind } of [...findings, ...allowed]) {
    if (kind === 'adopted' || kind === 'unproven' || kind === 'moved') tally[kind] += 1;
  }
  if (wrap === 'unclaimed' && receipt !== undefined) tally.withoutWrapHash += 1;
  if (withoutBodyHash && depth !== 'full') tally.withoutBodyHash += 1;
}

/** The counts that a report and a summary have besides those of the findings. */
export function countsOf({
  adopted,
  unproven,
  moved,
  withoutWrapHash,
  withoutBodyHash,
  expired,
}: VerifyTally): object {
  return { adopted, unproven, moved, withoutWrapHash, withoutBodyHash, expired };
}

/** A sentence for each of the counts that is not 0. */
export function describeTally(tally: VerifyTally): string[] {
  const recordings = (number: number) => count(number, 'recording');
  const sentences: readonly (readonly [number, string])[] = [
    [
      tally.withoutReceipt,
      `${recordings(tally.withoutReceipt)} without a receipt: compared only with what the store says`,
    ],
    [
      tally.adopted,
      `${count(tally.adopted, 'receipt')} ${tally.adopted === 1 ? 'rests' : 'rest'} on adoption from before`,
    ],
    [tally.expired, `${recordings(tally.expired)} gone, as a rule of retention had let them go`],
    [tally.unproven, `${count(tally.unproven, 'object')} that nothing proves to be of this archive`],
    [tally.moved, `${recordings(tally.moved)} stored in another place, by the receipt`],
    [
      tally.withoutWrapHash,
      `${recordings(tally.withoutWrapHash)} whose receipt makes no claim about the wrapped data key`,
    ],
    [
      tally.withoutBodyHash,
      `${recordings(tally.withoutBodyHash)} whose receipt states no hash of the bytes: only depth full tells whether they are whole`,
    ],
  ];
  return sentences.flatMap(([number, sentence]) => (number === 0 ? [] : [sentence]));
}

/** The JSON of `--report`. `complete` is false when the run was interrupted. */
export function reportOf(parts: ReportParts): object {
  const { plan, startedAt, clock, complete, earlier, tally, findings, unseen, strangers, catalogue } = parts;
  return {
    schema: REPORT_SCHEMA,
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
    ...plan,
    startedAt,
    endedAt: new Date(clock.now()).toISOString(),
    complete,
    checked: earlier + tally.checked,
    withoutReceipt: tally.withoutReceipt,
    ...countsOf(tally),
    counts: countKinds(findings),
    findings,
    ...present({ catalogue }),
    notes: { counts: strangers.counts, examples: strangers.examples },
    failed: unseen.map(({ key, error: { code, message } }) => ({ key, code, message })),
  };
}

/** Replaces what stands there: a report is made anew every night. */
export async function writeReport(file: string, report: object): Promise<void> {
  const target = await createFileTarget(file, { force: true });
  try {
    await target.write(Buffer.from(`${printableJson(report, 2)}\n`));
    await target.commit();
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

/** A line for each kind that was found, the most frequent first. */
export function describeFindings(findings: readonly Finding[]): string[] {
  return Object.entries(countKinds(findings))
    .toSorted(([, one], [, other]) => other - one)
    .map(([kind, times]) => `  ${String(times).padStart(6)}  ${kind}`);
}

function countKinds(findings: readonly Finding[]): Partial<Record<FindingKind, number>> {
  const counts: Partial<Record<FindingKind, number>> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
