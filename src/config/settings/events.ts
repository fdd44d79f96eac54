import { choice, flag, idPattern, secretList } from '../values/values.ts';

const ARCHIVE = ['archive'] as const;
const ALL = ['archive', 'restore', 'store', 'wrap', 'seal'] as const;

/** How events are understood, and who may send them. Part of the one table in `schema.ts`. */
export const EVENT_SETTINGS = {
  ARCHIVE_ID_PATTERN: {
    schema: idPattern,
    group: 'Events',
    meaning:
      'regular expression for whole ids, where they are no UUIDs; ids are 1 to 128 of `A-Z a-z 0-9 . _ -` in any case',
    example: 'call-\\d{1,20}',
    default: 'a UUID, in upper or lower case',
    since: 'archive',
    usedFor: ALL,
  },
  ARCHIVE_WEBHOOK_SECRET: {
    schema: secretList,
    group: 'Events',
    meaning:
      'secret of the HTTP entry: requests carry `x-hub-signature-256: sha256=` and the HMAC-SHA256 of their body; a comma separates several active ones',
    example: 'made by `openssl rand -hex 32`',
    since: 'archive',
    usedFor: ARCHIVE,
    secret: true,
  },
  ARCHIVE_WEBHOOK_OPEN: {
    schema: flag,
    group: 'Events',
    meaning:
      'lets the HTTP entry on Lambda, and `serve` on an address of others than this machine, accept requests without a signature; any sender can then have calls archived',
    example: '1',
    default: '0',
    since: 'archive',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  ARCHIVE_WEBHOOK_SIGNATURE: {
    schema: choice(['any', 'v2']),
    group: 'Events',
    meaning:
      'versions of the signature that the HTTP entry accepts: `v2` covers the timestamp, too; `any` also accepts `sha256=`, which covers the body alone',
    example: 'v2',
    default: 'any',
    since: 'webhook v2',
    usedFor: ARCHIVE,
  },
} as const;
