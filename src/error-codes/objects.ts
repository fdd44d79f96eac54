import { errorCodes } from './facts.ts';

/** Codes of what is stored: keys, objects, receipts. */
export const OBJECT_CODES = errorCodes({
  KEY_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The key is not valid for an object.',
  },
  KEY_COLLISION: {
    exit: 5,
    retryable: false,
    meaning: 'An object of another recording already stands under this key. It was not touched.',
  },
  OBJECT_UNPROVEN: {
    exit: 5,
    retryable: false,
    meaning:
      'An object has the key of the recording but no receipt, and nothing proves that this archive stored it. It was kept and not signed.',
    hint: '`genesys-archive archive --again ID --reason TEXT` compares it with the recording on the platform, and writes a receipt if both are the same',
  },
  OBJECT_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'The archive has no such object.',
    hint: '`genesys-archive list` shows its contents',
  },
  NOTHING_FOUND: {
    exit: 6,
    retryable: false,
    meaning:
      'A command that walks the archive found no recording: the place, layout or range of days is wrong, or the archive is still empty.',
    hint: 'check ARCHIVE_STORE, ARCHIVE_LAYOUT, --from and --to; `genesys-archive doctor` looks at the store',
  },
  WRAP_UNSUPPORTED: {
    exit: 2,
    retryable: false,
    meaning: 'The store cannot exchange the wrapped data key of this object; the reason says why.',
    hint: 'reencrypt makes a new object under the wanted key',
  },
  OBJECT_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning: 'The object or its metadata is damaged, or in an unknown format. No plaintext was released.',
  },
  DECRYPT_FAILED: {
    exit: 5,
    retryable: false,
    meaning:
      'Authentication of the object failed: the key is wrong or the object was changed. No plaintext was released.',
  },
  CONTEXT_MISMATCH: {
    exit: 5,
    retryable: false,
    meaning:
      'The object is bound to another conversation or recording than requested, or to another organization than GENESYS_ORGANIZATION_ID; the message says which. No key service was called, no plaintext was released.',
  },
  KEY_RECORD_MISSING: {
    exit: 5,
    retryable: false,
    meaning:
      'The wrapped data key of an object is kept in a key record, and the record is gone. Nothing says that it was erased. Without it the object cannot be decrypted.',
    hint: 'look for the record among earlier versions and replicas: docs/runbook.md, "Lost key record", says how to put one back',
  },
  RECEIPT_MISMATCH: {
    exit: 5,
    retryable: false,
    meaning:
      'An object does not match its receipt, one of the two is missing, or the receipt cannot be trusted.',
    hint: 'do not overwrite anything: keep the object, its receipt and the access log of the bucket; docs/runbook.md says what to do about each finding, docs/format.md, section 11, how to check by hand',
  },
});
