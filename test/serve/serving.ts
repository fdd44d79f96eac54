import { createHmac, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SIGNATURE_HEADER } from '../../src/events/webhook-signature.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { makeDirectory, type RunningCli, startCli } from '../cli/run-cli.ts';

export const SECRET = 'the-secret-of-these-tests';

/** What `GET /health` says. */
export interface Health {
  readonly status: string;
  readonly queued: number;
  readonly inFlight: number;
  readonly failed: number;
  readonly code?: string;
}

export interface Site {
  readonly dir: string;
  readonly spool: string;
  readonly simulator: Simulator;
  readonly env: Readonly<Record<string, string>>;
  /** Starts `serve` as a user would; `args` besides `--spool`. */
  readonly start: (...args: string[]) => RunningCli;
  /** Names below a folder of the spool. */
  readonly spooled: (folder: 'queue' | 'failed' | 'incoming') => Promise<string[]>;
  /** Keys of the archive that end with `suffix`, sorted; not of the catalogue, which a server makes once an hour. */
  readonly stored: (suffix: string) => Promise<string[]>;
  /** The event of a recording, as the platform's webhook carries it. */
  readonly eventOf: (id: string) => string;
  readonly close: () => Promise<void>;
}

/** A simulated Genesys Cloud, a directory for the archive, and a spool, for a `serve` that is run as a program. */
export async function openSite(
  recordings: NonNullable<SimulatorOptions['recordings']>,
  spoolDir?: string,
  limits: Pick<SimulatorOptions, 'requestsPerMinute'> = {},
): Promise<Site> {
  const { dir, remove } = await makeDirectory();
  const simulator = await startSimulator({ recordings, ...limits });
  const spool = spoolDir ?? path.join(dir, 'spool');
  const store = path.join(dir, 'store');
  const env = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${store}`,
    ARCHIVE_WEBHOOK_SECRET: SECRET,
  };
  const running = new Set<RunningCli>();
  return {
    dir,
    spool,
    simulator,
    env,
    start(...args) {
      const cli = startCli(['serve', '--spool', spool, ...args], { env, cwd: dir });
      running.add(cli);
      return cli;
    },
    spooled: (folder) => readdir(path.join(spool, folder)),
    async stored(suffix) {
      const names = await readdir(store, { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith(suffix) && !name.startsWith('catalogue')).toSorted();
    },
    eventOf: (id) => JSON.stringify(simulator.event(id, 'webhook')),
    async close() {
      for (const cli of running) {
        cli.kill('SIGKILL');
        await cli.end;
      }
      await simulator.close();
      await remove();
    },
  };
}

/** Where it says that it listens. */
export async function addressOf(cli: RunningCli): Promise<string> {
  await cli.shows('listening on http://127.0.0.1:');
  await cli.shows('Ctrl-C ends it');
  const [, url = ''] = /listening on (\S+);/.exec(cli.stderr()) ?? [];
  return url;
}

export function signed(body: string): Record<string, string> {
  return { [SIGNATURE_HEADER]: `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` };
}

/** @returns the status; `undefined` when nobody answered. */
export async function post(url: string, body: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { ...signed(body), connection: 'close' },
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}

export async function readHealth(url: string): Promise<Health> {
  const response = await fetch(`${url}/health`, { headers: { connection: 'close' } });
  return (await response.json()) as Health;
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export const untilEmpty = (url: string) => until(async () => (await readHealth(url)).queued === 0);
