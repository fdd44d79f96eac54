import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import type { Archiver } from '../create-archiver.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import { parseDelivery } from '../events/parse-event.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import type { Secret } from '../secret.ts';
import { createHttpEntry, type EntryTimeouts, type HttpEntry } from './http-entry.ts';
import { SPOOL_RETRIES, type SpoolPolicy } from './retry-plan.ts';
import { Spool } from './spool.ts';
import { startWorker, type Worker, type WorkerReport } from './worker.ts';

/** ms that interrupted work has to clean up after itself (a temporary file, a multipart upload). */
const CLEANUP_MS = 5_000;

export interface ServeOptions {
  readonly config: Pick<ArchiveConfig, 'webhook' | 'idPattern'> & {
    readonly genesys: Pick<ArchiveConfig['genesys'], 'api'>;
  };
  readonly archiver: Pick<Archiver, 'archive'>;
  /** The active secrets of the entry, where they can change; default those of the configuration. */
  readonly webhookSecrets?: (() => Promise<readonly Secret[]>) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spool: string;
  /** Where to listen; `undefined` to work through the spool only. Port 0 is any free one. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly concurrency: number;
  readonly policy?: SpoolPolicy;
  readonly timeouts?: Partial<EntryTimeouts>;
  readonly onReport: (report: WorkerReport) => void;
  /** Another process has taken the spool. */
  readonly onLost: (error: ArchiveError) => void;
}

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
export async function startServing(options: ServeOptions): Promise<Serving> {
  const { config, clock, logger, listen } = options;
  if (listen !== undefined) requireSafeEntry(config.webhook, listen.host);
  const spool = await Spool.open(options.spool, clock, options.onLost);
  for (const stranger of spool.strangers) {
    logger.log('warn', 'what is in the spool and is no file is left alone', { source: stranger });
  }
  const interrupt = new AbortController();
  const { budget, end } = startBudget(clock, Number.POSITIVE_INFINITY, 0, interrupt.signal);
  const parse = (event: unknown) =>
    parseDelivery(event, { idPattern: config.idPattern, api: config.genesys.api });
  const { queued: foundQueued } = await spool.figures();
  const worker = startWorker({
    spool,
    archiver: options.archiver,
    parse,
    clock,
    policy: options.policy ?? SPOOL_RETRIES,
    concurrency: options.concurrency,
    budget,
    onReport: (report) => {
      log(logger, report);
      options.onReport(report);
    },
  });
  const entry = createHttpEntry({
    secrets: options.webhookSecrets ?? config.webhook.secrets,
    signatures: config.webhook.signatures,
    parse,
    accept: async (event, bodyHash) => {
      const outcome = await spool.add(event, bodyHash);
      worker.wake();
      return outcome;
    },
    health: () => describeHealth(spool, worker, clock),
    clock,
    logger,
    ...present({ timeouts: options.timeouts }),
  });

  const stop = async (graceMs: number): Promise<number> => {
    const grace = new AbortController();
    const ended = Promise.all([closeServer(entry), worker.stop()]).then(() => grace.abort());
    await clock.sleep(graceMs, grace.signal).catch(() => undefined);
    interrupt.abort(new ArchiveError('INTERRUPTED', 'the server is stopping'));
    entry.server.closeAllConnections();
    const cleanup = new AbortController();
    await Promise.race([ended, clock.sleep(CLEANUP_MS, cleanup.signal).catch(() => undefined)]);
    cleanup.abort();
    end();
    const { queued } = await spool.figures();
    await spool.close();
    return queued;
  };

  try {
    const url = listen === undefined ? undefined : await startListening(entry, listen);
    return { url, foundQueued, strangers: spool.strangers, caughtUp: () => worker.caughtUp(), stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/** Anybody who reaches an entry without a signature can have calls archived: only this machine may, unless that is wanted. */
function requireSafeEntry({ secrets, secretArn, open }: ArchiveConfig['webhook'], host: string): void {
  if (secrets.length > 0 || secretArn !== undefined || open || isLoopback(host)) return;
  throw new ArchiveError('CONFIG_INVALID', 'webhooks from other machines must be signed', {
    hint: 'set ARCHIVE_WEBHOOK_SECRET or ARCHIVE_WEBHOOK_SECRET_ARN, or listen on 127.0.0.1; ARCHIVE_WEBHOOK_OPEN=1 accepts unsigned ones from anybody',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function startListening(
  { server }: HttpEntry,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ArchiveError('USAGE', `cannot listen on ${host} port ${port}: ${describeForeign(error)}`, {
      hint: 'EADDRINUSE: another program has the port; choose another one with --port',
    });
  }
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${actual}`;
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

async function describeHealth(spool: Spool, worker: Worker, clock: Clock) {
  const { queued, failed, oldestReceivedAt } = await spool.figures();
  const { inFlight, pausedBy } = worker;
  const age = oldestReceivedAt === undefined ? 0 : clock.now() - oldestReceivedAt;
  return {
    queued,
    inFlight,
    oldestAgeS: Math.max(0, Math.round(age / 1000)),
    failed,
    ...present({ pausedBy }),
  };
}

function log(logger: Logger, report: WorkerReport): void {
  switch (report.kind) {
    case 'result': {
      const { result, durationMs } = report;
      const { recordingId, conversationId } = result.ids;
      const fields = { recordingId, conversationId, state: result.state, durationMs };
      if (result.state === 'archived') {
        logger.log('info', 'recording processed', { ...fields, key: result.key, bytes: result.bytes });
      } else logger.log('info', 'recording processed', fields);
      return;
    }
    case 'again': {
      const { name, delayMs, attempts, error } = report;
      logger.log('info', error?.message ?? 'recording is not ready', {
        requestId: name,
        delayMs,
        attempt: attempts,
        ...present({ code: error?.code }),
      });
      return;
    }
    case 'failed':
    case 'stuck': {
      const { name, error } = report;
      logger.log('error', error.message, { requestId: name, code: error.code, state: report.kind });
    }
  }
}
