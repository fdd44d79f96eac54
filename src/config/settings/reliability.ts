import { filePath, kmsKeyId, publicKeyList, queueUrl } from '../values/values.ts';

/** The settings of receipts and queues. Part of the one table in `config/schema.ts`. */

const ARCHIVE = ['archive'] as const;
const VERIFY = ['restore', 'store', 'wrap'] as const;

export const RELIABILITY_SETTINGS = {
  ARCHIVE_SIGNING_KEY_FILE: {
    schema: filePath,
    group: 'Archive',
    meaning:
      'PEM file (PKCS#8) of the Ed25519 private key that signs receipts, readable by its owner only; without it receipts are not signed. Readers check receipts with its public half where `ARCHIVE_RECEIPT_PUBLIC_KEYS` names no key',
    example: 'receipts-private.pem',
    since: 'receipts',
    usedFor: [...ARCHIVE, ...VERIFY],
  },
  ARCHIVE_SIGNING_KMS_KEY_ID: {
    schema: kmsKeyId,
    group: 'Archive',
    meaning:
      'AWS KMS key of the spec `ECC_NIST_EDWARDS25519` that signs receipts, by its id, ARN or `alias/NAME`, instead of `ARCHIVE_SIGNING_KEY_FILE`: it never leaves KMS; `docs/keys.md` says what that costs',
    example: 'alias/receipts',
    since: 'keys',
    usedFor: [...ARCHIVE, 'wrap'],
  },
  ARCHIVE_RECEIPT_PUBLIC_KEYS: {
    schema: publicKeyList,
    group: 'Archive',
    meaning:
      'Ed25519 public keys that receipts may be signed with, comma-separated: lists that `genesys-archive keys receipts` makes, PEM files, or the keys themselves in base64 (`MCowBQYDK2VwAyEA…`, or `ed25519:` and the 32 bytes); with any, every receipt has to be signed: `verify` reports, and readers refuse, what is not',
    example: 'receipt-keys.json',
    since: 'receipts',
    // the writer judges by it what another key has signed before
    usedFor: [...ARCHIVE, ...VERIFY, 'seal'],
    namedFileOnly: true,
  },
  ARCHIVE_QUEUE_URL: {
    schema: queueUrl,
    group: 'Events',
    meaning: 'SQS queue that a batch came from, where recordings that are not ready are put off',
    example: 'https://sqs.eu-central-1.amazonaws.com/123456789012/recordings',
    default: 'the one that each message names as its source',
    since: 'queues',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
  ARCHIVE_DEAD_LETTER_QUEUE_URL: {
    schema: queueUrl,
    group: 'Events',
    meaning:
      'SQS queue for messages that can never succeed, sent there at once and with the reason; without it they stay in their queue until its own redrive policy moves them',
    example: 'https://sqs.eu-central-1.amazonaws.com/123456789012/recordings-dead',
    since: 'queues',
    usedFor: ARCHIVE,
    namedFileOnly: true,
  },
} as const;
