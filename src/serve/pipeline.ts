import type { Clock } from '../clock.ts';
import { startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import type { Archiver } from '../create/archiver.ts';
import { ArchiveError } from '../errors.ts';
import { parseDelivery } from '../events/parse-event.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import type { Secret } from '../secret.ts';
import type { Door } from './door.ts';
import { SPOOL_RETRIES, type SpoolPolicy } from './retry-plan.ts';
import { Spool } from './spool.ts';
import { startWorker, type Worker, type WorkerReport } from './worker.ts';

/** What one archive needs to be served; each has its own. */
export interface PipelineOptions {
  /** Of the archive, where there may be several: its events come to `/events/NAME`. */
  readonly name?: string | undefined;
  readonly config: Pick<ArchiveConfig, 'webhook' | 'idPattern'> & {
    readonly genesys: Pick<ArchiveConfig['genesys'], 'api'>;
  };
  readonly archiver: Pick<Archiver, 'archive'>;
  /** The active secrets of the entry, where they can change; default those of the configuration. */
  readonly webhookSecrets?: (() => Promise<readonly Secret[]>) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly spool: string;
  readonly concurrency: number;
  readonly policy?: SpoolPolicy;
  readonly onReport: (report: WorkerReport) => void;
  /** Another process has taken the spool. */
  readonly onLost: (error: ArchiveError) => void;
}

/** From the door of one archive through its spool into its store. */
export interface Pipeline {
  readonly door: Door;
  /** Paths of what is in the spool and is no file, and so was left alone. */
  readonly strangers: readonly string[];
  /** Events that were waiting when it started. */
  readonly foundQueued: number;
  /** Resolves when nothing is in flight and nothing is due. */
  caughtUp(): Promise<void>;
  /** Takes nothing more; resolves when nothing is in flight. */
  stop(): Promise<void>;
  /** Ends what is in flight; it stays in the spool. */
  interrupt(): void;
  /** Lets go of the spool. @returns how many events are left in it. */
  close(): Promise<number>;
}

/** @throws `USAGE` when the spool is in use; `STORE_*` when it cannot be used. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, clock, name } = options;
  const logger = name === undefined ? options.logger : loggerOf(options.logger, name);
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
  const door: Door = {
    name,
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
  };
  return {
    door,
    foundQueued,
    strangers: spool.strangers,
    caughtUp: () => worker.caughtUp(),
    stop: () => worker.stop(),
    interrupt: () => interrupt.abort(new ArchiveError('INTERRUPTED', 'the server is stopping')),
    close: async () => {
      end();
      const { queued } = await spool.figures();
      await spool.close();
      return queued;
    },
  };
}

function loggerOf(logger: Logger, archive: string): Logger {
  return { log: (level, message, fields) => logger.log(level, message, { archive, ...fields }) };
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
