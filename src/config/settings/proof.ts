import { keyFiles, logLock, logOrigin, timestampUrls, vkeyList, witnessList } from '../values/proof.ts';
import { filePath, kmsKeyId, kmsKeyIds, secretArn, storeLocation } from '../values/values.ts';

const SEAL = ['seal'] as const;
const ALL = ['archive', 'restore', 'store', 'wrap', 'seal'] as const;

/** The log: what it is called, who signs it, who remembers it. Part of the one table in `schema.ts`. */
export const PROOF_SETTINGS = {
  ARCHIVE_PROOF_ORIGIN: {
    schema: logOrigin,
    group: 'Proof',
    meaning:
      'name of the log, for ever: a name without scheme that your company owns, `/proof/` and the id of the organization',
    example: 'recordings.example.com/proof/0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    since: 'proof',
    usedFor: ALL,
  },
  ARCHIVE_PROOF_VKEYS: {
    schema: vkeyList,
    group: 'Proof',
    meaning:
      'public keys that checkpoints of the log may be signed with, comma-separated, as `NAME+ID+KEY`; never read from the archive itself',
    example: 'recordings.example.com/proof/ORG+9c988488+ASNG/ZXJDvicu7e46eNZ00m6ZCdZhBhqbjo4+HhbGXu3',
    since: 'proof',
    usedFor: ALL,
    namedFileOnly: true,
  },
  ARCHIVE_PROOF_KEY_FILE: {
    schema: keyFiles,
    group: 'Proof',
    meaning:
      'PEM file (PKCS#8) of the Ed25519 private key that signs the log, readable by its owner only; two, comma-separated, while the first takes the place of the second. Never the key that signs receipts',
    example: 'log-private.pem',
    since: 'proof',
    usedFor: SEAL,
  },
  ARCHIVE_PROOF_KEY_SECRET_ARN: {
    schema: secretArn,
    group: 'Proof',
    meaning:
      'ARN of the secret in AWS Secrets Manager with the key that signs the log, in PEM or as JSON `{"privateKey": "…"}`, instead of `ARCHIVE_PROOF_KEY_FILE`',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:log-AbCdEf',
    since: 'proof',
    usedFor: SEAL,
  },
  ARCHIVE_PROOF_KMS_KEY_ID: {
    schema: kmsKeyIds,
    group: 'Proof',
    meaning:
      'AWS KMS key of the spec `ECC_NIST_EDWARDS25519` that signs the log, by its id, ARN or `alias/NAME`; two, comma-separated, while the first takes the place of the second. A key of `ARCHIVE_PROOF_KEY_FILE` beside it is one that it takes the place of',
    example: 'alias/log',
    since: 'proof',
    // who drills asks for its public half
    usedFor: [...SEAL, 'restore'],
  },
  ARCHIVE_DRILL_KEY_FILE: {
    schema: filePath,
    group: 'Proof',
    meaning:
      'PEM file (PKCS#8) of the Ed25519 private key that signs the reports of restore drills, readable by its owner only; its public half joins `ARCHIVE_PROOF_VKEYS` under the name of the log and `/drills`',
    example: 'drills-private.pem',
    since: 'drill',
    usedFor: ['restore'],
  },
  ARCHIVE_DRILL_KMS_KEY_ID: {
    schema: kmsKeyId,
    group: 'Proof',
    meaning:
      'AWS KMS key of the spec `ECC_NIST_EDWARDS25519` that signs them, by its id, ARN or `alias/NAME`, instead of `ARCHIVE_DRILL_KEY_FILE`',
    example: 'alias/drills',
    since: 'drill',
    usedFor: ['restore'],
  },
  ARCHIVE_PROOF_TSA_URL: {
    schema: timestampUrls,
    group: 'Proof',
    meaning:
      'URLs of time-stamping authorities (RFC 3161) that stamp each checkpoint, at most two, comma-separated; they learn a hash and nothing else',
    example: 'https://timestamp.example.com/tsr',
    since: 'proof',
    usedFor: ALL,
    namedFileOnly: true,
  },
  ARCHIVE_PROOF_TSA_CA_FILE: {
    schema: filePath,
    group: 'Proof',
    meaning:
      'PEM file with the certificates that those authorities’ certificates must lead to; required with `ARCHIVE_PROOF_TSA_URL`',
    example: 'tsa-ca.pem',
    since: 'proof',
    usedFor: ALL,
  },
  ARCHIVE_PROOF_WITNESSES: {
    schema: witnessList,
    group: 'Proof',
    meaning:
      'witnesses that cosign each checkpoint, up to 8, comma-separated: `NAME+ID+KEY`, a space, the URL below which `add-checkpoint` is; without a URL cosignatures are only checked. Each learns the size of the log',
    example: 'w.example.com/1+a3f2c1d0+BKx… https://w.example.com',
    since: 'witness',
    usedFor: ALL,
    namedFileOnly: true,
  },
  ARCHIVE_PROOF_SECOND_STORE: {
    schema: storeLocation,
    group: 'Proof',
    meaning:
      'another store, best in another account, that gets a copy of each checkpoint and is asked before each seal: `s3://BUCKET[/PREFIX]` or `file:PATH`',
    example: 's3://checkpoints-of-the-archive',
    since: 'proof',
    usedFor: ALL,
    namedFileOnly: true,
  },
  ARCHIVE_PROOF_LOCK: {
    schema: logLock,
    group: 'Proof',
    meaning: 'Object Lock of what the log writes once: `governance:DAYS` or `compliance:DAYS`',
    example: 'governance:2557',
    since: 'witness',
    usedFor: SEAL,
  },
} as const;
