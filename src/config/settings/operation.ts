import { jobRate } from '../job-rate.ts';
import { choice, flag } from '../values/values.ts';

const ALL = ['archive', 'restore', 'store', 'wrap', 'seal'] as const;
const KEYS = ['keys', 'wrap'] as const;

/** How the program reports. Part of the one table in `schema.ts`. */
export const OPERATION_SETTINGS = {
  ARCHIVE_LOG_LEVEL: {
    schema: choice(['debug', 'info', 'warn', 'error']),
    group: 'Operation',
    meaning: 'least severe kind of message that is logged: `debug`, `info`, `warn` or `error`',
    example: 'debug',
    default: 'info',
    since: 'archive',
    usedFor: [...ALL, ...KEYS],
  },
  ARCHIVE_JOB_RATE: {
    schema: jobRate,
    group: 'Operation',
    meaning:
      'items a minute that a job may work on where its plan names no rate, or `yield`: as many as live calls leave free. Of a `backfill`: requests a minute to Genesys Cloud',
    example: '120',
    default: 'yield',
    since: 'jobs',
    usedFor: ALL,
  },
  ARCHIVE_HOLD_TWO_PERSONS: {
    schema: flag,
    group: 'Archive',
    meaning: 'a hold is released by another person than the one who placed it, as both name themselves',
    example: '1',
    default: '0',
    since: 'hold',
    usedFor: ['wrap'],
  },
} as const;
