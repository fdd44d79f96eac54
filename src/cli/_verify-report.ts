import type { Finding, FindingKind } from '../archive/verify-recording.ts';
import type { Clock } from '../clock.ts';
import type { ArchiveError } from '../errors.ts';
import { printableJson } from '../printable.ts';
import type { VerifyPlan } from './_verify-state.ts';
import type { Strangers } from './_verify-strangers.ts';
import { createFileTarget } from './file-target.ts';

/** Named in every report; another version of the report has another name. */
const REPORT_SCHEMA = 'genesys-media-archive/verify-report/v1';

interface ReportParts {
  readonly plan: VerifyPlan;
  readonly startedAt: string;
  readonly clock: Clock;
  readonly complete: boolean;
  /** Recordings that an earlier, interrupted part of the run has verified. */
  readonly earlier: number;
  readonly tally: { readonly checked: number; readonly bytes: number; readonly withoutReceipt: number };
  readonly findings: readonly Finding[];
  /** What was passed over. */
  readonly strangers: Strangers;
  readonly unseen: readonly { readonly key: string; readonly error: ArchiveError }[];
}

/** The JSON of `--report`. `complete` is false when the run was interrupted. */
export function reportOf(parts: ReportParts): object {
  const { plan, startedAt, clock, complete, earlier, tally, findings, unseen, strangers } = parts;
  return {
    schema: REPORT_SCHEMA,
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
    ...plan,
    startedAt,
    endedAt: new Date(clock.now()).toISOString(),
    complete,
    checked: earlier + tally.checked,
    withoutReceipt: tally.withoutReceipt,
    counts: countKinds(findings),
    findings,
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
