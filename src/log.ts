import { printableJson } from './printable.ts';

/**
 * One structured log line per call. The fields are an allow-list: what is not named here cannot be logged, so a token, key,
 * secret, signed URL or telephone number cannot reach a log by accident.
 */
export interface LogFields {
  readonly recordingId?: string;
  readonly conversationId?: string;
  readonly key?: string;
  readonly source?: string;
  readonly host?: string;
  readonly status?: number;
  readonly code?: string;
  readonly state?: string;
  readonly attempt?: number;
  readonly delayMs?: number;
  readonly durationMs?: number;
  readonly lifetimeS?: number;
  readonly bytes?: number;
  readonly count?: number;
  readonly requestId?: string;
  readonly correlationId?: string;
  readonly retryable?: boolean;
  readonly reason?: string;
  /** Of several that one process serves. */
  readonly archive?: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { log: () => {} };

const FIELD_NAMES: Record<keyof LogFields, true> = {
  recordingId: true,
  conversationId: true,
  key: true,
  source: true,
  host: true,
  status: true,
  code: true,
  state: true,
  attempt: true,
  delayMs: true,
  durationMs: true,
  lifetimeS: true,
  bytes: true,
  count: true,
  requestId: true,
  correlationId: true,
  retryable: true,
  reason: true,
  archive: true,
};

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** What of `fields` may be logged: a caller from outside the type system could pass more. */
export function allowedFields(fields: LogFields): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => Object.hasOwn(FIELD_NAMES, name) && value !== undefined),
  );
}

/** JSON lines through `write`, dropping everything below `minimum` and every field that is not in {@link LogFields}. */
export function jsonLogger(
  write: (line: string) => void,
  now: () => number,
  minimum: LogLevel = 'info',
): Logger {
  return {
    log(level, message, fields = {}) {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(minimum)) return;
      const time = new Date(now()).toISOString();
      write(printableJson({ time, level, message, ...allowedFields(fields) }));
    },
  };
}
