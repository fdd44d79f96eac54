import type { Finding } from '../../audit/verify-recording.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';

/** What a run has found so far. */
export interface Found {
  readonly ui: Ui;
  readonly findings: Finding[];
  /** By key: the error that stands for all findings of a recording. */
  readonly damaged: Map<string, ArchiveError>;
}

/** Takes a finding into account, and says it. */
export async function tellFinding(found: Found, one: Finding): Promise<void> {
  const { ui, findings } = found;
  const { key, kind, code, message, leaf } = one;
  findings.push(one);
  blame(found, one);
  if (ui.json) ui.record('finding', { key, kind, code, message, ...present({ leaf }) });
  else ui.out(`${ui.style('red', 'FINDING')}  ${printable(key)}  ${kind}: ${printable(message)}  [${code}]`);
  await ui.drained();
}

/** Of several findings the one that says what happened rather than what differs: a wrong key is the commonest of all. */
export function blame({ damaged }: Pick<Found, 'damaged'>, { key, kind, code, message }: Finding): void {
  if (!damaged.has(key) || kind === 'decrypt-failed') damaged.set(key, new ArchiveError(code, message));
}
