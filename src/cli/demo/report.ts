import type { Simulator } from '../../../packages/simulator/src/simulator.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';
import type { Promised } from './checks.ts';
import { type CallHistory, describeOutcome } from './delivery.ts';
import type { PlannedFault } from './faults.ts';

/** Files and calls that were delivered as often as a queue would, and are not in the archive. */
export function describeRefused(
  { recordings }: Simulator,
  histories: ReadonlyMap<string, CallHistory>,
): { readonly name: string; readonly reason: string }[] {
  return recordings.flatMap(({ id, fileName }) => {
    const history = histories.get(id);
    if (history?.result !== undefined) return [];
    return { name: fileName ?? id, reason: history?.refusal ?? 'never delivered' };
  });
}

export interface ReportRow {
  readonly fault: string;
  readonly struck: number;
  readonly outcome: string;
}

export function describeFaults(
  faults: readonly PlannedFault[],
  { requests }: Simulator,
  histories: ReadonlyMap<string, CallHistory>,
): ReportRow[] {
  return faults.map(({ title, recordingId, struck }) => ({
    fault: title,
    struck: struck(requests),
    outcome: describeOutcome(histories.get(recordingId)),
  }));
}

export function describeOthers(facts: {
  readonly simulator: Simulator;
  readonly histories: ReadonlyMap<string, CallHistory>;
  readonly duplicates: number;
  readonly revokedAfter: number | undefined;
  readonly unfinishedId: string | undefined;
}): ReportRow[] {
  const { simulator, histories, duplicates, revokedAfter, unfinishedId } = facts;
  const { requests } = simulator;
  const tokens = requests.filter(
    ({ route, status }) => route === 'POST /oauth/token' && status === 200,
  ).length;
  const refused = requests.filter(({ status, faults }) => status === 401 && faults.length === 0).length;
  const all = [...histories.values()];
  const found = all.reduce((sum, history) => sum + history.found, 0);
  const storedTwice = all.filter(({ stored }) => stored > 1).length;
  const unfinished = unfinishedId === undefined ? undefined : histories.get(unfinishedId);
  const rows = [
    {
      fault: `token revoked after ${revokedAfter ?? 0} calls`,
      struck: refused,
      outcome: `${count(refused, 'request')} refused (401), ${count(tokens, 'token')} issued in all`,
    },
    {
      fault: 'event delivered twice',
      struck: duplicates,
      outcome: `${found} found in the archive, ${storedTwice} stored twice`,
    },
    {
      fault: 'recording not complete yet',
      struck: unfinished?.setbacks.filter((setback) => setback === 'not ready').length ?? 0,
      outcome: describeOutcome(unfinished),
    },
  ];
  // a demo of a few calls has no room for all of it
  return rows.filter(({ struck }) => struck > 0);
}

export function printTable({ ui }: CommandContext, rows: readonly ReportRow[]): void {
  const width = Math.max(...rows.map(({ fault }) => fault.length));
  ui.out('');
  ui.out(ui.style('bold', `${'injected'.padEnd(width)}  struck  outcome`));
  for (const { fault, struck, outcome } of rows) {
    ui.out(`${fault.padEnd(width)}  ${String(struck).padStart(6)}  ${outcome}`);
  }
}

export function printCheck({ ui }: CommandContext, { kept, text }: Promised): void {
  ui.out(`${kept ? ui.style('green', '✓') : ui.style('red', '✗ NOT KEPT:')} ${text}`);
}
