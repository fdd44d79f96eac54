/** The scheduled sealer of the log: `dist/lambda/seal.mjs`, handler `handler`. */
import { loadConfig } from '../config/config.ts';
import { readSealEvent } from '../config/deploy/seal.ts';
import { createSealer, type LogSealer } from '../create/sealer.ts';
import { ERROR_CODES, type ErrorCode, isErrorCode } from '../error-codes.ts';
import { toArchiveError } from '../errors.ts';
import { createScheduledHandler, type ScheduledRun } from './scheduled.ts';

/** ms kept back of the invocation's time: a seal that is cut off is finished by the next run. */
const RESERVE_MS = 20_000;

/** The log was changed, or the store was set back: sealing stops until an operator has looked. */
const BROKEN: ReadonlySet<ErrorCode> = new Set([
  'LOG_ROLLED_BACK',
  'SEAL_FORGED',
  'LOG_CONFLICT',
  'LOG_MALFORMED',
]);

export const handler = createScheduledHandler(RESERVE_MS, seal);

/** Hours (UTC) at which the schedule seals. At 3 the platform has the day before, as a rule. */
const SEAL_HOURS: ReadonlySet<number> = new Set([3, 15]);

export type SealReport =
  | {
      /** It is not the hour, and no count was cut off. */
      readonly state: 'idle';
    }
  | {
      /** Public key of the log: publish it, and set it as `ARCHIVE_PROOF_VKEYS`. */
      readonly vkey: string;
      readonly first: string;
      readonly isNew: boolean;
    }
  | {
      readonly days: readonly string[];
      readonly size: number;
      readonly missing: number;
      readonly unexpected: number;
      /** The platform could not be asked about these. */
      readonly unavailable: number;
      /** Access entries that the log holds and the store does not. */
      readonly accessMissing: number;
      readonly anchorsFailed: number;
    };

/** Begins the log, or seals every day that is due. @throws `LOG_*`, `SEAL_FORGED`, `CONFIG_INVALID`, `STORE_*`, `OUT_OF_TIME`. */
export async function seal(run: ScheduledRun): Promise<SealReport> {
  const { event, env, budget, clock, logger, metrics } = run;
  const { init, everyDay, hourly } = readSealEvent(event);
  const config = loadConfig({ env }, 'seal');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const sealer = await createSealer(config, { clock, logger });
  try {
    if (init !== undefined) {
      const { log, isNew } = await sealer.init(init, budget);
      return { vkey: log.vkey, first: log.first, isNew };
    }
    const isHour = SEAL_HOURS.has(new Date(clock.now()).getUTCHours());
    if (hourly && !isHour && !(await sealer.isCounting(budget))) return { state: 'idle' };
    return await sealAndCount(sealer, everyDay, run);
  } catch (thrown) {
    if (BROKEN.has(toArchiveError(thrown).code)) metrics.add('logBroken', 1);
    throw thrown;
  } finally {
    sealer.close();
  }
}

async function sealAndCount(sealer: LogSealer, everyDay: boolean, run: ScheduledRun): Promise<SealReport> {
  const { budget, logger, metrics } = run;
  const { head, statements, failed } = await sealer.sealDueDays({ everyDay }, budget);
  let [missing, unexpected, unavailable, refused, accessMissing] = [0, 0, 0, 0, 0];
  for (const { day, revision, status, source, differences, access } of statements) {
    if ('unavailable' in source) {
      const { code } = source.unavailable;
      unavailable += 1;
      // an outage is made up by a later revision; a client that is refused stays refused until someone looks
      if (isErrorCode(code) && !ERROR_CODES[code].retryable) refused += 1;
      logger.log('error', `the platform could not be asked what was recorded on ${day}`, { code });
    }
    if (access !== undefined && 'unavailable' in access)
      logger.log('warn', `the access log of ${day} may not be read`, { code: access.unavailable.code });
    else if (access !== undefined && access.missing > 0) {
      accessMissing += access.missing;
      logger.log('error', `access entries of ${day} that the log holds are gone`, { count: access.missing });
    }
    missing += differences?.missing.total ?? 0;
    unexpected += differences?.unexpected.total ?? 0;
    logger.log('info', `the day ${day} was stated, revision ${revision}, ${status}`, {
      state: status,
      count: differences?.missing.total ?? 0,
    });
  }
  for (const { kind, name, error } of failed) {
    logger.log('error', `the anchor ${kind} ${name} failed: ${error.message}`, { code: error.code });
  }
  metrics.add('sealed', 1);
  metrics.add('sealDifferences', missing + unexpected + refused + accessMissing);
  return {
    days: statements.map(({ day }) => day),
    size: head.size,
    missing,
    unexpected,
    unavailable,
    accessMissing,
    anchorsFailed: failed.length,
  };
}
