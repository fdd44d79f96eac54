import { choice } from '../values.ts';

/** Of the console. Part of the one table in `schema.ts`. */
export const CONSOLE_SETTINGS = {
  ARCHIVE_CONSOLE_REASON: {
    schema: choice(['required', 'optional']),
    group: 'Console',
    meaning:
      'whether who listens to a recording in the console must say why; the reason stands in the access log',
    example: 'required',
    default: 'optional',
    since: 'console',
    usedFor: ['wrap'],
  },
} as const;
