import type { PlanCounts } from '../../backfill/sources/plan-counts.ts';
import type { ChosenSource } from './choose-source.ts';
import { count } from '../_format.ts';

/** What a plan saw, in sentences for people. */
export function describePlan(chosen: ChosenSource, counts: PlanCounts): readonly string[] {
  const { items, archived, notRecorded, stillOpen, repeated, others, invalidLines, unresolvedIds } = counts;
  const what = chosen.kind === 'export' ? 'file' : 'conversation';
  const { conversations } = counts;
  const parts = [chosen.kind === 'days' ? `${items} of ${count(conversations, what)}` : count(items, what)];
  if (archived > 0) parts.push(`${archived} archived already`);
  if (notRecorded > 0) parts.push(`${notRecorded} not recorded`);
  if (stillOpen > 0) parts.push(`${stillOpen} still going on`);
  if (repeated > 0) parts.push(`${repeated} named twice`);
  if (others > 0) parts.push(count(others, 'other file'));
  if (invalidLines > 0) parts.push(`${count(invalidLines, 'line')} skipped`);
  if (unresolvedIds > 0) parts.push(`${count(unresolvedIds, 'recording')} that the platform does not list`);
  return [parts.join(', '), ...describeLateDays(counts)];
}

/** The platform's data of these days are not complete: what is missing of them is in no plan yet. */
function describeLateDays({ lateDays }: PlanCounts): readonly string[] {
  const [first] = lateDays;
  if (first === undefined) return [];
  const days = lateDays.map(({ day }) => day).join(', ');
  const until =
    first.until === undefined
      ? 'the platform does not say how far its data go'
      : `the platform's data go up to ${new Date(first.until).toISOString()}`;
  return [`not complete: ${days} (${until}); plan such days again later`];
}

/** Why a plan has nothing to do. */
export function explainNothing(chosen: ChosenSource, counts: PlanCounts): string {
  const { archived, conversations, notRecorded, stillOpen, others } = counts;
  switch (chosen.kind) {
    case 'days':
      if (conversations === 0) return 'the platform has no conversation that began on these days';
      return `nothing to archive: of ${count(conversations, 'conversation')}, ${notRecorded} were not recorded and ${stillOpen} go on`;
    case 'export':
      return archived > 0
        ? `all ${count(archived, 'recording')} of the export are in the archive already`
        : `no recording of an export is there${others > 0 ? `, only ${count(others, 'other file')}` : ''}`;
    case 'failed':
      return 'that job has no failed items, or is not over yet';
    case 'ids':
    case 'inventory':
      return archived > 0
        ? `all ${count(archived, 'recording')} are in the archive already`
        : 'nothing is named';
  }
}

export const NOTHING_HINTS: Readonly<Record<ChosenSource['kind'], string>> = {
  days: 'days are those of UTC; data of the last two days may be missing, and conversations of more than 5 years ago are listed by --inventory only',
  ids: 'each line names a conversation, or a conversation and a recording',
  inventory: 'the platform lists what the OAuth client may see: check its role and divisions',
  export: 'name the bucket or folder that holds year=…/month=…/day=…',
  failed: 'genesys-archive jobs failed JOB lists what could not be done',
};
