import { errorCodes } from './facts.ts';

/** Codes of the log and of what it proves. */
export const PROOF_CODES = errorCodes({
  LOG_MISSING: {
    exit: 6,
    retryable: false,
    meaning: 'The archive has no log yet.',
    hint: '`genesys-archive seal --init` begins one; docs/proof.md says what it needs',
  },
  LOG_KEY_UNKNOWN: {
    exit: 2,
    retryable: false,
    meaning:
      'A checkpoint or a staged seal is signed with no key that is configured. That says nothing about what it states.',
    hint: 'name the public keys of the log in ARCHIVE_PROOF_VKEYS, as the owner of the archive published them',
  },
  LOG_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning: 'An object of the log is missing, damaged or in an unknown format. Nothing was signed.',
    hint: 'change nothing below proof/; docs/runbook.md, "The log is damaged", says how to find out what can be repaired',
  },
  LOG_CONFLICT: {
    exit: 5,
    retryable: false,
    meaning:
      'Under a key of the log stands something else than the seal that is being completed makes. Nothing was overwritten or signed.',
    hint: 'stop the schedule, change nothing below proof/, and follow docs/runbook.md, "LOG_CONFLICT"',
  },
  LOG_ROLLED_BACK: {
    exit: 5,
    retryable: false,
    meaning:
      'The log in the store is shorter than, or differs from, a checkpoint that is known elsewhere: the store was set back. Nothing was signed.',
    hint: 'stop the schedule, and follow docs/runbook.md, "LOG_ROLLED_BACK": restore what is missing, never seal again from here',
  },
  SEAL_FORGED: {
    exit: 5,
    retryable: false,
    meaning:
      'A staged seal does not carry the signature of the log’s key, or does not continue the log. Nothing was signed.',
    hint: 'someone else may write below proof/: follow docs/runbook.md, "SEAL_FORGED"',
  },
  NOT_SEALED: {
    exit: 6,
    retryable: true,
    meaning: 'The recording or the day is not in the log yet.',
    hint: '`genesys-archive seal --now` seals what has arrived',
  },
  PROOF_INVALID: {
    exit: 5,
    retryable: false,
    meaning: 'A proof, a statement or an evidence package does not verify; the message says where.',
    hint: 'keep what you have as it is; docs/proof.md, "What an outsider sees", says what each finding means',
  },
  SOURCE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'The platform could not be asked what was recorded.',
    hint: 'run it again later; a statement says `unavailable` until then, never zero',
  },
  ANCHOR_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning:
      'A time-stamping authority, a second store or a witness could not be reached. The seal itself is complete.',
    hint: 'the next seal makes it up; check the address if it happens again',
  },
  ANCHOR_REFUSED: {
    exit: 5,
    retryable: false,
    meaning: 'The answer of a time-stamping authority or a witness does not verify. It was not stored.',
    hint: 'check ARCHIVE_PROOF_TSA_URL and ARCHIVE_PROOF_TSA_CA_FILE, or the key of the witness',
  },
});
