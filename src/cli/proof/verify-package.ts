import type { StoreConfig } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import { count, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import { checkPackage, type PackageReport } from './check-package.ts';
import { readLocal } from './kept-checkpoint.ts';

export interface PackageToVerify {
  readonly folder: string;
  readonly log: Parameters<typeof checkPackage>[1];
  /** Of its list of hashes, as it was noted when the package was handed over. */
  readonly manifestSha256: string | undefined;
}

/** Checks an evidence package, and says what it holds. @throws `PROOF_INVALID`, `USAGE`. */
export async function verifyPackage(
  ui: Ui,
  { proof }: StoreConfig,
  { folder, log, manifestSha256 }: PackageToVerify,
): Promise<number> {
  const told = manifestSha256?.trim().toLowerCase();
  if (told !== undefined && !/^[0-9a-f]{64}$/.test(told)) {
    throw new ArchiveError('USAGE', '--manifest-sha256 is no SHA-256', {
      hint: 'it has 64 hexadecimal digits; `evidence` prints it when the package is made',
    });
  }
  const ca = proof.timestampCaFile;
  const report = await checkPackage(folder, log, {
    manifestSha256: told,
    timestampCa: ca === undefined ? undefined : (await readLocal(ca)).toString('utf8'),
  });
  tell(ui, report);
  const first = report.problems.find(({ isUnknown }) => isUnknown !== true) ?? report.problems[0];
  if (first === undefined) return 0;
  const code = first.isUnknown === true ? 'LOG_KEY_UNKNOWN' : 'PROOF_INVALID';
  throw new ArchiveError(code, `${folder}: ${first.name}: ${first.problem}`);
}

function tell(ui: Ui, report: PackageReport): void {
  const { checked, problems, current, unstated, unsigned, receipts, statements, manifestSha256 } = report;
  for (const { name, problem, isUnknown } of problems) {
    if (ui.json) ui.record('finding', { file: name, problem });
    else ui.out(`${isUnknown === true ? 'UNKNOWN' : 'FAIL'}  ${printable(name)}: ${printable(problem)}`);
  }
  for (const name of unstated) {
    if (ui.json) ui.record('unstated', { file: name });
    else ui.out(`NOTE  ${printable(name)}: the receipt states no hash of it`);
  }
  for (const name of unsigned) {
    if (ui.json) ui.record('unsigned', { file: name });
    else ui.out(`NOTE  ${printable(name)}: the receipt is not signed`);
  }
  for (const { name, before } of current) {
    if (ui.json) ui.record('current', { name, predecessor: before });
    else ui.out(`CURRENT  ${printable(name)}  takes the place of ${printable(before)}`);
  }
  if (ui.json) {
    ui.record('summary', { checked, findings: problems.length, receipts, statements, manifestSha256 });
    return;
  }
  ui.say(`${count(checked, 'check')}, ${count(problems.length, 'finding')}`);
  ui.say(`${count(receipts, 'receipt')} and ${count(statements, 'statement')} are in the log`);
  if (manifestSha256 !== undefined) ui.say(`SHA-256 of MANIFEST.sha256: ${manifestSha256}`);
}
