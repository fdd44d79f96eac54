/** The second half of the demo: days that were over before the archive was there, archived by a job and found again. */
import { listRecordings } from '../../audit/find-recording.ts';
import { BACKFILL } from '../../backfill/backfill-kind.ts';
import { findRecordings, findRows } from '../../catalogue/search/find-recordings.ts';
import type { Budget, Clock } from '../../clock.ts';
import { type ConfigFor, loadConfig, type Purpose } from '../../config/config.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { createBackfill } from '../../create/backfill/create-backfill.ts';
import { openCatalogue, updateCatalogue } from '../../create/catalogue.ts';
import { createJobRunner, openJobStore } from '../../create/job-runner.ts';
import { createSealer } from '../../create/sealer.ts';
import { patientStore } from '../../jobs/patient-store.ts';
import { planJob } from '../../jobs/plan-job.ts';
import type { Logger } from '../../log.ts';
import { createLayout } from '../../record/layout.ts';
import { DAY_MS, dayOf, parseDay } from '../../recording/time.ts';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { planItems } from '../backfill/plan-items.ts';
import { runnerName } from '../jobs/job-settings.ts';
import { count, formatBytes } from '../_format.ts';
import { asUsage } from '../_simulator-errors.ts';
import type { Promised } from './checks.ts';

/** Recordings of the three days. */
const RECORDINGS = 30;
/** ms. The platform answers the demo at once, so its pauses between two looks would only be waiting. */
const MAX_PAUSE_MS = 50;
/** Far above the platform’s, or the demo would be about keeping to its limit. */
const REQUESTS_PER_MINUTE = 60_000;

export interface PastPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where and under which key the demo archives. */
  readonly settings: Readonly<Record<'ARCHIVE_STORE' | 'ENCRYPTION_KEY_HEX', string>>;
  /** Of the log, and which key it is signed with. */
  readonly logSettings: Readonly<Record<'ARCHIVE_PROOF_ORIGIN' | 'ARCHIVE_PROOF_KEY_FILE', string>>;
  readonly budget: Budget;
}

export interface PastResult {
  readonly checks: readonly Promised[];
  /** First and last day, `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  /** Id of one of the recordings. */
  readonly example: string | undefined;
  /** What a verifier of the log needs besides. */
  readonly verifySettings: Readonly<Record<string, string>>;
}

/** Plans and runs a backfill of three days, brings the catalogue up to date, and counts what is there. */
export async function archiveThePast({
  clock,
  logger,
  settings,
  logSettings,
  budget,
}: PastPorts): Promise<PastResult> {
  const dayBefore = (days: number) => dayOf(clock.now() - days * DAY_MS);
  const [from, to] = [dayBefore(5), dayBefore(3)];
  const simulator = await asUsage(() =>
    startSimulator({
      past: { recordings: RECORDINGS, from, to },
      behaviour: { lakeLagMs: 0, detailsJobMs: 0, batchMs: 0, reportMs: 0 },
      requestsPerMinute: REQUESTS_PER_MINUTE,
    }),
  );
  try {
    const organization = { GENESYS_ORGANIZATION_ID: simulator.world.organizationId };
    const env = {
      ...simulator.environment(),
      ...organization,
      ARCHIVE_SETTLE: '0s',
      ...settings,
      ...logSettings,
    };
    const read = <P extends Purpose>(purpose: P): Promise<ConfigFor[P]> =>
      Promise.resolve(loadConfig({ env }, purpose));
    const tools = { clock: hasten(clock), logger, settings: read };
    const config = await read('archive');
    const archived = await archiveDays(config, { from, to }, tools, budget);
    await updateCatalogue(await read('restore'), budget, { clock, logger, scope: 'all' });
    const found = await findAll(await read('restore'), { from, to }, { clock, logger }, budget);
    const sealed = await seal({ from, to }, tools, budget);
    return {
      from,
      to,
      example: found.example,
      verifySettings: {
        ...organization,
        ARCHIVE_PROOF_ORIGIN: logSettings.ARCHIVE_PROOF_ORIGIN,
        ARCHIVE_PROOF_VKEYS: sealed.vkey,
      },
      checks: [
        archived,
        {
          kept: found.ids.size === RECORDINGS,
          text: `the catalogue finds ${found.ids.size} of ${RECORDINGS} by their days`,
        },
        {
          kept: sealed.days === 3 && sealed.missing === 0,
          text: `${count(sealed.days, 'day')} sealed: the platform lists ${sealed.listed} recordings, ${sealed.missing} missing`,
        },
      ],
    };
  } finally {
    await simulator.close();
  }
}

/** The simulator answers at once: what waits for the platform waits less. */
function hasten(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(Math.min(ms, MAX_PAUSE_MS), signal),
  };
}

interface Days {
  readonly from: string;
  readonly to: string;
}

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: <P extends Purpose>(purpose: P) => Promise<ConfigFor[P]>;
}

const rangeOf = ({ from, to }: Days) => ({ from: parseDay(from) ?? 0, to: parseDay(to) ?? 0 });

/** Backfills the days, and counts what is there. */
async function archiveDays(
  config: ConfigFor['archive'],
  days: Days,
  tools: Tools,
  budget: Budget,
): Promise<Promised> {
  const began = performance.now();
  const ended = await backfill(days, tools, budget);
  const tookMs = Math.round(performance.now() - began);
  const objects = await objectsOf(config, days, tools, budget);
  const single = new Set(objects.map(({ id }) => id));
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  return {
    kept: ended && single.size === RECORDINGS && objects.length === RECORDINGS,
    text: `backfilled ${single.size} of ${count(RECORDINGS, 'recording')} of three days before (${formatBytes(bytes)}) in ${(tookMs / 1000).toFixed(1)} s, ${objects.length} objects`,
  };
}

/** @returns whether the job was done to its end, and nothing of it failed. */
async function backfill(days: Days, tools: Tools, budget: Budget): Promise<boolean> {
  const { clock, logger } = tools;
  const config = await tools.settings('archive');
  const opened = await createBackfill(config, { clock, logger });
  const runner = await createJobRunner({ ...tools, owner: runnerName('demo') });
  try {
    const jobs = await openJobStore(config, tools);
    const planned = await planItems(
      { kind: 'days', ...rangeOf(days) },
      {
        config,
        backfill: opened,
        jobs: patientStore(jobs, clock),
        stdin: nothing(),
        skipInvalid: false,
        keepsFacts: true,
        now: () => clock.now(),
        budget,
      },
    );
    const plan = await planJob({
      store: jobs,
      kind: { name: BACKFILL },
      items: planned.items,
      options: { source: planned.source, layout: createLayout(config.layout).source },
      selection: planned.selection,
      rate: 'yield',
      createdBy: runnerName('demo'),
      clock,
      budget,
    });
    const { end, failed } = await runner.runJob({ id: plan.id, budget, stay: true });
    return end === 'over' && failed === 0;
  } finally {
    runner.close();
    opened.close();
  }
}

/** Begins the log with the first of the days, and seals all of them. */
async function seal(
  { from, to }: Days,
  { clock, logger, settings }: Tools,
  budget: Budget,
): Promise<{
  readonly vkey: string;
  readonly days: number;
  readonly listed: number;
  readonly missing: number;
}> {
  const sealer = await createSealer(await settings('seal'), { clock, logger });
  try {
    const { log } = await sealer.init({ first: from }, budget);
    const { statements } = await sealer.sealDueDays({ through: to }, budget);
    const stated = statements.flatMap(({ source, differences }) =>
      'recordings' in source && differences !== undefined ? [{ source, differences }] : [],
    );
    return {
      vkey: log.vkey,
      days: new Set(statements.map(({ day }) => day)).size,
      listed: stated.reduce((sum, { source }) => sum + source.recordings, 0),
      missing: stated.reduce((sum, { differences }) => sum + differences.missing.total, 0),
    };
  } finally {
    sealer.close();
  }
}

async function objectsOf(
  config: ConfigFor['archive'],
  days: Days,
  tools: Tools,
  budget: Budget,
): Promise<readonly { readonly id: string; readonly size: number }[]> {
  const store = await openConfiguredStore(config, tools);
  const found: { readonly id: string; readonly size: number }[] = [];
  for await (const { recordingId, size } of listRecordings(store, rangeOf(days), budget)) {
    found.push({ id: recordingId, size });
  }
  return found;
}

async function findAll(
  config: ConfigFor['restore'],
  days: Days,
  tools: Pick<Tools, 'clock' | 'logger'>,
  budget: Budget,
): Promise<{ readonly ids: ReadonlySet<string>; readonly example: string | undefined }> {
  const search = await findRecordings(await openCatalogue(config, tools), { ...days }, {}, budget);
  const ids = new Set<string>();
  for await (const { recording_id: id } of findRows(search, { wanted: ['recording_id'] })) ids.add(id);
  return { ids, example: ids.values().next().value };
}

/** A standard input without a byte. */
// oxlint-disable-next-line typescript/require-await -- it is an async iterable
async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield* [];
}
