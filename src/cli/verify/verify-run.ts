/** Recordings that are verified, one after the other, and what is found of them. */
import { type Verified, verifyOne } from '../../audit/verify-archive.ts';
import type { Finding, VerifyDepth, VerifyPorts } from '../../audit/verify-recording.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { isEndOfBudget } from '../_batch.ts';
import { printable } from '../_format.ts';
import type { Progress } from '../_progress.ts';
import type { Ui } from '../_ui.ts';
import { newTally, tallyUp, type VerifyTally } from './report.ts';

export interface VerificationTools {
  readonly ui: Ui;
  readonly ports: VerifyPorts;
  readonly depth: VerifyDepth;
  readonly budget: Budget;
  readonly progress: Progress;
}

type Digests = {
  readonly ciphertextSha256: string;
  readonly plaintext: { bytes: number; sha256: string } | undefined;
};

export class VerifyRun {
  /** Of this run, and of the one that it goes on with. */
  readonly findings: Finding[] = [];
  /** By key: the error that stands for all findings of a recording. */
  readonly damaged = new Map<string, ArchiveError>();
  /** What could not be looked at. */
  readonly unseen: { readonly key: string; readonly error: ArchiveError }[] = [];
  readonly tally: VerifyTally = newTally();
  readonly #tools: VerificationTools;
  #ports: VerifyPorts;

  constructor(tools: VerificationTools) {
    this.#tools = tools;
    this.#ports = tools.ports;
  }

  get ports(): VerifyPorts {
    return this.#ports;
  }

  /** Says which recordings have no key any more, on purpose. */
  knowErased(erased: NonNullable<VerifyPorts['erased']>): void {
    this.#ports = { ...this.#ports, erased };
  }

  /** Takes what an earlier run has found. */
  recall(findings: readonly Finding[]): void {
    for (const finding of findings) this.#blame(finding);
  }

  /** Verifies the recording under a key, and reports it by its name. */
  async one(
    key: string,
    { name = key, budget = this.#tools.budget }: { readonly name?: string; readonly budget?: Budget } = {},
  ): Promise<Verified> {
    const verified = await verifyOne(this.#ports, key, this.#tools.depth, budget);
    await this.take(name, verified);
    return verified;
  }

  /** Reports one recording. */
  async take(name: string, verified: Verified): Promise<void> {
    const { ui, progress, budget } = this.#tools;
    if (verified.state === 'failed') {
      const { code, message } = verified.error;
      // the end of the command says once that it was interrupted
      if (budget.signal.aborted && isEndOfBudget(verified.error)) return;
      progress.itemFailed();
      this.unseen.push(verified);
      if (ui.json) ui.record('failed', { key: name, code, message });
      else ui.out(`${ui.style('red', 'FAILED ')}  ${printable(name)}  ${printable(message)}  [${code}]`);
      return;
    }
    const { verification } = verified;
    tallyUp(this.tally, verification);
    if (verification.findings.length === 0) this.#tellIntact(verified);
    else progress.itemFailed();
    const { key, notes } = verification;
    for (const note of notes) {
      if (ui.json) ui.record('note', { key, note });
      else ui.say(`note     ${printable(key)}  ${note}`);
    }
    for (const found of verification.findings) this.#tell(found);
    await ui.drained();
  }

  /** Takes what was found of a key without looking at its recording. */
  async add(found: Finding): Promise<void> {
    this.#tell(found);
    await this.#tools.ui.drained();
  }

  #tell(found: Finding): void {
    this.#blame(found);
    tellFinding(this.#tools.ui, found);
  }

  #tellIntact({ verification }: Extract<Verified, { readonly state: 'verified' }>): void {
    const { ui, progress } = this.#tools;
    const { key, bytes, digests, depth } = verification;
    progress.itemDone();
    this.tally.intact += 1;
    this.tally.bytes += digests?.plaintext?.bytes ?? (depth === 'head' ? 0 : bytes);
    const sha256 = digests?.plaintext?.sha256 ?? digests?.ciphertextSha256;
    if (ui.json) ui.record('verified', { key, ...recordOf(verification) });
    else if (!ui.quiet) ui.out(`ok       ${sha256 === undefined ? '' : `${sha256}  `}${printable(key)}`);
  }

  /** Of several findings the one that says what happened rather than what differs: a wrong key is the commonest of all. */
  #blame(finding: Finding): void {
    const { key, kind, code, message } = finding;
    this.findings.push(finding);
    if (!this.damaged.has(key) || kind === 'decrypt-failed')
      this.damaged.set(key, new ArchiveError(code, message));
  }
}

export function tellFinding(ui: Ui, { key, kind, code, message, leaf }: Finding): void {
  if (ui.json) ui.record('finding', { key, kind, code, message, ...present({ leaf }) });
  else ui.out(`${ui.style('red', 'FINDING')}  ${printable(key)}  ${kind}: ${printable(message)}  [${code}]`);
}

/** `sha256` is of the plaintext where it was decrypted. */
function recordOf({ bytes, digests }: { bytes: number; digests: Digests | undefined }) {
  if (digests === undefined) return { bytes };
  const { plaintext, ciphertextSha256 } = digests;
  return plaintext === undefined ? { bytes, ciphertextSha256 } : plaintext;
}
