import { errorCodes } from './facts.ts';

/** Codes of what is deleted at the source. */
export const SOURCE_CODES = errorCodes({
  SOURCE_DELETE_OFF: {
    exit: 2,
    retryable: false,
    meaning: 'The settings do not allow that anything is deleted at the platform.',
    hint: 'set ARCHIVE_SOURCE_DELETE=1 where a person runs source-delete, and nowhere else; docs/source-delete.md says what it needs',
  },
  SOURCE_CLIENT_MISSING: {
    exit: 2,
    retryable: false,
    meaning:
      'No OAuth client of its own may change anything at the platform, or the one that is set also archives.',
    hint: 'make one with the permissions of docs/permissions.md, and set GENESYS_SOURCE_CLIENT_ID and GENESYS_SOURCE_CLIENT_SECRET',
  },
  SOURCE_DELETE_REFUSED: {
    exit: 3,
    retryable: true,
    meaning:
      'A recording is left at the platform: something that has to be so before it is deleted there is not, or the platform did not take the date.',
    hint: '`genesys-archive source-delete plan` with its id says which; docs/source-delete.md lists the reasons',
  },
  SOURCE_DELETE_CAPPED: {
    exit: 7,
    retryable: true,
    meaning: 'As many recordings as one day may have were marked today.',
    hint: 'run the same command again tomorrow (UTC), or raise ARCHIVE_SOURCE_DELETE_PER_DAY',
  },
  SOURCE_DELETE_RACED: {
    exit: 7,
    retryable: true,
    meaning: 'Another runner has just acted on the same recording at the platform.',
    hint: '`genesys-archive source-delete status` says where it stands; run the same command again',
  },
});
