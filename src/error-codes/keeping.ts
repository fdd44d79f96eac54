import { errorCodes } from './facts.ts';

/** Codes of what is kept against retention and erasure, and of what was erased. */
export const KEEPING_CODES = errorCodes({
  HOLD_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'The archive has no such hold.',
    hint: '`genesys-archive hold list` shows them',
  },
  HOLD_DAMAGED: {
    exit: 5,
    retryable: false,
    meaning:
      'A hold, its release or its list of keys is not what was written. Until that is settled nothing is told of what it holds, and nothing is let go.',
    hint: 'restore the object from a version or a copy of the bucket; docs/holds.md says how',
  },
  HOLD_SAME_PERSON: {
    exit: 2,
    retryable: false,
    meaning: 'The person who placed a hold cannot release it (ARCHIVE_HOLD_TWO_PERSONS).',
    hint: 'another person releases it, and names themselves with --by',
  },
  RETENTION_FILE_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The retention file has no rules that can be used; the message names lines and members.',
    hint: 'mend the file; docs/keeping.md shows one, and `genesys-archive retain rules` checks it',
  },
  QUARANTINE_FILE_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The quarantine file has no rules that can be used; the message names lines and members.',
    hint: 'mend the file; docs/keeping.md shows one, and `genesys-archive quarantine rules` checks it',
  },
  QUARANTINE_IMPOSSIBLE: {
    exit: 2,
    retryable: false,
    meaning:
      'The bucket locks each new object by itself, or it cannot be seen whether it does: what is put into quarantine could not be erased. Nothing is stored.',
    hint: 'take the default retention off the bucket (ARCHIVE_RETENTION_FILE locks by rules instead), or unset ARCHIVE_QUARANTINE',
  },
  RECORDING_QUARANTINED: {
    exit: 4,
    retryable: false,
    meaning: 'The recording is in quarantine, where it stays until a person releases or erases it.',
    hint: '`genesys-archive quarantine list` says why it is there; `quarantine release` and `quarantine erase` decide',
  },
  RECORDING_ERASED: {
    exit: 6,
    retryable: false,
    meaning: 'The recording was erased on purpose. It is not read, and not archived again.',
    hint: 'the tombstone below erasures/ says when and why; docs/keeping.md says what an erasure leaves',
  },
  RECORDING_EXPIRED: {
    exit: 6,
    retryable: false,
    meaning: 'The object is gone, and a rule of retention that was applied to it had let it go by then.',
    hint: 'the notes below removals/ say when; docs/keeping.md tells how such recordings are told from missing ones',
  },
  HOLD_STANDS: {
    exit: 4,
    retryable: false,
    meaning:
      'A legal hold, or a hold of S3 Object Lock, is on something that would be erased: nothing is touched.',
    hint: '`genesys-archive hold list` shows holds; release them, or erase the rest with --leave-held',
  },
  ERASURE_UNFINISHED: {
    exit: 7,
    retryable: true,
    meaning: 'Something of what is erased is still there: a lock keeps it, or the erasure was interrupted.',
    hint: '`genesys-archive erase status` says what, and until when; run `genesys-archive erase --confirm PLAN` again then',
  },
});
