import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import type { ObjectStore } from '../../src/ports.ts';
import type { MessageQueue } from '../../src/queue/message-queue.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

export interface StartOptions {
  readonly simulator?: SimulatorOptions;
  readonly env?: Record<string, string>;
  readonly onLambda?: boolean;
  readonly queue?: MessageQueue;
  /** Instead of the configured one. */
  readonly openStore?: (simulator: Simulator) => Promise<ObjectStore>;
}

/** The handler with everything real behind it: simulator, HTTP, encryption, directory store. Only waiting takes no time. */
export async function start(options: StartOptions = {}) {
  const clock = fastClock();
  const simulator = await startSimulator({ recordings: 3, now: () => clock.now(), ...options.simulator });
  const dir = await mkdtemp(join(tmpdir(), 'handler-'));
  const env: Record<string, string> = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
    ...options.env,
  };
  const config = loadConfig({ env }, 'archive');
  const logger = recordingLogger();
  const store = await options.openStore?.(simulator);
  const archiver = await createArchiver(config, {
    clock,
    logger,
    timeouts: { idleMs: 300 },
    ...(store === undefined ? {} : { store }),
  });
  const { queue, onLambda = true } = options;
  const handle = createHandler({ archiver, config, clock, logger, queue, onLambda });
  return {
    clock,
    simulator,
    env,
    dir,
    logger,
    handle,
    objects: async () => (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.enc')),
    close: async () => {
      archiver.close();
      await simulator.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
