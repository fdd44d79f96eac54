import type { Budget } from '../../clock.ts';
import { loadConfig } from '../../config/config.ts';
import type { ArchiveConfig } from '../../config/config-types.ts';
import { createArchiver, openConfiguredStore } from '../../create/archiver.ts';
import type { ObjectStore } from '../../ports.ts';
import { EVENT_SHAPES } from '../../../packages/simulator/src/archiving-events.ts';
import type { Simulator } from '../../../packages/simulator/src/simulator.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';
import { countBytes, startProgress } from '../_progress.ts';
import { type CallHistory, deliver, type DemoDelivery } from './delivery.ts';
import { armFaults } from './faults.ts';
import { describeFaults, describeOthers, type ReportRow } from './report.ts';

const CONCURRENCY = 6;
/** Every so many events one is delivered twice. */
const DUPLICATE_EVERY = 6;

/** ms. A stalled download is given up soon, or the demo would be about waiting. */
const TIMEOUTS = { connectMs: 2_000, headersMs: 2_000, idleMs: 600 };

export interface PlayOptions {
  readonly simulator: Simulator;
  readonly place: { readonly store: string; readonly keyHex: string };
}

export interface PlayedCalls {
  readonly config: ArchiveConfig;
  readonly store: ObjectStore;
  readonly archived: number;
  readonly histories: ReadonlyMap<string, CallHistory>;
  /** Each fault that was injected, and what became of it. */
  readonly rows: readonly ReportRow[];
}

/** Delivers the event of every call, some twice, while the platform fails as it was told to. */
export async function playTheCalls(
  { ui, clock, logger }: CommandContext,
  { simulator, place }: PlayOptions,
  budget: Budget,
): Promise<PlayedCalls> {
  const env = { ...simulator.environment(), ARCHIVE_STORE: place.store, ENCRYPTION_KEY_HEX: place.keyHex };
  // not through readSettings: its warning about loopback addresses is no news in a demo
  const config = loadConfig({ env }, 'archive');
  const { recordings } = simulator;
  const synthetic = recordings.filter(({ fileName }) => fileName === undefined);
  const faults = armFaults(
    simulator,
    synthetic.map(({ id }) => id),
  );
  const unfinished = synthetic.at(-1);
  const deliveries = planDeliveries(simulator);
  const duplicates = deliveries.length - recordings.length;
  if (unfinished !== undefined) simulator.setStatus(unfinished.id, 'processing');
  ui.say(`simulator: Genesys Cloud on ${simulator.apiUrl}, ${count(recordings.length, 'call')} recorded`);
  ui.say(
    `injecting: ${count(faults.length, 'fault')}, ${count(duplicates, 'duplicate delivery', 'duplicate deliveries')}`,
  );

  const totalBytes = recordings.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = startProgress(ui, 'archiving', { items: recordings.length, bytes: totalBytes });
  const archived = new Set<string>();
  let revokedAfter: number | undefined;
  const store = await openConfiguredStore(config, { clock, logger });
  const archiver = await createArchiver(config, {
    clock,
    logger,
    timeouts: TIMEOUTS,
    store: countBytes(store, progress.addBytes),
  });
  const onSetback = (id: string) => {
    if (id === unfinished?.id) simulator.setStatus(id, 'complete');
  };
  const onDelivered = (id: string, done: boolean) => {
    if (!done || archived.has(id)) return;
    archived.add(id);
    progress.itemDone();
    if (revokedAfter !== undefined || archived.size < recordings.length / 2) return;
    revokedAfter = archived.size;
    simulator.revokeTokens();
  };
  try {
    const ports = { archiver, clock, budget, onSetback, onDelivered };
    const histories = await deliver(deliveries, CONCURRENCY, ports);
    const rows = [
      ...describeFaults(faults, simulator, histories),
      ...describeOthers({ simulator, histories, duplicates, revokedAfter, unfinishedId: unfinished?.id }),
    ];
    return { config, store, archived: archived.size, histories, rows };
  } finally {
    progress.end();
    archiver.close();
  }
}

/** Each call once, in every shape an event can have; some of them twice, the second time at the end. */
function planDeliveries(simulator: Simulator): DemoDelivery[] {
  const events = simulator.recordings.map(({ id }, index) => ({
    recordingId: id,
    event: simulator.event(id, EVENT_SHAPES[index % EVENT_SHAPES.length] ?? 'bare', {
      data: { status: 'complete' },
    }),
  }));
  return [...events, ...events.filter((_, index) => index % DUPLICATE_EVERY === DUPLICATE_EVERY - 1)];
}
