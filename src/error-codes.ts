/**
 * Every failure this product can report. `exit` is the CLI's exit code (a contract: 0 ok, 1 unexpected, 2 usage or
 * configuration, 3 some items failed, 4 authentication or permission, 5 integrity, 6 not found, 7 throttled or out of time
 * and safe to retry, 130 interrupted). `retryable` is the default answer to "may the same work succeed later, unchanged?".
 */
export interface ErrorCodeFacts {
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;
  readonly retryable: boolean;
  readonly meaning: string;
  readonly hint?: string;
}

const facts = <const T extends Record<string, ErrorCodeFacts>>(
  table: T,
): { readonly [K in keyof T]: ErrorCodeFacts } => table;

export const ERROR_CODES = facts({
  UNEXPECTED: { exit: 1, retryable: true, meaning: 'An error that this program does not expect.' },
  INTERRUPTED: {
    exit: 130,
    retryable: true,
    meaning: 'Stopped by a signal. Running the same command again is safe.',
  },
  SOME_FAILED: {
    exit: 3,
    retryable: true,
    meaning: 'Some items of a batch failed; each is listed with its own code.',
  },
  OUT_OF_TIME: {
    exit: 7,
    retryable: true,
    meaning: 'The time limit ended before the work was done. No partial object is left.',
    hint: 'run it again; if it happens with long recordings, raise the limit (Lambda timeout, --timeout)',
  },
  USAGE: { exit: 2, retryable: false, meaning: 'The command line is malformed.' },
  CONFIG_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'One or more settings are missing or malformed; all of them are listed.',
    hint: 'docs/configuration.md lists every setting',
  },
  EVENT_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The event names no recording to archive; the message says which field is missing or malformed.',
  },
  WEBHOOK_UNAUTHENTICATED: {
    exit: 4,
    retryable: false,
    meaning: 'The webhook signature is missing or wrong.',
  },
  GENESYS_AUTH_REJECTED: {
    exit: 4,
    retryable: false,
    meaning: 'Genesys Cloud refused the OAuth client or its token (401).',
    hint: 'check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET (or the secret of GENESYS_SECRET_ARN), and that GENESYS_ENVIRONMENT is the region of that OAuth client',
  },
  GENESYS_FORBIDDEN: {
    exit: 4,
    retryable: false,
    meaning: 'Genesys Cloud refused the call (403): the OAuth client lacks a scope, permission or division.',
  },
  ORGANIZATION_MISMATCH: {
    exit: 2,
    retryable: false,
    meaning:
      'The OAuth client belongs to another organization than GENESYS_ORGANIZATION_ID names. Nothing was written.',
    hint: 'use the OAuth client of that organization, or correct GENESYS_ORGANIZATION_ID; one archive is one organization',
  },
  GENESYS_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: 'Genesys Cloud answered 429 until the retries were used up.',
    hint: 'lower the concurrency: the platform allows 300 requests a minute per token',
  },
  GENESYS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'Genesys Cloud could not be reached, timed out or answered 5xx until the retries were used up.',
  },
  GENESYS_BAD_RESPONSE: {
    exit: 7,
    retryable: true,
    meaning: 'The answer of Genesys Cloud does not match its published API.',
  },
  MEDIA_NOT_READY: {
    exit: 7,
    retryable: true,
    meaning: 'The recording exists but is not complete yet.',
    hint: 'try again in a few minutes',
  },
  MEDIA_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'Genesys Cloud does not know this recording (404).',
  },
  INTERACTION_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'The recording is stored, but the interaction to write the reference to does not exist (404).',
  },
  TLS_UNTRUSTED: {
    exit: 4,
    retryable: false,
    meaning:
      'The certificate of a server or proxy is not trusted, has expired, or is for another name. Nothing was sent there.',
    hint: 'write the certificate authority to a PEM file and set NODE_EXTRA_CA_CERTS to its path before the program starts; see docs/security.md',
  },
  PROXY_REFUSED: {
    exit: 4,
    retryable: false,
    meaning: 'The proxy refused to connect: it requires other credentials, or does not allow this target.',
    hint: 'check HTTPS_PROXY and the rules of the proxy; NO_PROXY names hosts to reach without it',
  },
  URL_REFUSED: {
    exit: 2,
    retryable: false,
    meaning: 'A download address or redirect leads to a host or address that is not allowed.',
    hint: 'if the host is right, add it to ARCHIVE_MEDIA_HOSTS',
  },
  MEDIA_LINK_EXPIRED: {
    exit: 7,
    retryable: true,
    meaning: 'The media host refused the signed download link, and a new one as well.',
  },
  MEDIA_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning:
      'The media host could not be reached, stalled, or dropped the download more often than this program resumes it.',
  },
  MEDIA_TRUNCATED: {
    exit: 5,
    retryable: true,
    meaning:
      'The download ended before its declared length or before the end that its container states, or its length is unproved and two downloads differ. Nothing was stored.',
  },
  MEDIA_NOT_AUDIO: {
    exit: 5,
    retryable: true,
    meaning:
      'The media host answered 200 with an error page, a document, an encoded body or other data in place of the recording. Nothing was stored.',
  },
  MEDIA_TOO_LARGE: {
    exit: 5,
    retryable: false,
    meaning: 'The recording is larger than one AES-GCM message may be (64 GiB − 32 bytes).',
  },
  STORE_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: 'S3 asked to slow down until the retries were used up.',
    hint: 'lower the concurrency, or spread the writes over more prefixes',
  },
  STORE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'The store could not be reached or failed until the retries were used up.',
  },
  STORE_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'The store refused access: wrong credentials or a missing permission.',
  },
  STORE_MISSING: { exit: 2, retryable: false, meaning: 'The bucket or directory does not exist.' },
  STORE_FULL: {
    exit: 7,
    retryable: true,
    meaning: 'The disk or quota is full. No partial object is left.',
    hint: 'free some space or raise the quota, then run it again; finished recordings are skipped',
  },
  STORE_MISMATCH: {
    exit: 5,
    retryable: true,
    meaning: 'After the write, the stored object differs from what was sent (length, checksum or metadata).',
  },
  KMS_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: 'AWS KMS asked to slow down until the retries were used up.',
    hint: 'lower the concurrency, or ask AWS to raise the request quota of KMS in this region',
  },
  KMS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'AWS KMS could not be reached or failed until the retries were used up.',
  },
  KMS_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'AWS KMS refused access: wrong credentials, or a policy that does not allow the call.',
    hint: 'writing needs kms:GenerateDataKey on the key, reading kms:Decrypt, and signing kms:Sign and kms:GetPublicKey on its own',
  },
  KMS_KEY_UNUSABLE: {
    exit: 2,
    retryable: false,
    meaning: 'The KMS key does not exist, is disabled, is pending deletion, or is of another kind.',
    hint: 'check ARCHIVE_KMS_KEY_ID, which `genesys-archive keys check` tries, or ARCHIVE_SIGNING_KMS_KEY_ID, which `doctor` tries',
  },
  SECRET_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'AWS Secrets Manager could not be reached, throttled or failed until the retries were used up.',
  },
  SECRET_DENIED: {
    exit: 4,
    retryable: false,
    meaning:
      'AWS Secrets Manager refused access: wrong credentials, or a policy that does not allow the call.',
    hint: 'the role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt where the secret is encrypted with a KMS key of your own',
  },
  SECRET_MISSING: {
    exit: 2,
    retryable: false,
    meaning: 'The secret does not exist in that account and region, has no value, or is marked for deletion.',
    hint: 'check the ARN; `aws secretsmanager describe-secret --secret-id ARN` shows what is there',
  },
  SECRET_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'The contents of the secret do not fit the setting that names it.',
    hint: 'docs/configuration.md describes the contents of each secret',
  },
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
  QUEUE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'The queue could not be reached, throttled or failed until the retries were used up.',
  },
  QUEUE_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'The queue refused access: wrong credentials or a missing permission.',
    hint: 'postponing needs sqs:ChangeMessageVisibility, dead letters sqs:SendMessage, redrive also sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes',
  },
  QUEUE_MISSING: {
    exit: 2,
    retryable: false,
    meaning: 'The queue does not exist, or rejects this kind of message.',
  },
  RECEIPT_MISMATCH: {
    exit: 5,
    retryable: false,
    meaning:
      'An object does not match its receipt, one of the two is missing, or the receipt cannot be trusted.',
    hint: 'do not overwrite anything: keep the object, its receipt and the access log of the bucket; docs/runbook.md says what to do about each finding, docs/format.md, section 11, how to check by hand',
  },
  STACK_MISSING: {
    exit: 2,
    retryable: false,
    meaning:
      'The CloudFormation stack does not exist in this account and region, or was not deployed by this program.',
    hint: 'check --stack, --region and AWS_PROFILE; docs/quickstart.md describes the deployment',
  },
  AWS_DENIED: {
    exit: 4,
    retryable: false,
    meaning: 'AWS refused access to a part of the deployment: wrong credentials or a missing permission.',
    hint: 'docs/runbook.md lists what `genesys-archive doctor --stack` needs',
  },
  AWS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'A service of AWS could not be reached, throttled or failed until the retries were used up.',
  },
  OUTPUT_EXISTS: {
    exit: 2,
    retryable: false,
    meaning: 'The output file exists already.',
    hint: 'choose another name, or pass --force',
  },
  OUTPUT_FAILED: { exit: 1, retryable: false, meaning: 'A file, or standard output, could not be written.' },
});

export type ErrorCode = keyof typeof ERROR_CODES;
