/** Jobs in words, and as records. */
import type { JobProgress } from '../../jobs/read-progress.ts';
import { count, formatBytes, formatDuration, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import { DAY_MS } from '../../recording/time.ts';
import { present } from '../../present.ts';

/** `backfill k3f9qz: 12345/200000 (6 %), 3 failed, 184 items/min, 1.2 MiB/s, 2 h 10 min to 3 h 5 min left, limited by genesys-rate` */
export function describeProgress(progress: JobProgress): string {
  const { plan, estimate, failed, limitedBy, state, later, stoppedBy } = progress;
  const settled = settledOf(progress);
  const { items } = plan.totals;
  const parts = [`${settled}/${items} (${Math.floor((settled / items) * 100)} %)`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (later > 0) parts.push(`${later} waiting`);
  if (state !== 'running') parts.push(state);
  if (stoppedBy !== undefined) parts.push(`last runner stopped by ${stoppedBy}`);
  if (estimate !== undefined) {
    parts.push(`${formatRate(estimate.itemsPerMinute)} items/min`);
    if (estimate.bytesPerMinute > 0) parts.push(`${formatBytes(estimate.bytesPerMinute / 60)}/s`);
    parts.push(`${formatLeft(estimate.left)} left`);
  }
  if (limitedBy !== undefined && state === 'running') parts.push(`limited by ${limitedBy}`);
  return `${plan.kind} ${shortId(plan.id)}: ${parts.join(', ')}`;
}

/** The fields of every record of a job's progress. */
export function progressFields(progress: JobProgress): object {
  const { plan, estimate, ...rest } = progress;
  return {
    job: plan.id,
    kind: plan.kind,
    ...present({ name: plan.name }),
    items: plan.totals.items,
    shards: plan.totals.shards,
    ...rest,
    ...present({
      itemsPerMinute: estimate && Math.round(estimate.itemsPerMinute * 10) / 10,
      bytesPerMinute: estimate && Math.round(estimate.bytesPerMinute),
      leftMs: estimate?.left,
    }),
  };
}

export function showJob(ui: Ui, progress: JobProgress): void {
  const { plan, state, rate, runners } = progress;
  if (ui.json) {
    const { createdAt, createdBy, retryOf, selection, options } = plan;
    ui.record('job', { ...progressFields(progress), createdAt, createdBy, retryOf, selection, options });
    return;
  }
  const { done, already, failed, later, left, bytes, results, estimate, limitedBy, stoppedBy } = progress;
  const line = (name: string, text: string) => ui.out(`${name.padEnd(11)} ${printable(text)}`);
  line('job', plan.id);
  line('kind', plan.kind);
  if (plan.name !== undefined) line('name', plan.name);
  line('state', state);
  line('planned', `${plan.createdAt} by ${plan.createdBy}`);
  if (plan.retryOf !== undefined) line('retry of', plan.retryOf);
  if (plan.selection !== undefined) line('selection', JSON.stringify(plan.selection));
  line('rate', rate === 'yield' ? 'yields to live calls' : `${rate} items a minute`);
  line('items', `${plan.totals.items} in ${count(plan.totals.shards, 'shard')}`);
  line(
    'done',
    `${done} now, ${already} before, ${formatBytes(bytes)}${results > 0 ? `, ${count(results, 'object')}` : ''}`,
  );
  line('failed', String(failed));
  line('left', later > 0 ? `${left}, of which ${later} have to wait` : String(left));
  if (estimate !== undefined) {
    line(
      'speed',
      `${formatRate(estimate.itemsPerMinute)} items/min, ${formatBytes(estimate.bytesPerMinute / 60)}/s`,
    );
    line('time left', formatLeft(estimate.left));
  }
  if (limitedBy !== undefined) line('limited by', limitedBy);
  for (const runner of runners) line('runner', runner);
  if (stoppedBy !== undefined) line('stopped by', stoppedBy);
}

/** The part of an id that people type. */
export function shortId(id: string): string {
  return id.slice(-6);
}

export function settledOf({ done, already, failed }: JobProgress): number {
  return done + already + failed;
}

function formatRate(perMinute: number): string {
  return perMinute >= 10 ? String(Math.round(perMinute)) : perMinute.toFixed(1);
}

/** A range: one number would be taken for a promise. */
function formatLeft({ best, worst }: { readonly best: number; readonly worst?: number }): string {
  if (worst === undefined) return `more than ${formatLong(best)}`;
  const [from, to] = [formatLong(best), formatLong(worst)];
  return from === to ? `about ${from}` : `${from} to ${to}`;
}

function formatLong(ms: number): string {
  return ms < 2 * DAY_MS ? formatDuration(ms) : `${(ms / DAY_MS).toFixed(1)} days`;
}
