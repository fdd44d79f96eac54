import { choice, flag } from '../values.ts';

const ALL = ['archive', 'restore', 'store', 'wrap'] as const;
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
