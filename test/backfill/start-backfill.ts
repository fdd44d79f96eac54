import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SimulatorOptions, startSimulator } from '../../packages/simulator/src/simulator.ts';
import type { BackfillItem, BackfillSource } from '../../src/backfill/items.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { createBackfill } from '../../src/create/backfill/create-backfill.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import type { Outcome } from '../../src/jobs/kind.ts';
import { createLayout } from '../../src/record/layout.ts';
import { type FastClock, fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

export const NOW = Date.UTC(2026, 10, 28, 12);
export const DAY_MS = 86_400_000;

/** A simulator with a past, an archive in a directory, and a backfill between the two; only waiting takes no time. */
export async function startBackfill(
  options: SimulatorOptions,
  env: Record<string, string> = {},
  clock: FastClock = fastClock(NOW),
) {
  const simulator = await startSimulator({ now: () => clock.now(), ...options });
  const dir = await mkdtemp(join(tmpdir(), 'backfill-'));
  const settings = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
    ...env,
  };
  const config = loadConfig({ env: settings }, 'archive');
  const logger = recordingLogger();
  const backfill = await createBackfill(config, { clock, logger });
  const archiver = await createArchiver(config, { clock, logger });

  const work = async (
    items: readonly BackfillItem[],
    more: { readonly source?: BackfillSource; readonly export?: string; readonly signal?: AbortSignal } = {},
  ): Promise<readonly Outcome[]> => {
    const { source = 'ids', signal = unlimited.signal, export: location } = more;
    const outcomes: Outcome[] = [];
    const context = {
      signal,
      options: {
        source,
        layout: createLayout(config.layout).source,
        ...(location === undefined ? {} : { export: location }),
      },
      rate: () => 300,
      limitedBy: () => undefined,
      now: () => clock.now(),
      job: 'job',
    } as const;
    for await (const outcome of backfill.kind.work(items, context)) outcomes.push(outcome);
    return outcomes.toSorted((one, other) => one.index - other.index);
  };
  /** As a live event of each conversation would. */
  const archiveLive = async (conversationId: string) => {
    const parsed = parseEvent(simulator.conversationEvent(conversationId), { api: 'recordings' });
    for (const request of parsed.kind === 'requests' ? parsed.requests : []) {
      await archiver.archive(request, unlimited);
    }
  };
  const files = async (suffix = '.enc') =>
    (await readdir(dir, { recursive: true })).filter((name) => name.endsWith(suffix)).toSorted();
  const all = () =>
    simulator.world.conversations.map(({ id, startedAt, endedAt }) => ({
      conversationId: id,
      startedAt,
      endedAt,
    }));
  const called = (part: string) => simulator.requests.filter(({ route }) => route.includes(part)).length;
  return {
    simulator,
    clock,
    dir,
    config,
    settings,
    logger,
    backfill,
    work,
    archiveLive,
    files,
    all,
    called,
    close: async () => {
      backfill.close();
      archiver.close();
      await simulator.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type Started = Awaited<ReturnType<typeof startBackfill>>;

/** Starts with closing at the end of a test. */
export function backfills() {
  const open: Started[] = [];
  return {
    start: async (...given: Parameters<typeof startBackfill>) => {
      const started = await startBackfill(...given);
      open.push(started);
      return started;
    },
    closeAll: async () => {
      await Promise.all(open.splice(0).map((one) => one.close()));
    },
  };
}
