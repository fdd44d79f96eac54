import { stat } from 'node:fs/promises';
import type { StoreConfig } from '../../config/config.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { openLog } from '../../create/log.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { brokenEquations } from '../../proof/formats/statement.ts';
import { openProver } from '../../proof/prove/prove-entry.ts';
import { auditLog, type KnownCheckpoint } from '../../proof/verify/audit-log.ts';
import { UNKNOWN_KEY } from '../../proof/verify/audit-objects.ts';
import { checkConsistencyFile } from '../../proof/verify/check-consistency.ts';
import { checkProof } from '../../proof/verify/check-proof.ts';
import { requireDay } from '../proof/require-day.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { readKeptCheckpoint, readLocal } from '../proof/kept-checkpoint.ts';
import { requireVkeys } from '../proof/require-vkeys.ts';
import { verifyDrill } from '../proof/verify-drill.ts';
import type { VerifyProofOptions } from '../options/proof.ts';
import { verifyPackage } from '../proof/verify-package.ts';

/** Checks what was proved, without trusting the archive. */
export async function run(
  context: CommandContext,
  [place]: readonly string[],
  options: VerifyProofOptions,
): Promise<number> {
  const { day, all, checkpoint, drill, manifestSha256 } = options;
  const asked = [place, day, all, drill].filter((each) => each !== undefined && each !== false).length;
  if (asked !== 1) throw new ArchiveError('USAGE', 'name a file or a folder, or say --day, --drill or --all');
  if (checkpoint !== undefined && all !== true && place === undefined)
    throw new ArchiveError('USAGE', '--checkpoint belongs to --all, or to a file that `prove --since` wrote');
  if (manifestSha256 !== undefined && place === undefined)
    throw new ArchiveError('USAGE', '--manifest-sha256 belongs to a package');
  const config = await readSettings(context, 'store');
  if (place !== undefined) return verifyPath(context, config, place, options);
  if (drill !== undefined) return verifyDrill(context, config, drill);
  return day === undefined ? verifyAll(context, config, checkpoint) : verifyDay(context, config, day);
}

async function verifyPath(
  { ui }: CommandContext,
  config: StoreConfig,
  place: string,
  { checkpoint: kept, manifestSha256 }: VerifyProofOptions,
): Promise<number> {
  const log = keysOf(config);
  const found = await stat(place).catch((error: unknown) => {
    throw new ArchiveError('OBJECT_NOT_FOUND', `${place} cannot be read: ${describeForeign(error)}`, {
      hint: 'name a file that `prove` wrote, or the folder of an evidence package, on this machine',
    });
  });
  if (found.isDirectory()) {
    if (kept !== undefined) throw new ArchiveError('USAGE', '--checkpoint belongs to one file, or to --all');
    return verifyPackage(ui, config, { folder: place, log, manifestSha256 });
  }
  if (manifestSha256 !== undefined) throw new ArchiveError('USAGE', '--manifest-sha256 belongs to a package');
  const file = await readLocal(place);
  if (kept !== undefined) {
    const older = (await readLocal(kept)).toString('utf8');
    const continued = checkConsistencyFile(file.toString('utf8'), older, log);
    if (continued.state !== 'valid') throw problemOf(continued, place);
    const { from, newest } = continued;
    if (ui.json) ui.record('consistency', { from, size: newest.size, root: newest.root.toString('base64') });
    else ui.out(`OK  the log of ${newest.size} entries begins with the ${from} of ${printable(kept)}`);
    return 0;
  }
  const proof = (await readLocal(`${place}.tlog-proof`)).toString('utf8');
  const checked = checkProof(file, proof, log);
  if (checked.state !== 'valid') throw problemOf(checked, place);
  const { entry, index, size } = checked;
  if (ui.json) ui.record('proof', { file: place, ...entry, index, size });
  else ui.out(`OK  ${entry.kind} ${entry.day} ${entry.sha256} is entry ${index} of ${size}`);
  return 0;
}

function problemOf(
  { state, problem }: { readonly state: 'unknown-key' | 'invalid'; readonly problem: string },
  place: string,
): ArchiveError {
  const code = state === 'unknown-key' ? 'LOG_KEY_UNKNOWN' : 'PROOF_INVALID';
  return new ArchiveError(code, `${place}: ${problem}`);
}

async function verifyDay(context: CommandContext, config: StoreConfig, day: string): Promise<number> {
  requireDay('--day', day);
  const { ui, clock, logger } = context;
  const store = await openConfiguredStore(config, { clock, logger });
  const log = keysOf(config);
  const { budget, end } = openBudget(context);
  try {
    const prover = await openProver(openLog(config, store), searchIn(config).layout, budget);
    for (const { file, proof, statement } of await prover.day(day, budget)) {
      const checked = checkProof(file, proof, log);
      const [broken] = brokenEquations(statement);
      const problem = checked.state === 'valid' ? broken : checked.problem;
      if (problem !== undefined) {
        throw new ArchiveError('PROOF_INVALID', `${day}, revision ${statement.revision}: ${problem}`);
      }
      if (ui.json) ui.record('statement', statement);
      else
        ui.out(
          `OK  ${day}  revision ${statement.revision}  ${statement.status}  ${statement.archive.recordings} held`,
        );
    }
    return 0;
  } finally {
    end();
  }
}

async function verifyAll(
  context: CommandContext,
  config: StoreConfig,
  file: string | undefined,
): Promise<number> {
  const { ui, clock, logger } = context;
  const store = await openConfiguredStore(config, { clock, logger });
  const log = openLog(config, store);
  requireVkeys(config);
  const known: KnownCheckpoint[] = [];
  if (file !== undefined) {
    const { size, root } = await readKeptCheckpoint(file, log);
    known.push({ size, root: root.toString('base64'), where: file });
  }
  const { budget, end } = openBudget(context);
  try {
    const audited = await auditLog(log, known, budget, await openTokenCheck(config));
    for (const { where, problem } of audited.findings) {
      if (ui.json) ui.record('finding', { where, problem });
      else
        ui.out(`${problem === UNKNOWN_KEY ? 'UNKNOWN' : 'FAIL'}  ${printable(where)}: ${printable(problem)}`);
    }
    const { size, checkpoints, statements, first = '-', last = '-', missing, findings } = audited;
    if (ui.json)
      ui.record('summary', {
        size,
        checkpoints,
        statements,
        first,
        last,
        missing,
        findings: findings.length,
      });
    else
      ui.say(
        `${count(size, 'entry', 'entries')}, ${count(checkpoints, 'checkpoint')}, ${count(statements, 'statement')} from ${first} to ${last}, ${missing} missing; ${count(findings.length, 'finding')}`,
      );
    const finding = findings.find(({ problem }) => problem !== UNKNOWN_KEY) ?? findings[0];
    if (finding !== undefined) {
      const code = finding.problem === UNKNOWN_KEY ? 'LOG_KEY_UNKNOWN' : 'PROOF_INVALID';
      throw new ArchiveError(code, `${finding.where}: ${finding.problem}`);
    }
    return 0;
  } finally {
    end();
  }
}

/** Time stamps are checked where the certificates are known that they lead to. */
async function openTokenCheck({ proof }: StoreConfig) {
  if (proof.timestampCaFile === undefined) return undefined;
  const { checkTimestamp, readCertificates } = await import('../../anchor/rfc3161.ts');
  const trusted = readCertificates((await readLocal(proof.timestampCaFile)).toString('utf8'));
  return (token: Buffer, note: Buffer): void => {
    checkTimestamp(token, note, trusted);
  };
}

function keysOf(config: StoreConfig) {
  requireVkeys(config);
  // no store is opened for it: a proof is checked without the archive
  return openLog({ organizationId: config.organizationId ?? 'unknown', proof: config.proof }, NO_STORE);
}

const NO_STORE = { location: '' } as Parameters<typeof openLog>[1];
