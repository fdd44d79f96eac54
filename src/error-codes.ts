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
  UNEXPECTED: { exit: 1, retryable: true, meaning: 'Something this program did not foresee.' },
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
    meaning: 'The time for this work was used up before it was done. Nothing half-written is left.',
    hint: 'run it again; if it happens with long recordings, give it more time (Lambda timeout, --timeout)',
  },
  USAGE: { exit: 2, retryable: false, meaning: 'The command line is not understood.' },
  CONFIG_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'One or more settings are missing or malformed; all of them are listed.',
    hint: 'docs/configuration.md lists every setting',
  },
  EVENT_INVALID: {
    exit: 2,
    retryable: false,
    meaning:
      'The event names no recording that could be archived; the message says which field is missing or malformed.',
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
    meaning: 'Genesys Cloud answered something that is not what its API describes.',
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
    hint: 'put the certificate authority into a PEM file and name it in NODE_EXTRA_CA_CERTS before the program starts; see docs/security.md',
  },
  PROXY_REFUSED: {
    exit: 4,
    retryable: false,
    meaning: 'The proxy refused to connect: it wants other credentials, or does not allow this target.',
    hint: 'check HTTPS_PROXY, and what the proxy allows; NO_PROXY names what is reached without it',
  },
  URL_REFUSED: {
    exit: 2,
    retryable: false,
    meaning: 'A download address or redirect points where downloads are not allowed to come from.',
    hint: 'if the host is right, add it to ARCHIVE_MEDIA_HOSTS',
  },
  MEDIA_LINK_EXPIRED: {
    exit: 7,
    retryable: true,
    meaning: 'The signed download link was refused, also after it had been fetched anew.',
  },
  MEDIA_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning:
      'The media host could not be reached, stalled, or dropped the download more often than it is resumed.',
  },
  MEDIA_TRUNCATED: {
    exit: 5,
    retryable: true,
    meaning:
      'The download ended before the declared length or before the end its own container states, or nothing proves its length and two downloads differ. Nothing was stored.',
  },
  MEDIA_NOT_AUDIO: {
    exit: 5,
    retryable: true,
    meaning:
      'The media host answered 200 with something that is not a recording, such as an error page, a document or an encoded body; or with other data than was asked for. Nothing was stored.',
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
    meaning: 'The disk or quota is full. Nothing half-written is left.',
    hint: 'free some space or raise the quota; what is done already is not done twice',
  },
  STORE_MISMATCH: {
    exit: 5,
    retryable: true,
    meaning: 'What the store holds after the write is not what was sent (length, checksum or metadata).',
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
    meaning: 'The KMS key does not exist, is disabled or waiting for deletion, or is of another kind.',
    hint: 'check ARCHIVE_KMS_KEY_ID, which `genesys-archive keys check` tries, or ARCHIVE_SIGNING_KMS_KEY_ID, which `doctor` does',
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
    meaning: 'The secret does not hold what the setting that names it asks for.',
    hint: 'docs/configuration.md says what each secret holds',
  },
  KEY_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'This is not a key an object can be stored under.',
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
      'An object stands under the key of the recording, without a receipt, and nothing proves that this archive stored it. It was kept, and nothing was signed for it.',
    hint: '`genesys-archive archive --again ID --reason TEXT` compares it with the recording of the platform, and gives it a receipt when they are the same',
  },
  OBJECT_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: 'The archive holds no such object.',
    hint: '`genesys-archive list` shows what it holds',
  },
  NOTHING_FOUND: {
    exit: 6,
    retryable: false,
    meaning:
      'A command that goes through the archive found no recording there: another place, layout or range of days than was meant, or an archive that nothing was written to yet.',
    hint: 'check ARCHIVE_STORE, ARCHIVE_LAYOUT, --from and --to; `genesys-archive doctor` looks at the store',
  },
  OBJECT_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning:
      'The object or its metadata is not in a format this program knows, or is damaged. No plaintext was released.',
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
      'The object is bound to another conversation or recording than the one asked for, or to another organization than GENESYS_ORGANIZATION_ID names; the message says which. No key service was asked, no plaintext was released.',
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
    hint: 'putting off needs sqs:ChangeMessageVisibility, dead letters sqs:SendMessage, redrive also sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes',
  },
  QUEUE_MISSING: {
    exit: 2,
    retryable: false,
    meaning: 'The queue does not exist, or does not take such a message.',
  },
  RECEIPT_MISMATCH: {
    exit: 5,
    retryable: false,
    meaning:
      'An object is not what its receipt states, one of the two is missing, or the receipt is not one that can be trusted.',
    hint: 'do not overwrite anything: keep the object, its receipt and the access log of the bucket; docs/runbook.md says what to do about each finding, docs/format.md, section 11, how to check by hand',
  },
  STACK_MISSING: {
    exit: 2,
    retryable: false,
    meaning:
      'There is no such CloudFormation stack in this account and region, or it was not made by this program.',
    hint: 'check --stack, --region and AWS_PROFILE; docs/quickstart.md says how it is deployed',
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
