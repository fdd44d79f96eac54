import type { Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import { listen as listenOn } from '../listen.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import { createSharedEntry, type EntryTimeouts, type HttpEntry } from './http-entry.ts';
import { type Pipeline, type PipelineOptions, startPipeline } from './pipeline.ts';

/** ms that interrupted work has to clean up after itself (a temporary file, a multipart upload). */
const CLEANUP_MS = 5_000;

/** Of the one server, for one archive or many. */
export interface ListenOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where to listen; `undefined` to work through the spools only. Port 0 is any free one. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly timeouts?: Partial<EntryTimeouts>;
}

export type ServeOptions = PipelineOptions & ListenOptions;

export interface Serving {
  /** `undefined` when it does not listen. */
  readonly url: string | undefined;
  /** Paths of what is in the spool and is no file, and so was left alone. */
  readonly strangers: readonly string[];
  /** Events that were waiting when it started. */
  readonly foundQueued: number;
  /** Resolves when nothing is in flight and nothing is due. */
  caughtUp(): Promise<void>;
  /**
   * Accepts and takes nothing more, lets what is in flight finish for `graceMs`, then interrupts it, and lets go of the spool.
   *
   * @returns how many events are left in the spool.
   */
  stop(graceMs: number): Promise<number>;
}

/**
 * The local equivalent of the Lambda: webhooks become files of the spool, and files of the spool become archived recordings.
 *
 * @throws `CONFIG_INVALID` when it would be open to others without a signature; `USAGE` when the spool or the port is in use;
 *   `STORE_*` when the spool cannot be used.
 */
export function startServing(options: ServeOptions): Promise<Serving> {
  return startServingAll([options], options);
}

/** The same for several archives in one process: one server, and for each archive its own door, spool, secrets and limits. */
export async function startServingAll(
  archives: readonly PipelineOptions[],
  { clock, logger, listen, timeouts }: ListenOptions,
): Promise<Serving> {
  if (listen !== undefined)
    for (const { config, name } of archives) requireSafeEntry(config.webhook, listen.host, name);
  const pipelines: Pipeline[] = [];
  let entry: HttpEntry | undefined;

  const stop = async (graceMs: number): Promise<number> => {
    const grace = new AbortController();
    const ended = Promise.all([
      entry === undefined ? undefined : closeServer(entry),
      ...pipelines.map(async (pipeline) => pipeline.stop()),
    ]).then(() => grace.abort());
    await clock.sleep(graceMs, grace.signal).catch(() => undefined);
    for (const pipeline of pipelines) pipeline.interrupt();
    entry?.server.closeAllConnections();
    const cleanup = new AbortController();
    await Promise.race([ended, clock.sleep(CLEANUP_MS, cleanup.signal).catch(() => undefined)]);
    cleanup.abort();
    let left = 0;
    for (const pipeline of pipelines) left += await pipeline.close();
    return left;
  };

  try {
    for (const options of archives) pipelines.push(await startPipeline(options));
    const doors = pipelines.map(({ door }) => door);
    entry = createSharedEntry(doors, { logger, ...present({ timeouts }) });
    const open = listen === undefined ? undefined : await listenOn(entry.server, listen);
    return {
      url: open?.url,
      foundQueued: pipelines.reduce((total, { foundQueued }) => total + foundQueued, 0),
      strangers: pipelines.flatMap(({ strangers }) => strangers),
      caughtUp: async () => {
        await Promise.all(pipelines.map(async (pipeline) => pipeline.caughtUp()));
      },
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/** An entry without a signature archives calls for every client that reaches it: only this machine may, unless a setting says otherwise. */
function requireSafeEntry(
  { secrets, secretArn, open }: ArchiveConfig['webhook'],
  host: string,
  name: string | undefined,
): void {
  if (secrets.length > 0 || secretArn !== undefined || open || isLoopback(host)) return;
  throw new ArchiveError(
    'CONFIG_INVALID',
    `webhooks from other machines must be signed${name === undefined ? '' : `, also those of archive ${name}`}`,
    {
      hint: 'set ARCHIVE_WEBHOOK_SECRET or ARCHIVE_WEBHOOK_SECRET_ARN, or listen on 127.0.0.1; ARCHIVE_WEBHOOK_OPEN=1 accepts unsigned ones from any client',
    },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Resolves when every request has been answered. */
function closeServer(entry: HttpEntry): Promise<void> {
  const { server } = entry;
  entry.refuse();
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
