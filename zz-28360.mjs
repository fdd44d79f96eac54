// src/store/directory/directory-store.ts
import path5 from "node:path";

// src/clock.ts
import { setMaxListeners } from "node:events";
import { setTimeout as wait } from "node:timers/promises";

// src/error-codes/facts.ts
var errorCodes = (table) => table;

// src/error-codes/catalogue.ts
var CATALOGUE_CODES = errorCodes({
  CATALOGUE_STALE: {
    exit: 7,
    retryable: true,
    meaning: "The catalogue is older than `--max-age` allows, or was never made.",
    hint: "`genesys-archive catalogue update` brings it up to date; `find --fresh` reads what is missing from receipts"
  },
  CATALOGUE_UNREADABLE: {
    exit: 5,
    retryable: false,
    meaning: "A file of the catalogue is damaged, or of another archive. Recordings and receipts are not affected.",
    hint: "`genesys-archive catalogue rebuild` makes it anew from receipts and facts"
  },
  CATALOGUE_CONTENDED: {
    exit: 7,
    retryable: true,
    meaning: "Others wrote the same day of the catalogue each time. What they wrote stands.",
    hint: "the next update tries again"
  },
  CATALOGUE_ENGINE_MISSING: {
    exit: 2,
    retryable: false,
    meaning: "`catalogue sql` needs DuckDB, which is not installed.",
    hint: "npm install @duckdb/node-api, beside this program; or use `catalogue ddl duckdb` with a DuckDB of your own"
  }
});

// src/error-codes/deployment.ts
var DEPLOYMENT_CODES = errorCodes({
  QUEUE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "The queue could not be reached, throttled or failed until the retries were used up."
  },
  QUEUE_DENIED: {
    exit: 4,
    retryable: false,
    meaning: "The queue refused access: wrong credentials or a missing permission.",
    hint: "postponing needs sqs:ChangeMessageVisibility, dead letters sqs:SendMessage, redrive also sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes"
  },
  QUEUE_MISSING: {
    exit: 2,
    retryable: false,
    meaning: "The queue does not exist, or rejects this kind of message."
  },
  STACK_MISSING: {
    exit: 2,
    retryable: false,
    meaning: "The CloudFormation stack does not exist in this account and region, or was not deployed by this program.",
    hint: "check --stack, --region and AWS_PROFILE; docs/quickstart.md describes the deployment"
  },
  AWS_DENIED: {
    exit: 4,
    retryable: false,
    meaning: "AWS refused access to a part of the deployment: wrong credentials or a missing permission.",
    hint: "docs/runbook.md lists what `genesys-archive doctor --stack` needs"
  },
  AWS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "A service of AWS could not be reached, throttled or failed until the retries were used up."
  }
});

// src/error-codes/download.ts
var DOWNLOAD_CODES = errorCodes({
  TLS_UNTRUSTED: {
    exit: 4,
    retryable: false,
    meaning: "The certificate of a server or proxy is not trusted, has expired, or is for another name. Nothing was sent there.",
    hint: "write the certificate authority to a PEM file and set NODE_EXTRA_CA_CERTS to its path before the program starts; see docs/security.md"
  },
  PROXY_REFUSED: {
    exit: 4,
    retryable: false,
    meaning: "The proxy refused to connect: it requires other credentials, or does not allow this target.",
    hint: "check HTTPS_PROXY and the rules of the proxy; NO_PROXY names hosts to reach without it"
  },
  URL_REFUSED: {
    exit: 2,
    retryable: false,
    meaning: "A download address or redirect leads to a host or address that is not allowed.",
    hint: "if the host is right, add it to ARCHIVE_MEDIA_HOSTS"
  },
  MEDIA_LINK_EXPIRED: {
    exit: 7,
    retryable: true,
    meaning: "The media host refused the signed download link, and a new one as well."
  },
  MEDIA_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "The media host could not be reached, stalled, or dropped the download more often than this program resumes it."
  },
  MEDIA_TRUNCATED: {
    exit: 5,
    retryable: true,
    meaning: "The download ended before its declared length or before the end that its container states, or its length is unproved and two downloads differ. Nothing was stored."
  },
  MEDIA_NOT_AUDIO: {
    exit: 5,
    retryable: true,
    meaning: "The media host answered 200 with an error page, a document, an encoded body or other data in place of the recording. Nothing was stored."
  },
  MEDIA_TOO_LARGE: {
    exit: 5,
    retryable: false,
    meaning: "The recording is larger than one AES-GCM message may be (64 GiB \u2212 32 bytes)."
  },
  EXPORT_ENCRYPTED: {
    exit: 2,
    retryable: false,
    meaning: "A file of the platform\u2019s export is encrypted with OpenPGP. It was not archived.",
    hint: "decrypt the export with the private key of its integration and give the decrypted copy to --from-export, or archive these recordings by --ids"
  },
  EXPORT_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning: "A file of the platform\u2019s export contradicts its name or its sidecar. It was not archived.",
    hint: "archive the recording by --ids from the platform itself"
  }
});

// src/error-codes/genesys.ts
var GENESYS_CODES = errorCodes({
  GENESYS_AUTH_REJECTED: {
    exit: 4,
    retryable: false,
    meaning: "Genesys Cloud refused the OAuth client or its token (401).",
    hint: "check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET (or the secret of GENESYS_SECRET_ARN), and that GENESYS_ENVIRONMENT is the region of that OAuth client"
  },
  GENESYS_FORBIDDEN: {
    exit: 4,
    retryable: false,
    meaning: "Genesys Cloud refused the call (403): the OAuth client lacks a scope, permission or division."
  },
  ORGANIZATION_MISMATCH: {
    exit: 2,
    retryable: false,
    meaning: "The OAuth client belongs to another organization than GENESYS_ORGANIZATION_ID names. Nothing was written.",
    hint: "use the OAuth client of that organization, or correct GENESYS_ORGANIZATION_ID; one archive is one organization"
  },
  GENESYS_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: "Genesys Cloud answered 429 until the retries were used up.",
    hint: "lower the concurrency: the platform allows 300 requests a minute per token"
  },
  GENESYS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "Genesys Cloud could not be reached, timed out or answered 5xx until the retries were used up."
  },
  GENESYS_BAD_RESPONSE: {
    exit: 7,
    retryable: true,
    meaning: "The answer of Genesys Cloud does not match its published API."
  },
  MEDIA_NOT_READY: {
    exit: 7,
    retryable: true,
    meaning: "The recording exists but is not complete yet.",
    hint: "try again in a few minutes"
  },
  MEDIA_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: "Genesys Cloud does not know this recording (404)."
  },
  INTERACTION_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: "The recording is stored, but the interaction to write the reference to does not exist (404)."
  }
});

// src/error-codes/keeping.ts
var KEEPING_CODES = errorCodes({
  HOLD_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: "The archive has no such hold.",
    hint: "`genesys-archive hold list` shows them"
  },
  HOLD_DAMAGED: {
    exit: 5,
    retryable: false,
    meaning: "A hold, its release or its list of keys is not what was written. Until that is settled nothing is told of what it holds, and nothing is let go.",
    hint: "restore the object from a version or a copy of the bucket; docs/holds.md says how"
  },
  HOLD_SAME_PERSON: {
    exit: 2,
    retryable: false,
    meaning: "The person who placed a hold cannot release it (ARCHIVE_HOLD_TWO_PERSONS).",
    hint: "another person releases it, and names themselves with --by"
  }
});

// src/error-codes/jobs.ts
var JOB_CODES = errorCodes({
  JOB_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: "No job has that id, or the beginning of an id fits several.",
    hint: "genesys-archive jobs list shows all of them"
  },
  JOB_CHANGED: {
    exit: 2,
    retryable: false,
    meaning: "The job is not what the command expects: it is over, was cancelled, or was planned for another archive or layout.",
    hint: "genesys-archive jobs show JOB says what it is now"
  },
  JOB_EMPTY: {
    exit: 6,
    retryable: false,
    meaning: "The plan would have no items, so no job was made.",
    hint: "check the range or list that it was planned from"
  }
});

// src/error-codes/key-services.ts
var KEY_SERVICE_CODES = errorCodes({
  KMS_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: "AWS KMS asked to slow down until the retries were used up.",
    hint: "lower the concurrency, or ask AWS to raise the request quota of KMS in this region"
  },
  KMS_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "AWS KMS could not be reached or failed until the retries were used up."
  },
  KMS_DENIED: {
    exit: 4,
    retryable: false,
    meaning: "AWS KMS refused access: wrong credentials, or a policy that does not allow the call.",
    hint: "writing needs kms:GenerateDataKey on the key, reading kms:Decrypt, and signing kms:Sign and kms:GetPublicKey on its own"
  },
  KMS_KEY_UNUSABLE: {
    exit: 2,
    retryable: false,
    meaning: "The KMS key does not exist, is disabled, is pending deletion, or is of another kind.",
    hint: "check ARCHIVE_KMS_KEY_ID, which `genesys-archive keys check` tries, or ARCHIVE_SIGNING_KMS_KEY_ID, which `doctor` tries"
  },
  SECRET_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "AWS Secrets Manager could not be reached, throttled or failed until the retries were used up."
  },
  SECRET_DENIED: {
    exit: 4,
    retryable: false,
    meaning: "AWS Secrets Manager refused access: wrong credentials, or a policy that does not allow the call.",
    hint: "the role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt where the secret is encrypted with a KMS key of your own"
  },
  SECRET_MISSING: {
    exit: 2,
    retryable: false,
    meaning: "The secret does not exist in that account and region, has no value, or is marked for deletion.",
    hint: "check the ARN; `aws secretsmanager describe-secret --secret-id ARN` shows what is there"
  },
  SECRET_INVALID: {
    exit: 2,
    retryable: false,
    meaning: "The contents of the secret do not fit the setting that names it.",
    hint: "docs/configuration.md describes the contents of each secret"
  }
});

// src/error-codes/objects.ts
var OBJECT_CODES = errorCodes({
  KEY_INVALID: {
    exit: 2,
    retryable: false,
    meaning: "The key is not valid for an object."
  },
  KEY_COLLISION: {
    exit: 5,
    retryable: false,
    meaning: "An object of another recording already stands under this key. It was not touched."
  },
  OBJECT_UNPROVEN: {
    exit: 5,
    retryable: false,
    meaning: "An object has the key of the recording but no receipt, and nothing proves that this archive stored it. It was kept and not signed.",
    hint: "`genesys-archive archive --again ID --reason TEXT` compares it with the recording on the platform, and writes a receipt if both are the same"
  },
  OBJECT_NOT_FOUND: {
    exit: 6,
    retryable: false,
    meaning: "The archive has no such object.",
    hint: "`genesys-archive list` shows its contents"
  },
  NOTHING_FOUND: {
    exit: 6,
    retryable: false,
    meaning: "A command that walks the archive found no recording: the place, layout or range of days is wrong, or the archive is still empty.",
    hint: "check ARCHIVE_STORE, ARCHIVE_LAYOUT, --from and --to; `genesys-archive doctor` looks at the store"
  },
  WRAP_UNSUPPORTED: {
    exit: 2,
    retryable: false,
    meaning: "The store cannot exchange the wrapped data key of this object; the reason says why.",
    hint: "reencrypt makes a new object under the wanted key"
  },
  OBJECT_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning: "The object or its metadata is damaged, or in an unknown format. No plaintext was released."
  },
  DECRYPT_FAILED: {
    exit: 5,
    retryable: false,
    meaning: "Authentication of the object failed: the key is wrong or the object was changed. No plaintext was released."
  },
  CONTEXT_MISMATCH: {
    exit: 5,
    retryable: false,
    meaning: "The object is bound to another conversation or recording than requested, or to another organization than GENESYS_ORGANIZATION_ID; the message says which. No key service was called, no plaintext was released."
  },
  RECEIPT_MISMATCH: {
    exit: 5,
    retryable: false,
    meaning: "An object does not match its receipt, one of the two is missing, or the receipt cannot be trusted.",
    hint: "do not overwrite anything: keep the object, its receipt and the access log of the bucket; docs/runbook.md says what to do about each finding, docs/format.md, section 11, how to check by hand"
  }
});

// src/error-codes/output.ts
var OUTPUT_CODES = errorCodes({
  OUTPUT_EXISTS: {
    exit: 2,
    retryable: false,
    meaning: "The output file exists already.",
    hint: "choose another name, or pass --force"
  },
  OUTPUT_FAILED: { exit: 1, retryable: false, meaning: "A file, or standard output, could not be written." }
});

// src/error-codes/proof.ts
var PROOF_CODES = errorCodes({
  LOG_MISSING: {
    exit: 6,
    retryable: false,
    meaning: "The archive has no log yet.",
    hint: "`genesys-archive seal --init` begins one; docs/proof.md says what it needs"
  },
  LOG_KEY_UNKNOWN: {
    exit: 2,
    retryable: false,
    meaning: "A checkpoint or a staged seal is signed with no key that is configured. That says nothing about what it states.",
    hint: "name the public keys of the log in ARCHIVE_PROOF_VKEYS, as the owner of the archive published them"
  },
  LOG_MALFORMED: {
    exit: 5,
    retryable: false,
    meaning: "An object of the log is missing, damaged or in an unknown format. Nothing was signed.",
    hint: 'change nothing below proof/; docs/runbook.md, "The log is damaged", says how to find out what can be repaired'
  },
  LOG_CONFLICT: {
    exit: 5,
    retryable: false,
    meaning: "Under a key of the log stands something else than the seal that is being completed makes. Nothing was overwritten or signed.",
    hint: 'stop the schedule, change nothing below proof/, and follow docs/runbook.md, "LOG_CONFLICT"'
  },
  LOG_ROLLED_BACK: {
    exit: 5,
    retryable: false,
    meaning: "The log in the store is shorter than, or differs from, a checkpoint that is known elsewhere: the store was set back. Nothing was signed.",
    hint: 'stop the schedule, and follow docs/runbook.md, "LOG_ROLLED_BACK": restore what is missing, never seal again from here'
  },
  SEAL_FORGED: {
    exit: 5,
    retryable: false,
    meaning: "A staged seal does not carry the signature of the log\u2019s key, or does not continue the log. Nothing was signed.",
    hint: 'someone else may write below proof/: follow docs/runbook.md, "SEAL_FORGED"'
  },
  NOT_SEALED: {
    exit: 6,
    retryable: true,
    meaning: "The recording or the day is not in the log yet.",
    hint: "`genesys-archive seal --now` seals what has arrived"
  },
  PROOF_INVALID: {
    exit: 5,
    retryable: false,
    meaning: "A proof, a statement or an evidence package does not verify; the message says where.",
    hint: 'keep what you have as it is; docs/proof.md, "What an outsider sees", says what each finding means'
  },
  SOURCE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "The platform could not be asked what was recorded.",
    hint: "run it again later; a statement says `unavailable` until then, never zero"
  },
  ANCHOR_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "A time-stamping authority, a second store or a witness could not be reached. The seal itself is complete.",
    hint: "the next seal makes it up; check the address if it happens again"
  },
  ANCHOR_REFUSED: {
    exit: 5,
    retryable: false,
    meaning: "The answer of a time-stamping authority or a witness does not verify. It was not stored.",
    hint: "check ARCHIVE_PROOF_TSA_URL and ARCHIVE_PROOF_TSA_CA_FILE, or the key of the witness"
  }
});

// src/error-codes/store.ts
var STORE_CODES = errorCodes({
  STORE_THROTTLED: {
    exit: 7,
    retryable: true,
    meaning: "S3 asked to slow down until the retries were used up.",
    hint: "lower the concurrency, or spread the writes over more prefixes"
  },
  STORE_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: "The store could not be reached or failed until the retries were used up."
  },
  STORE_DENIED: {
    exit: 4,
    retryable: false,
    meaning: "The store refused access: wrong credentials or a missing permission."
  },
  STORE_MISSING: { exit: 2, retryable: false, meaning: "The bucket or directory does not exist." },
  STORE_FULL: {
    exit: 7,
    retryable: true,
    meaning: "The disk or quota is full. No partial object is left.",
    hint: "free some space or raise the quota, then run it again; finished recordings are skipped"
  },
  STORE_MISMATCH: {
    exit: 5,
    retryable: true,
    meaning: "After the write, the stored object differs from what was sent (length, checksum or metadata)."
  }
});

// src/error-codes/work.ts
var WORK_CODES = errorCodes({
  UNEXPECTED: { exit: 1, retryable: true, meaning: "An error that this program does not expect." },
  INTERRUPTED: {
    exit: 130,
    retryable: true,
    meaning: "Stopped by a signal. Running the same command again is safe."
  },
  SOME_FAILED: {
    exit: 3,
    retryable: true,
    meaning: "Some items of a batch failed; each is listed with its own code."
  },
  OUT_OF_TIME: {
    exit: 7,
    retryable: true,
    meaning: "The time limit ended before the work was done. No partial object is left.",
    hint: "run it again; if it happens with long recordings, raise the limit (Lambda timeout, --timeout)"
  },
  USAGE: { exit: 2, retryable: false, meaning: "The command line is malformed." },
  CONFIG_INVALID: {
    exit: 2,
    retryable: false,
    meaning: "One or more settings are missing or malformed; all of them are listed.",
    hint: "docs/configuration.md lists every setting"
  },
  EVENT_INVALID: {
    exit: 2,
    retryable: false,
    meaning: "The event names no recording to archive; the message says which field is missing or malformed."
  },
  WEBHOOK_UNAUTHENTICATED: {
    exit: 4,
    retryable: false,
    meaning: "The webhook signature is missing or wrong."
  }
});

// src/error-codes.ts
var ERROR_CODES = {
  ...WORK_CODES,
  ...GENESYS_CODES,
  ...DOWNLOAD_CODES,
  ...STORE_CODES,
  ...KEY_SERVICE_CODES,
  ...OBJECT_CODES,
  ...KEEPING_CODES,
  ...JOB_CODES,
  ...CATALOGUE_CODES,
  ...PROOF_CODES,
  ...DEPLOYMENT_CODES,
  ...OUTPUT_CODES
};

// src/present.ts
function present(members) {
  const found = Object.entries(members).filter(([, value]) => value !== void 0);
  return Object.fromEntries(found);
}

// src/errors.ts
var ArchiveError = class extends Error {
  name = "ArchiveError";
  code;
  retryable;
  hint;
  details;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.hint = options.hint ?? ERROR_CODES[code].hint;
    this.details = options.details ?? {};
  }
  /** What a log line or a JSON report may carry. */
  toJSON() {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...present({ hint: this.hint }),
      ...Object.keys(this.details).length === 0 ? {} : { details: this.details }
    };
  }
};
var CLASS_NAME = /^(?=.*[a-z])(?!.*\d.*\d)[A-Za-z][A-Za-z0-9]{0,60}$/;
var SYSTEM_CODE = /^(?:E[A-Z0-9]{2,15}|[A-Z][A-Z0-9]{1,19}(?:_[A-Z0-9]{1,19}){1,8})$/;
function classNameOf(error) {
  return error instanceof Error && CLASS_NAME.test(error.name) ? error.name : void 0;
}
function systemCodeOf(error) {
  const code = error instanceof Error ? error.code : void 0;
  return typeof code === "string" && SYSTEM_CODE.test(code) ? code : void 0;
}
function describeForeign(error) {
  if (!(error instanceof Error)) return typeof error;
  const name = classNameOf(error) ?? "Error";
  const code = systemCodeOf(error);
  return code === void 0 ? name : `${name} ${code}`;
}

// src/clock.ts
var systemClock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await wait(ms, void 0, present({ signal }));
    } catch {
      throw abortReason(signal);
    }
  },
  random: () => Math.random()
};
function sharedSignal(controller) {
  setMaxListeners(0, controller.signal);
  return controller.signal;
}
var unlimited = {
  deadline: Number.POSITIVE_INFINITY,
  signal: sharedSignal(new AbortController())
};
function abortReason(signal) {
  const reason = signal?.reason;
  return reason instanceof ArchiveError ? reason : new ArchiveError("INTERRUPTED", "the work was interrupted");
}

// src/http/with-retry.ts
function ensureTimeLeft(clock, budget) {
  if (budget.signal.aborted) throw abortReason(budget.signal);
  if (clock.now() >= budget.deadline)
    throw new ArchiveError("OUT_OF_TIME", "the time for this work is used up");
}

// src/store/object-rules.ts
var MAX_KEY_BYTES = 512;
var MAX_METADATA_BYTES = 2048;
var KEY_CHARACTERS = /^[A-Za-z0-9._=+@:/-]*$/;
var METADATA_NAME = /^[a-z0-9!#$%&'*+.^_|~-]+$/;
var HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
function isObjectKey(key) {
  return key.length <= MAX_KEY_BYTES && KEY_CHARACTERS.test(key) && key.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
function assertObjectKey(key) {
  if (!isObjectKey(key)) throw invalidKey(key, "is not an object key");
}
function assertListPrefix(prefix) {
  if (!KEY_CHARACTERS.test(prefix) || prefix.startsWith("/") || prefix.length > MAX_KEY_BYTES) {
    throw invalidKey(prefix, "is not the beginning of an object key");
  }
}
function invalidKey(key, why) {
  const shown = key.replaceAll(/[^A-Za-z0-9._=+@:/-]/g, "?").slice(0, 80);
  return new ArchiveError("KEY_INVALID", `"${shown}${key.length > 80 ? "\u2026" : ""}" ${why}`);
}
function assertPutOptions({ metadata, contentType }) {
  let bytes2 = 0;
  for (const [name, value] of Object.entries(metadata)) {
    bytes2 += name.length + value.length;
    if (!METADATA_NAME.test(name) || !HEADER_VALUE.test(value)) {
      const shown = name.replaceAll(/[^A-Za-z0-9._-]/g, "?").slice(0, 40);
      throw new ArchiveError(
        "OBJECT_MALFORMED",
        `metadata "${shown}" is not a lower-case name with an ASCII value`
      );
    }
  }
  if (bytes2 > MAX_METADATA_BYTES) {
    throw new ArchiveError("OBJECT_MALFORMED", `metadata of ${bytes2} bytes exceed ${MAX_METADATA_BYTES}`);
  }
  if (!HEADER_VALUE.test(contentType)) {
    throw new ArchiveError("OBJECT_MALFORMED", "the content type is not printable ASCII");
  }
}
function assertRange(range) {
  if (range === void 0) return;
  const { first, last } = range;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first) {
    throw new ArchiveError("OBJECT_MALFORMED", `bytes ${first} to ${last} are not a range`);
  }
}
function rangeNotSatisfiable(key, first, size) {
  return new ArchiveError("OBJECT_MALFORMED", "the object ends before the bytes asked for", {
    details: { key, first, size }
  });
}

// src/store/directory/commit.ts
import { link, lstat as lstat3, readdir, rename, unlink } from "node:fs/promises";

// src/store/directory/paths.ts
import { constants as constants2 } from "node:fs";
import { lstat as lstat2, mkdir as mkdir2, open as open2 } from "node:fs/promises";
import path2 from "node:path";

// src/make-directories.ts
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
async function makeDirectories(directory, mode = 511) {
  const missing = [];
  let at = path.resolve(directory);
  while (!await isDirectory(at) && path.dirname(at) !== at) {
    missing.unshift(at);
    at = path.dirname(at);
  }
  for (const each of missing) {
    try {
      await mkdir(each, { mode });
    } catch (error) {
      if (!await isDirectory(each)) throw error;
    }
  }
}
async function isDirectory(name) {
  return (await stat(name).catch(() => void 0))?.isDirectory() === true;
}

// src/store/directory/fs-errors.ts
function systemCode(error) {
  const code = error instanceof Error ? error.code : void 0;
  return typeof code === "string" ? code : void 0;
}
function isMissing(error) {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
var CODES = {
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
  EFBIG: "STORE_FULL",
  EACCES: "STORE_DENIED",
  EPERM: "STORE_DENIED",
  EROFS: "STORE_DENIED",
  ELOOP: "STORE_DENIED",
  ENOENT: "STORE_MISSING",
  ENOTDIR: "STORE_MISSING",
  EISDIR: "STORE_DENIED",
  ENAMETOOLONG: "KEY_INVALID"
};
var WORDS = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only"
};
var LOOK_AT_RIGHTS = "look at the owner and mode of the file and of the directories above it (ls -ld), and at the user this runs as";
var HINTS = {
  EACCES: LOOK_AT_RIGHTS,
  EPERM: LOOK_AT_RIGHTS,
  EROFS: "mount the file system for writing, or keep the archive on another one"
};
function directoryError(error, doing, key) {
  if (error instanceof ArchiveError) return error;
  const system = systemCode(error) ?? "";
  const code = CODES[system] ?? "STORE_UNAVAILABLE";
  const words = WORDS[system];
  const why = words === void 0 ? describeForeign(error) : `${words} (${system})`;
  const path6 = pathOf(error);
  const hint = HINTS[system];
  return new ArchiveError(code, `${doing} failed: ${why}${path6 === void 0 ? "" : `: ${path6}`}`, {
    details: { key, path: path6 },
    ...present({ hint })
  });
}
function pathOf(error) {
  const path6 = error instanceof Error ? error.path : void 0;
  return typeof path6 === "string" ? printablePath(path6) : void 0;
}
function printablePath(path6) {
  return path6.replaceAll(/[^\P{C}]/gu, "?").slice(0, 500);
}
var NO_HARD_LINKS = /* @__PURE__ */ new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
function linkError(error, key) {
  if (!NO_HARD_LINKS.has(systemCode(error) ?? "")) return directoryError(error, "storing", key);
  return new ArchiveError("STORE_DENIED", `storing failed: ${describeForeign(error)}`, {
    hint: "this file system has no hard links, which keep two writers from replacing each other; keep the archive on another one (ext4, XFS, APFS, NTFS)",
    details: { key }
  });
}

// src/store/directory/regular-file.ts
import { constants } from "node:fs";
import { lstat, open, stat as stat2 } from "node:fs/promises";
import { dirname } from "node:path";
var READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
async function openRegular(file) {
  let handle;
  try {
    handle = await open(file, READ_FLAGS);
  } catch (error) {
    if (["ELOOP", "EMLINK", "ENXIO", "EISDIR"].includes(systemCode(error) ?? "")) throw notRegular(file);
    throw error;
  }
  try {
    const facts = await handle.stat({ bigint: true });
    if (!facts.isFile()) throw notRegular(file);
    return { handle, facts };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
function notRegular(file) {
  return new ArchiveError(
    "STORE_DENIED",
    `something that is not a file stands in its place: ${printablePath(file)}`,
    {
      hint: "links, pipes and devices inside of the archive directory are neither followed nor opened; look at it with ls -l, and move it away or replace it by the file"
    }
  );
}
async function rootExists(root2) {
  try {
    const facts = await stat2(root2);
    if (facts.isDirectory()) return true;
    throw wrongRoot(root2, "is not a directory");
  } catch (error) {
    if (systemCode(error) === "ENOTDIR")
      throw wrongRoot(root2, "lies below something that is not a directory");
    if (systemCode(error) === "ELOOP") throw wrongRoot(root2, "is a symbolic link that leads to itself");
    if (!isMissing(error)) throw error;
  }
  const link3 = await lstat(root2).catch(() => void 0);
  if (link3?.isSymbolicLink() === true) throw wrongRoot(root2, "is a symbolic link to nothing");
  if (await liesBelowDanglingLink(root2)) throw wrongRoot(root2, "lies below a symbolic link to nothing");
  return false;
}
async function liesBelowDanglingLink(path6) {
  const parent = dirname(path6);
  if (parent === path6) return false;
  const facts = await lstat(parent).catch(() => void 0);
  return facts === void 0 ? liesBelowDanglingLink(parent) : facts.isSymbolicLink();
}
function wrongRoot(root2, why) {
  return new ArchiveError("STORE_MISSING", `${printablePath(root2)} ${why}`, {
    hint: "name the directory of the archive in ARCHIVE_STORE (file:PATH); one that is not there yet is made by the first recording"
  });
}

// src/store/directory/paths.ts
var METADATA_SUFFIX = ".metadata.json";
var PARTIAL_SUFFIX = ".partial";
var METADATA_PARTIAL_SUFFIX = ".metadata.partial";
var ATTEMPT_DIGITS = 12;
var TEMPORARY_NAME = new RegExp(`.\\.[0-9a-f]{${ATTEMPT_DIGITS}}(?:\\.metadata)?\\.partial$`);
var MAX_SEGMENT_BYTES = 255 - 1 - ATTEMPT_DIGITS - METADATA_PARTIAL_SUFFIX.length;
function placeOf(root2, key) {
  assertObjectKey(key);
  const segments = key.split("/");
  const problem = segments.map(whyUnfit).find((why) => why !== void 0);
  if (problem !== void 0) throw invalidKey(key, problem);
  const data = path2.join(root2, ...segments);
  return {
    key,
    directory: path2.dirname(data),
    name: path2.basename(data),
    data,
    record: data + METADATA_SUFFIX
  };
}
function isFitName(name) {
  return whyUnfit(name) === void 0;
}
function whyUnfit(name) {
  if (name.endsWith(METADATA_SUFFIX) || name.endsWith(PARTIAL_SUFFIX)) {
    return `ends in ${METADATA_SUFFIX} or ${PARTIAL_SUFFIX}, as files of the store itself do`;
  }
  return name.length > MAX_SEGMENT_BYTES ? `has a name of more than ${MAX_SEGMENT_BYTES} bytes` : void 0;
}
function attemptFiles(place, attempt) {
  const base = `${place.data}.${attempt}`;
  return { data: base + PARTIAL_SUFFIX, record: base + METADATA_PARTIAL_SUFFIX };
}
function attemptsAmong(place, names2) {
  return names2.flatMap((name) => {
    const attempt = name.slice(place.name.length + 1, -PARTIAL_SUFFIX.length);
    const isAttempt = attempt.length === ATTEMPT_DIGITS && /^[0-9a-f]+$/.test(attempt);
    return isAttempt && name === `${place.name}.${attempt}${PARTIAL_SUFFIX}` ? [attempt] : [];
  });
}
function recordName(name) {
  return name + METADATA_SUFFIX;
}
function ownerOfRecord(name) {
  return name.endsWith(METADATA_SUFFIX) ? name.slice(0, -METADATA_SUFFIX.length) : void 0;
}
function isTemporaryName(name) {
  return TEMPORARY_NAME.test(name);
}
async function directoryExists(root2, place) {
  if (!await rootExists(root2)) return false;
  for (const directory of chain(root2, place)) {
    if (!await isRealDirectory(directory)) return false;
  }
  return true;
}
async function makeDirectory(root2, place) {
  if (!await rootExists(root2)) await makeDirectories(root2);
  for (const directory of chain(root2, place)) {
    if (await isRealDirectory(directory)) continue;
    try {
      await mkdir2(directory);
      await syncDirectory(path2.dirname(directory));
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      if (!await isRealDirectory(directory)) {
        if (!(await lstat2(directory)).isFile()) throw notRegular(directory);
        throw new ArchiveError("KEY_COLLISION", "an object stands where this key needs a directory", {
          hint: 'a directory store cannot hold both "a" and "a/b"',
          details: { key: place.key }
        });
      }
    }
  }
}
function chain(root2, place) {
  const between = path2.relative(root2, place.directory).split(path2.sep).filter((segment) => segment !== "");
  return between.map((_, index) => path2.join(root2, ...between.slice(0, index + 1)));
}
async function isRealDirectory(directory) {
  try {
    const stat4 = await lstat2(directory);
    if (stat4.isSymbolicLink()) throw linkInTheWay(directory);
    return stat4.isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
function linkInTheWay(link3) {
  const message = `a symbolic link stands inside the archive directory: ${printablePath(link3)}`;
  return new ArchiveError("STORE_DENIED", message, {
    hint: "links are not followed, because they can lead out of the archive; replace it by what it points to"
  });
}
async function syncDirectory(directory) {
  if (process.platform === "win32") return;
  const handle = await open2(directory, constants2.O_RDONLY | constants2.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// src/store/directory/partial-file.ts
import { createHash } from "node:crypto";
import { open as open3, stat as stat3 } from "node:fs/promises";
var BLOCK_BYTES = 1024 * 1024;
var PRIVATE_MODE = 384;
var READ_BY_OTHERS = 36;
async function writeFile(file, chunks) {
  const handle = await openPrivate(file);
  const hash = createHash("sha256");
  let size = 0;
  let writing = Promise.resolve();
  try {
    let block;
    let spare;
    let filled = 0;
    const flush = async () => {
      await writing;
      if (block === void 0 || filled === 0) return;
      hash.update(block.subarray(0, filled));
      writing = writeWhole(handle, block.subarray(0, filled), size);
      writing.catch(() => {
      });
      size += filled;
      filled = 0;
      [block, spare] = [spare, block];
    };
    for await (const chunk of chunks) {
      for (let taken = 0; taken < chunk.byteLength; ) {
        block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
        const length = Math.min(chunk.byteLength - taken, BLOCK_BYTES - filled);
        block.set(chunk.subarray(taken, taken + length), filled);
        taken += length;
        filled += length;
        if (filled === BLOCK_BYTES) await flush();
      }
    }
    await flush();
    await writing;
    await handle.sync();
  } finally {
    await writing.catch(() => {
    });
    await handle.close();
  }
  return { size, sha256: hash.digest("hex") };
}
async function openPrivate(file) {
  const handle = await open3(file, "wx", PRIVATE_MODE);
  try {
    await handle.chmod(PRIVATE_MODE);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
async function publishMode(file, directory) {
  try {
    const { mode } = await stat3(directory);
    const readers = mode & READ_BY_OTHERS;
    if (readers === 0) return;
    const { handle } = await openRegular(file);
    try {
      await handle.chmod(PRIVATE_MODE | readers);
    } finally {
      await handle.close();
    }
  } catch {
  }
}
async function writeText(file, text4) {
  const handle = await openPrivate(file);
  try {
    await handle.writeFile(text4);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
async function writeWhole(handle, block, position) {
  for (let done = 0; done < block.byteLength; ) {
    const { bytesWritten } = await handle.write(block, done, block.byteLength - done, position + done);
    done += bytesWritten;
  }
}
async function verifyFile(file, expected, key) {
  const { handle } = await openRegular(file);
  const hash = createHash("sha256");
  let size = 0;
  try {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, expected.size + 1));
    for (; ; ) {
      const { bytesRead } = await handle.read(block, 0, block.byteLength, size);
      if (bytesRead === 0) break;
      hash.update(block.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await handle.close();
  }
  if (size !== expected.size || hash.digest("hex") !== expected.sha256) {
    throw new ArchiveError("STORE_MISMATCH", "the file read back is not what was written", {
      details: { key, sent: expected.size, stored: size }
    });
  }
}

// src/store/directory/commit.ts
async function commit(place, files) {
  const inTheWay = await lstat3(place.record).catch(ignoreMissing);
  if (inTheWay !== void 0 && !inTheWay.isFile()) throw notRegular(place.record);
  await syncDirectory(place.directory);
  try {
    await link(files.data, place.data);
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw linkError(error, place.key);
  }
  await publishRecord(place, files);
  return true;
}
async function settle(place) {
  if (await exists(place.record)) return false;
  const object3 = await lstat3(place.data, { bigint: true }).catch(ignoreMissing);
  const attempts = attemptsAmong(place, await readdir(place.directory));
  for (const attempt of attempts) {
    const files = attemptFiles(place, attempt);
    const partial = await lstat3(files.data, { bigint: true }).catch(ignoreMissing);
    if (partial !== void 0 && partial.ino === object3?.ino && partial.dev === object3.dev) {
      await publishRecord(place, files);
      return false;
    }
  }
  return attempts.length > 0;
}
async function publishRecord(place, files) {
  try {
    await rename(files.record, place.record);
  } catch (error) {
    if (!isMissing(error) || !await exists(place.record)) throw error;
  }
  await syncDirectory(place.directory);
  await removeFile(files.data).catch(() => {
  });
  await publishMode(place.data, place.directory);
  await publishMode(place.record, place.directory);
}
async function removeFile(file) {
  await unlink(file).catch(ignoreMissing);
}
async function exists(file) {
  return await lstat3(file).catch(ignoreMissing) !== void 0;
}
function ignoreMissing(error) {
  if (!isMissing(error)) throw error;
  return void 0;
}

// src/store/measured-body.ts
function measureBody(body, contentLength, budget, clock) {
  let bytes2 = 0;
  let failed = false;
  let failure;
  let stopped;
  let interrupt;
  const stop = (reason) => {
    stopped ??= reason;
    interrupt?.(stopped);
  };
  async function* measure() {
    const { signal } = budget;
    const iterator = (body instanceof Uint8Array ? inOnePiece(body) : body)[Symbol.asyncIterator]();
    const onAbort = () => stop(abortReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    let open4 = true;
    const next = () => new Promise((resolve, reject) => {
      interrupt = reject;
      iterator.next().then(resolve, (error) => {
        open4 = false;
        failed = true;
        failure = error;
        reject(error);
      });
    });
    try {
      for (; ; ) {
        if (stopped !== void 0) throw stopped;
        ensureTimeLeft(clock, budget);
        const result = await next();
        if (result.done === true) {
          open4 = false;
          break;
        }
        bytes2 += result.value.byteLength;
        if (contentLength !== void 0 && bytes2 > contentLength) throw wrongLength(contentLength, "longer");
        if (result.value.byteLength > 0) yield result.value;
      }
      if (contentLength !== void 0 && bytes2 < contentLength) throw wrongLength(contentLength, "shorter");
    } finally {
      signal.removeEventListener("abort", onAbort);
      if (open4) void Promise.resolve(iterator.return?.()).catch(() => {
      });
    }
  }
  return { chunks: measure(), stop, threw: (error) => failed && error === failure };
}
async function* inOnePiece(body) {
  yield body;
}
function wrongLength(contentLength, how) {
  return new ArchiveError("STORE_MISMATCH", `the body is ${how} than the ${contentLength} bytes announced`, {
    details: { contentLength }
  });
}

// src/store/directory/stat.ts
import { lstat as lstat4 } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

// src/store/directory/metadata-file.ts
var SCHEMA_VERSION = 1;
var MAX_FILE_BYTES = 16 * 1024;
function formatRecord(record2) {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...record2 }, null, 2)}
`;
}
async function readRecord(path6) {
  let text4;
  try {
    const { handle } = await openRegular(path6);
    try {
      const buffer = Buffer.allocUnsafe(MAX_FILE_BYTES);
      const { bytesRead } = await handle.read(buffer, 0, MAX_FILE_BYTES, 0);
      text4 = buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return void 0;
    throw error;
  }
  return parseRecord(text4, path6);
}
function parseRecord(text4, path6) {
  let parsed;
  try {
    parsed = JSON.parse(text4);
  } catch {
    throw malformed(path6);
  }
  if (typeof parsed !== "object" || parsed === null) throw malformed(path6);
  const { schemaVersion, key, size, sha256, contentType, metadata } = parsed;
  if (schemaVersion !== SCHEMA_VERSION || typeof key !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256) || typeof contentType !== "string" || typeof metadata !== "object" || metadata === null || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw malformed(path6);
  }
  return { key, size, sha256, contentType, metadata };
}
function malformed(path6) {
  const named = path6 === void 0 ? "" : `: ${printablePath(path6)}`;
  return new ArchiveError("OBJECT_MALFORMED", `the metadata file beside the object is damaged${named}`);
}

// src/store/directory/stat.ts
var MAX_LOOKS = 8;
var FIRST_WAIT_MS = 2;
function isSameVersion(one, other) {
  return one.ino === other.ino && one.dev === other.dev && one.size === other.size && one.mtimeNs === other.mtimeNs;
}
async function findObject(root2, place) {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    if (look > 0) await sleep(FIRST_WAIT_MS * 2 ** (look - 1));
    if (!await directoryExists(root2, place)) return void 0;
    const file = await lstatObject(place);
    if (file === void 0) return void 0;
    let record2 = await readRecord(place.record);
    let busy = false;
    if (record2 === void 0) {
      busy = await settle(place);
      record2 = await readRecord(place.record);
    }
    const again = await lstatObject(place);
    if (again === void 0 || !isSameVersion(file, again)) continue;
    if (record2 === void 0 && busy && look < MAX_LOOKS - 1) continue;
    if (record2 !== void 0) assertSameKey(record2, place);
    return { stat: describe(place, file, record2), version: file };
  }
  throw changing(place);
}
function changing({ key }) {
  return new ArchiveError("STORE_UNAVAILABLE", "the object was replaced while it was read", {
    details: { key }
  });
}
function describe(place, file, record2) {
  return {
    key: place.key,
    size: Number(file.size),
    metadata: record2?.metadata ?? {},
    contentType: record2?.contentType,
    etag: void 0,
    checksum: record2 && { type: "full", sha256: toBase64(record2.sha256) },
    lastModified: modifiedAt(file)
  };
}
function modifiedAt({ mtimeNs }) {
  return Math.round(Number(mtimeNs) / 1e6);
}
function toBase64(hex) {
  return Buffer.from(hex, "hex").toString("base64");
}
async function isTaken(place) {
  const file = await lstat4(place.data).catch((error) => {
    if (isMissing(error)) return void 0;
    throw error;
  });
  if (file === void 0) return false;
  if (file.isDirectory()) {
    throw new ArchiveError("KEY_COLLISION", "a directory of other objects stands under this key", {
      hint: 'a directory store cannot hold both "a" and "a/b"',
      details: { key: place.key }
    });
  }
  if (file.isSymbolicLink()) throw linkInTheWay(place.data);
  if (!file.isFile()) throw notRegular(place.data);
  await settle(place);
  const record2 = await readRecord(place.record);
  if (record2 !== void 0) assertSameKey(record2, place);
  return true;
}
async function lstatObject(place) {
  try {
    const file = await lstat4(place.data, { bigint: true });
    if (file.isSymbolicLink()) throw linkInTheWay(place.data);
    if (!file.isFile() && !file.isDirectory()) throw notRegular(place.data);
    return file.isFile() ? file : void 0;
  } catch (error) {
    if (isMissing(error)) return void 0;
    throw error;
  }
}
function assertSameKey(record2, place) {
  if (record2.key !== place.key && record2.key.toLowerCase() === place.key.toLowerCase()) {
    throw new ArchiveError(
      "KEY_COLLISION",
      "this file system takes keys that differ in case only for the same one",
      {
        details: { key: place.key }
      }
    );
  }
}

// src/store/directory/get.ts
var READ_BYTES = 256 * 1024;
var MAX_READS = 8;
function getFrom(root2, clock) {
  return async (key, budget, range) => {
    assertRange(range);
    const place = placeOf(root2, key);
    ensureTimeLeft(clock, budget);
    try {
      for (let tries = 1; ; tries += 1) {
        const found = await findObject(root2, place);
        if (found === void 0) {
          throw new ArchiveError("OBJECT_NOT_FOUND", "there is no such object", { details: { key } });
        }
        const { stat: stat4, version } = found;
        if (range !== void 0 && range.first >= stat4.size)
          throw rangeNotSatisfiable(key, range.first, stat4.size);
        const first = range?.first ?? 0;
        const end = Math.min(range === void 0 ? stat4.size : range.last + 1, stat4.size);
        if (end - first > READ_BYTES)
          return { stat: stat4, body: read({ place, version, first, end }, () => ensureTimeLeft(clock, budget)) };
        const bytes2 = await readPiece(place, version, first, end);
        if (bytes2 !== void 0) return { stat: stat4, body: inOnePiece(bytes2) };
        if (tries === MAX_READS) throw changing(place);
      }
    } catch (error) {
      throw directoryError(error, "reading", key);
    }
  };
}
async function* read({ place, version, first, end }, ensureTime) {
  let file;
  try {
    const opened = await openRegular(place.data);
    file = opened.handle;
    if (!isSameVersion(opened.facts, version)) throw changing(place);
    for (let at = first; at < end; ) {
      ensureTime();
      const block = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
      const { bytesRead } = await file.read(block, 0, block.byteLength, at);
      if (bytesRead === 0) throw endedEarly(place, end, at);
      at += bytesRead;
      yield block.subarray(0, bytesRead);
    }
  } catch (error) {
    throw directoryError(error, "reading", place.key);
  } finally {
    await file?.close();
  }
}
async function readPiece(place, version, first, end) {
  const opened = await openRegular(place.data).catch((error) => {
    if (isMissing(error)) return void 0;
    throw error;
  });
  if (opened === void 0) return void 0;
  const { handle, facts } = opened;
  try {
    if (!isSameVersion(facts, version)) return void 0;
    const bytes2 = Buffer.allocUnsafe(end - first);
    for (let filled = 0; filled < bytes2.byteLength; ) {
      const { bytesRead } = await handle.read(bytes2, filled, bytes2.byteLength - filled, first + filled);
      if (bytesRead === 0) throw endedEarly(place, end, first + filled);
      filled += bytesRead;
    }
    return bytes2;
  } finally {
    await handle.close();
  }
}
function endedEarly({ key }, expected, read2) {
  return new ArchiveError("STORE_UNAVAILABLE", "the object ended early while it was read", {
    details: { key, expected, read: read2 }
  });
}

// src/store/directory/pin.ts
function pinFrom(root2, clock) {
  return async (key, budget) => {
    const place = placeOf(root2, key);
    ensureTimeLeft(clock, budget);
    try {
      if (!await directoryExists(root2, place)) return void 0;
      const opened = await openRegular(place.data).catch((error) => {
        if (isMissing(error)) return void 0;
        throw error;
      });
      if (opened === void 0) return void 0;
      const { handle, facts } = opened;
      return {
        size: Number(facts.size),
        close: () => handle.close(),
        read: async (first, end) => {
          ensureTimeLeft(clock, budget);
          const bytes2 = Buffer.allocUnsafeSlow(end - first);
          for (let filled = 0; filled < bytes2.byteLength; ) {
            const { bytesRead } = await handle.read(bytes2, filled, bytes2.byteLength - filled, first + filled);
            if (bytesRead === 0) {
              throw new ArchiveError("STORE_UNAVAILABLE", "the object ended early while it was read", {
                details: { key, expected: end, read: first + filled }
              });
            }
            filled += bytesRead;
          }
          return bytes2;
        }
      };
    } catch (error) {
      throw directoryError(error, "reading", key);
    }
  };
}

// src/store/directory/put.ts
import { randomBytes } from "node:crypto";
import { lstat as lstat5 } from "node:fs/promises";
function putInto(root2, clock) {
  return async (key, body, options, budget) => {
    const place = placeOf(root2, key);
    assertPutOptions(options);
    ensureTimeLeft(clock, budget);
    const files = attemptFiles(place, randomBytes(ATTEMPT_DIGITS / 2).toString("hex"));
    const source = measureBody(body, options.contentLength, budget, clock);
    let committed = false;
    try {
      await makeDirectory(root2, place);
      if (await isTaken(place)) return { outcome: "exists" };
      const written = await writeFile(files.data, source.chunks);
      const { metadata, contentType } = options;
      await writeText(files.record, formatRecord({ key, ...written, contentType, metadata }));
      await verifyFile(files.data, written, key);
      ensureTimeLeft(clock, budget);
      committed = await commit(place, files);
      if (!committed && await isTaken(place)) return { outcome: "exists" };
      const stat4 = (await findObject(root2, place))?.stat;
      if (stat4?.size !== written.size || stat4.checksum?.sha256 !== toBase64(written.sha256)) {
        throw new ArchiveError("STORE_MISMATCH", "the object that stands there is not what was written", {
          details: { key }
        });
      }
      return { outcome: "stored", stat: stat4 };
    } catch (error) {
      if (source.threw(error)) throw error;
      throw directoryError(error, "storing", key);
    } finally {
      if (!committed) await discard(place, files);
    }
  };
}
async function discard(place, files) {
  if (await sameFile(files.data, place.data)) {
    await settle(place).catch(() => {
    });
    if (await exists(place.record).catch(() => false)) await removeFile(files.data).catch(() => {
    });
    return;
  }
  await Promise.allSettled([removeFile(files.data), removeFile(files.record)]);
}
async function sameFile(a, b) {
  const [left, right] = await Promise.all(
    [a, b].map((file) => lstat5(file, { bigint: true }).catch(() => void 0))
  );
  return left !== void 0 && left.ino === right?.ino && left.dev === right.dev;
}

// src/store/directory/replace.ts
import { randomBytes as randomBytes2 } from "node:crypto";
import { link as link2, rename as rename3 } from "node:fs/promises";

// src/store/directory/replace-lock.ts
import { lstat as lstat6, rename as rename2 } from "node:fs/promises";
import { setTimeout as sleep2 } from "node:timers/promises";
var STALE_MS = 1e4;
var WAIT_MS = 3e4;
var LOOK_EVERY_MS = 5;
var LOCK_ATTEMPT = "0".repeat(ATTEMPT_DIGITS);
async function withReplaceLock(place, work) {
  const file = attemptFiles(place, LOCK_ATTEMPT).record;
  const own = await acquire(place, file);
  const isOwn = async () => await inodeOf(file) === own;
  try {
    return await work({
      assertHeld: async () => {
        if (!await isOwn()) throw contended(place);
      }
    });
  } finally {
    if (await isOwn().catch(() => false)) await removeFile(file).catch(() => {
    });
  }
}
async function acquire(place, file) {
  const giveUpAt = Date.now() + WAIT_MS;
  for (; ; ) {
    try {
      await writeText(file, "");
      return await inodeOf(file);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    await breakStale(place, file);
    if (Date.now() > giveUpAt) throw contended(place);
    await sleep2(LOOK_EVERY_MS * (1 + Math.random()));
  }
}
async function breakStale(place, file) {
  const facts = await lstat6(file).catch(ignoreMissing2);
  if (facts === void 0 || Math.abs(Date.now() - facts.mtimeMs) < STALE_MS) return;
  const grave = attemptFiles(place, `${LOCK_ATTEMPT.slice(1)}1`).record;
  await rename2(file, grave).catch(ignoreMissing2);
  await removeFile(grave);
}
async function inodeOf(file) {
  return (await lstat6(file, { bigint: true }).catch(ignoreMissing2))?.ino;
}
function ignoreMissing2(error) {
  if (!isMissing(error)) throw error;
  return void 0;
}
function contended({ key }) {
  return new ArchiveError("STORE_UNAVAILABLE", "the object is being replaced by others", {
    details: { key }
  });
}

// src/store/directory/replace.ts
async function replaceFiles({ place, expected, statOf }, body, options) {
  const files = newAttempt(place);
  const second = newAttempt(place);
  let done = false;
  try {
    if (!isSame(expected, await statOf(place))) return { outcome: "changed" };
    const written = await writeFile(files.data, inOnePiece(body));
    const { metadata, contentType } = options;
    await writeText(files.record, formatRecord({ key: place.key, ...written, contentType, metadata }));
    await verifyFile(files.data, written, place.key);
    return await withReplaceLock(place, async (lock) => {
      if (!isSame(expected, await statOf(place))) return { outcome: "changed" };
      await link2(files.data, second.data);
      await syncDirectory(place.directory);
      await lock.assertHeld();
      await removeFile(place.record);
      await rename3(second.data, place.data);
      done = true;
      await settle(place);
      const stat4 = await statOf(place);
      return stat4 === void 0 ? { outcome: "changed" } : { outcome: "replaced", stat: stat4 };
    });
  } finally {
    await removeFile(second.data);
    if (!done) await Promise.all([removeFile(files.data), removeFile(files.record)]);
  }
}
async function replaceRecord({ place, expected, statOf }, metadata) {
  const { record: file } = newAttempt(place);
  if (!isSame(expected, await statOf(place))) return { outcome: "changed" };
  try {
    return await withReplaceLock(place, async (lock) => {
      if (!isSame(expected, await statOf(place))) return { outcome: "changed" };
      const record2 = await readRecord(place.record);
      if (record2 === void 0) return { outcome: "unsupported", reason: "the object has no metadata file" };
      await writeText(file, formatRecord({ ...record2, metadata }));
      await lock.assertHeld();
      await rename3(file, place.record);
      await syncDirectory(place.directory);
      await publishMode(place.record, place.directory);
      const stat4 = await statOf(place);
      return stat4 === void 0 ? { outcome: "changed" } : { outcome: "replaced", stat: stat4 };
    });
  } finally {
    await removeFile(file);
  }
}
var newAttempt = (place) => attemptFiles(place, randomBytes2(ATTEMPT_DIGITS / 2).toString("hex"));
function isSame(expected, found) {
  if (found === void 0) return false;
  const names2 = Object.keys(expected.metadata);
  return expected.size === found.size && expected.checksum?.sha256 === found.checksum?.sha256 && expected.lastModified === found.lastModified && names2.length === Object.keys(found.metadata).length && names2.every((name) => expected.metadata[name] === found.metadata[name]);
}

// src/store/directory/uploads.ts
import { lstat as lstat7, readdir as readdir2 } from "node:fs/promises";
import path3 from "node:path";
var TEMPORARY = new RegExp(`^(.+)\\.([0-9a-f]{${ATTEMPT_DIGITS}})\\.(?:metadata\\.)?partial$`);
async function* listDirectoryUploads(root2, above = "") {
  const directory = path3.join(root2, above);
  const seen = /* @__PURE__ */ new Set();
  for (const entry of await entriesOf(directory)) {
    if (entry.isDirectory()) yield* listDirectoryUploads(root2, `${above}${entry.name}/`);
    const [, name, id2] = TEMPORARY.exec(entry.name) ?? [];
    if (!entry.isFile() || name === void 0 || id2 === void 0) continue;
    const key = above + name;
    if (!isObjectKey(key) || seen.has(`${name}.${id2}`)) continue;
    seen.add(`${name}.${id2}`);
    const startedAt = await modifiedAt2(path3.join(directory, entry.name));
    if (startedAt !== void 0) yield { key, id: id2, startedAt };
  }
}
async function removeAttempt(root2, { key, id: id2 }) {
  const place = placeOf(root2, key);
  const files = attemptFiles(place, id2);
  if (await exists(place.data)) {
    await settle(place);
    if (!await exists(place.record)) return;
  }
  await removeFile(files.data);
  await removeFile(files.record);
}
async function entriesOf(directory) {
  try {
    return (await readdir2(directory, { withFileTypes: true })).sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
async function modifiedAt2(file) {
  try {
    return Math.round((await lstat7(file)).mtimeMs);
  } catch (error) {
    if (isMissing(error)) return void 0;
    throw error;
  }
}

// src/store/directory/walk.ts
import { readdir as readdir3 } from "node:fs/promises";
import path4 from "node:path";
async function* walkObjects(root2, prefix, { onOther } = {}) {
  yield* walk(root2, "", prefix, onOther);
}
async function* walk(directory, above, prefix, onOther) {
  let entries;
  try {
    entries = await readdir3(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const names2 = new Set(entries.map((entry) => entry.name));
  if (onOther !== void 0) {
    for (const name of entries.filter((entry) => isOther(entry, names2)).map((entry) => above + entry.name)) {
      if (name.startsWith(prefix)) onOther(name);
    }
  }
  const sorted = entries.filter((entry) => (entry.isDirectory() || entry.isFile()) && isFitName(entry.name)).map((entry) => ({ name: entry.name, key: `${above}${entry.name}${entry.isDirectory() ? "/" : ""}` })).sort((a, b) => a.key < b.key ? -1 : 1);
  for (const { name, key } of sorted) {
    if (key.endsWith("/")) {
      if (key.startsWith(prefix) || prefix.startsWith(key))
        yield* walk(path4.join(directory, name), key, prefix, onOther);
    } else if (key.startsWith(prefix) && isObjectKey(key)) {
      yield { key, hasRecord: names2.has(recordName(name)) };
    }
  }
}
function isOther(entry, names2) {
  const { name } = entry;
  if (!entry.isDirectory() && !entry.isFile()) return true;
  if (isTemporaryName(name)) return false;
  const owner = ownerOfRecord(name);
  if (owner !== void 0) return !names2.has(owner);
  return !isFitName(name) || !isObjectKey(name);
}

// src/store/directory/directory-store.ts
function createDirectoryStore(directory, clock = systemClock) {
  const root2 = path5.resolve(directory);
  async function head(key, budget) {
    const place = placeOf(root2, key);
    ensureTimeLeft(clock, budget);
    try {
      return await statOf(place);
    } catch (error) {
      throw directoryError(error, "reading", key);
    }
  }
  async function* list(prefix, budget, options = {}) {
    assertListPrefix(prefix);
    try {
      ensureTimeLeft(clock, budget);
      await rootExists(root2);
      for await (const { key, hasRecord } of walkObjects(root2, prefix, options)) {
        ensureTimeLeft(clock, budget);
        const place = placeOf(root2, key);
        const file = await lstatObject(place);
        if (file === void 0) continue;
        if (!hasRecord) await settle(place);
        const etag = `"${file.ino.toString(36)}-${file.mtimeNs.toString(36)}-${file.size.toString(36)}"`;
        yield { key, size: Number(file.size), lastModified: modifiedAt(file), etag };
      }
    } catch (error) {
      throw directoryError(error, "listing");
    }
  }
  const statOf = async (place) => (await findObject(root2, place))?.stat;
  async function* listUploads(budget) {
    try {
      await rootExists(root2);
      for await (const upload of listDirectoryUploads(root2)) {
        ensureTimeLeft(clock, budget);
        yield upload;
      }
    } catch (error) {
      throw directoryError(error, "listing");
    }
  }
  async function abortUpload(upload, budget) {
    ensureTimeLeft(clock, budget);
    try {
      await removeAttempt(root2, upload);
    } catch (error) {
      throw directoryError(error, "cleaning up", upload.key);
    }
  }
  const replacing = async (key, budget, work) => {
    const place = placeOf(root2, key);
    ensureTimeLeft(clock, budget);
    try {
      return await work(place);
    } catch (error) {
      throw directoryError(error, "replacing", key);
    }
  };
  return {
    location: `file:${root2}`,
    put: putInto(root2, clock),
    head,
    get: getFrom(root2, clock),
    pin: pinFrom(root2, clock),
    list,
    replace: (expected, body, options, budget) => {
      assertPutOptions(options);
      return replacing(
        expected.key,
        budget,
        (place) => replaceFiles({ place, expected, statOf }, body, options)
      );
    },
    replaceMetadata: (expected, metadata, budget) => {
      assertPutOptions({ metadata, contentType: "application/octet-stream" });
      return replacing(expected.key, budget, (place) => replaceRecord({ place, expected, statOf }, metadata));
    },
    listUploads,
    abortUpload
  };
}

// src/parquet/read-table.ts
import { gunzipSync } from "node:zlib";
import {
  parquetMetadataAsync,
  parquetScan
} from "hyparquet";
var TAIL_BYTES = 12 * 1024;
var MIN_COLUMNS_AT_ONCE = 4;
var MAX_GROUP_BYTES = 4 * 1024 * 1024;
var compressors = {
  GZIP: (bytes2, length) => {
    const opened = gunzipSync(bytes2, { maxOutputLength: Math.max(length, 1) });
    return new Uint8Array(opened.buffer, opened.byteOffset, opened.byteLength);
  }
};
var parsers = { timestampFromMilliseconds: (ms) => Number(ms) };
async function openTable(file, name) {
  const buffer = withTail(file);
  const metadata = await reading(
    name,
    () => parquetMetadataAsync(buffer, { initialFetchSize: TAIL_BYTES, parsers, geoparquet: false })
  );
  const facts = Object.fromEntries(
    (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""])
  );
  const columns = columnsOf(metadata);
  const rows = Number(metadata.num_rows);
  const scanOf = (options) => parquetScan({
    file: buffer,
    metadata,
    compressors,
    parsers,
    geoparquet: false,
    useBloomFilters: true,
    usePageIndex: true,
    ...options
  });
  const read2 = (column2, range) => {
    if (!columns.has(column2.name)) return Promise.resolve(nulls(range));
    return reading(name, async () => readColumn(await scanOf({ columns: [column2.name] }), column2, range));
  };
  return {
    rows,
    facts,
    columns,
    candidates: (pruning) => reading(name, async () => {
      const filter = filterOf(pruning, columns);
      if (filter === "none") return [];
      const { ranges } = await scanOf(filter === void 0 ? {} : { pruningFilter: filter });
      return ranges.map(({ rowStart, rowEnd }) => ({ from: rowStart, to: rowEnd }));
    }),
    read: read2,
    readAll: async (asked, range) => {
      const bytes2 = asked.length < MIN_COLUMNS_AT_ONCE ? void 0 : bytesOf(metadata, range);
      if (bytes2 !== void 0 && bytes2.end - bytes2.first <= MAX_GROUP_BYTES)
        await buffer.keep(bytes2.first, bytes2.end);
      return Promise.all(asked.map((column2) => read2(column2, range)));
    }
  };
}
async function readColumn(scan, column2, { from, to }) {
  const pieces = [];
  for (const { rowStart, rowEnd } of scan.ranges) {
    const [first, end] = [Math.max(rowStart, from), Math.min(rowEnd, to)];
    if (first < end)
      pieces.push(await scan.readColumn({ column: column2.name, rowStart: first, rowEnd: end }));
  }
  const [only = [], ...more] = pieces;
  const cells = more.length === 0 ? only : pieces.flatMap((piece) => [...piece]);
  if (cells.length !== to - from) throw new Error("other rows than were asked for");
  return column2.type === "int64" ? wide(cells) : withNulls(cells);
}
function withNulls(cells) {
  if (!Array.isArray(cells)) return cells;
  for (let at = 0; at < cells.length; at += 1) if (cells[at] === void 0) cells[at] = null;
  return cells;
}
function wide(cells) {
  return Array.from(
    cells,
    (cell) => typeof cell === "bigint" ? cell : typeof cell === "number" ? BigInt(cell) : null
  );
}
var nulls = ({ from, to }) => Array.from({ length: to - from }, () => null);
function filterOf({ equal, between }, columns) {
  const all = [];
  for (const choices of equal) {
    const any = choices.filter(({ column: column2, values }) => columns.has(column2) && values.length > 0).map(({ column: column2, values }) => ({ [column2]: { $in: [...values] } }));
    const [one2, ...others2] = any;
    if (one2 === void 0) return "none";
    all.push(others2.length === 0 ? one2 : { $or: any });
  }
  if (between !== void 0 && columns.has(between.column)) {
    const { column: column2, from, to } = between;
    const bounds = {
      ...from === void 0 ? {} : { $gte: from },
      ...to === void 0 ? {} : { $lte: to }
    };
    if (Object.keys(bounds).length > 0) all.push({ [column2]: bounds });
  }
  const [one, ...others] = all;
  return others.length === 0 ? one : { $and: all };
}
function columnsOf({ schema }) {
  const names2 = /* @__PURE__ */ new Set();
  const skip = (at) => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child += 1) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; ) {
    names2.add(schema[at]?.name ?? "");
    at = skip(at);
  }
  return names2;
}
function bytesOf({ row_groups: groups }, { from, to }) {
  let first = Number.POSITIVE_INFINITY;
  let end = 0;
  let at = 0;
  for (const { columns, num_rows: rows } of groups) {
    const next = at + Number(rows);
    if (at < to && next > from) {
      for (const { meta_data: meta } of columns) {
        const start = Number(meta?.dictionary_page_offset || meta?.data_page_offset || 0);
        first = Math.min(first, start);
        end = Math.max(end, start + Number(meta?.total_compressed_size ?? 0));
      }
    }
    at = next;
  }
  return end === 0 ? void 0 : { first, end };
}
function withTail(file) {
  const tailFrom = Math.max(0, file.size - TAIL_BYTES);
  let tail;
  let kept;
  const isKept = (first, end) => kept !== void 0 && first >= kept.first && end <= kept.first + kept.bytes.byteLength;
  return {
    byteLength: file.size,
    keep: async (first, end) => {
      if (!isKept(first, end)) kept = { first, bytes: await file.read(first, end) };
    },
    slice: async (first, end = file.size) => {
      if (kept !== void 0 && isKept(first, end))
        return exactly(kept.bytes.subarray(first - kept.first, end - kept.first));
      const bytes2 = first >= tailFrom ? (await (tail ??= file.read(tailFrom, file.size))).subarray(first - tailFrom, end - tailFrom) : await file.read(first, end);
      return exactly(bytes2);
    }
  };
}
function exactly(bytes2) {
  const { buffer, byteOffset, byteLength } = bytes2;
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
async function reading(name, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError("CATALOGUE_UNREADABLE", `${name} is not a file of the catalogue, or is damaged`);
  }
}

// src/parquet/write-table.ts
import { gzipSync } from "node:zlib";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
var PAGE_BYTES = 64 * 1024;
var GZIP_LEVEL = 6;
var FALSE_POSITIVES = 0.01;
var compressors2 = { GZIP: (bytes2) => gzipSync(bytes2, { level: GZIP_LEVEL }) };
function buildTable(columns, facts) {
  const writer = new ByteWriter(1024 * 1024);
  const schema = [{ name: "root", num_children: columns.length }, ...columns.flatMap(describeColumn)];
  const parquet = new ParquetWriter({
    writer,
    schema,
    codec: "GZIP",
    compressors: compressors2,
    kvMetadata: Object.entries(facts).map(([key, value]) => ({ key, value })),
    createdBy: "genesys-media-archive"
  });
  return {
    add: (rows) => {
      if (rows.length === 0) return;
      const columnData = columns.map((column2) => ({
        name: column2.name,
        data: rows.map((row) => row[column2.name] ?? null),
        ...isNumber(column2) ? { encoding: "DELTA_BINARY_PACKED" } : {},
        ...column2.pageIndex === true ? { columnIndex: true } : {},
        ...column2.bloom === true ? { bloomFilter: { fpp: FALSE_POSITIVES } } : {}
      }));
      void parquet.write({ columnData, rowGroupSize: rows.length, pageSize: PAGE_BYTES });
    },
    finish: () => {
      void parquet.finish();
      return writer.getBytes();
    }
  };
}
function describeColumn({ name, type, required }) {
  const repetition_type = required === true ? "REQUIRED" : "OPTIONAL";
  switch (type) {
    case "string":
      return [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type }];
    case "strings":
      return [
        { name, repetition_type, num_children: 1, converted_type: "LIST" },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        { name: "element", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" }
      ];
    case "timestamp":
      return [
        {
          name,
          type: "INT64",
          converted_type: "TIMESTAMP_MILLIS",
          logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
          repetition_type
        }
      ];
    case "int32":
      return [{ name, type: "INT32", repetition_type }];
    case "int64":
      return [{ name, type: "INT64", repetition_type }];
    case "boolean":
      return [{ name, type: "BOOLEAN", repetition_type }];
  }
}
var isNumber = ({ type, bloom }) => (type === "timestamp" || type === "int32" || type === "int64") && bloom !== true;

// src/parquet/tables.ts
var parquetTables = { build: buildTable, open: openTable };

// src/gather-bytes.ts
async function gatherBytes(body, maxBytes, tooLong) {
  const chunks = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

// src/catalogue/pinned.ts
async function openPinned(store2, key, listed, budget) {
  if (store2.pin !== void 0) return store2.pin(key, budget);
  const known = listed ?? await store2.head(key, budget);
  if (known === void 0) return void 0;
  let version;
  return {
    size: known.size,
    close: () => Promise.resolve(),
    read: async (first, end) => {
      const { stat: stat4, body } = await store2.get(key, budget, { first, last: end - 1 });
      if (stat4.size !== known.size || version !== void 0 && !isSame2(version, stat4) || !isSame2(known, stat4)) {
        for await (const rest of body) if (rest.byteLength >= 0) break;
        throw replaced(key);
      }
      version = stat4;
      const bytes2 = await gatherBytes(body, end - first, () => replaced(key));
      if (bytes2.byteLength !== end - first) throw replaced(key);
      return bytes2;
    }
  };
}
function isSame2(known, found) {
  return known.etag === void 0 || found.etag === void 0 || known.etag === found.etag;
}
function replaced(key) {
  return new ArchiveError("STORE_UNAVAILABLE", "a file of the catalogue was replaced while it was read", {
    details: { key }
  });
}

// src/catalogue/schema.ts
var CATALOGUE_SCHEMA = "genesys-media-archive/catalogue/v1";
var column = (name, type, ...[source, meaning, more = {}]) => ({ name, type, source, meaning, ...more });
var REQUIRED = { required: true };
var COLUMNS = [
  column("organization_id", "string", "receipt", "the organization, where the receipt names it"),
  column("conversation_id", "string", "receipt", "null for an object without a receipt", { bloom: true }),
  column("recording_id", "string", "receipt", "the recording", { required: true, bloom: true }),
  column("channel", "string", "receipt", "which file of the recording, where it has several"),
  column("key", "string", "listing", "of the object, below the prefix of the archive", REQUIRED),
  column("receipt_key", "string", "listing", "where the receipt stands; null where the layout says it"),
  column(
    "kind",
    "string",
    "receipt",
    "`archived`, `adopted`, `completed` or `terminal`, as the receipt says"
  ),
  column(
    "state",
    "string",
    "all",
    "`archived`; `missing`: receipt without an object; `unreceipted`: object without a readable receipt; `gone`: the platform had none; `erased`",
    REQUIRED
  ),
  column("storage_class", "string", "listing", "of the object, where the store states it"),
  column(
    "recorded_at",
    "timestamp",
    "receipt",
    "as the recording was filed; the start of the day without a receipt",
    {
      required: true,
      pageIndex: true
    }
  ),
  column("stored_at", "timestamp", "receipt", "of the object, as the store stated it"),
  column("duration_ms", "int32", "facts", "of the conversation"),
  column("bytes", "int64", "listing", "of the object, encrypted"),
  column("media", "string", "receipt", "`call`, `screen`, `chat`, `email` or `message`"),
  column("media_subtype", "string", "facts", "reserved; null"),
  column("content_type", "string", "receipt", "of the recording, as it was downloaded"),
  column("direction", "string", "facts", "`inbound` or `outbound`"),
  column("agent_ids", "strings", "facts", "users, or keyed hashes of them (`ARCHIVE_CATALOGUE_AGENTS=hash`)"),
  column("queue_ids", "strings", "facts", "queues"),
  column("queue_names", "strings", "facts", "of `queue_ids`, in that order, as they were that day"),
  column("division_ids", "strings", "facts", "divisions"),
  column("wrap_up_codes", "strings", "facts", "wrap-up codes"),
  column("wrap_up_names", "strings", "facts", "of `wrap_up_codes`, in that order, as they were that day"),
  column("company_address", "string", "facts", "our side: who was called, or from which number we called"),
  column("customer_hash", "int64", "facts", "keyed hash of the other side; equality shows, numbers do not", {
    bloom: true
  }),
  column("legal_hold", "boolean", "holds", "whether a hold of the archive is on it"),
  column("hold_ids", "strings", "holds", "the holds"),
  column("retain_until", "timestamp", "holds", "until when it must stay, where that is known"),
  column("format", "string", "receipt", "how the object is encrypted"),
  column("key_id", "string", "receipt", "under which key its data key was wrapped when it was stored"),
  column(
    "facts",
    "string",
    "all",
    "`analytics`, `context` or `none`: where what the platform knew is from",
    REQUIRED
  )
];
var COLUMN_BY_NAME = new Map(
  COLUMNS.map((one) => [one.name, one])
);
function columnOf(name) {
  const found = COLUMN_BY_NAME.get(name);
  if (found === void 0) throw new Error(`no column ${name}`);
  return found;
}
var PEOPLE_COLUMNS = [
  column("key_hash", "int64", "all", "first 64 bits of SHA-256 of the key of the object", REQUIRED),
  column("customer", "string", "facts", "number or address of the other side"),
  column("customer_name", "string", "facts", "as the platform had it"),
  column("external_contact_ids", "strings", "facts", "contacts"),
  column("agent_ids", "strings", "facts", "users"),
  column("agent_names", "strings", "facts", "of `agent_ids`, in that order, as they were that day")
];
var ROWS_IN_GROUP = 25e3;

// src/catalogue/day-file.ts
function writeDayFile(tables, rows, facts) {
  const builder = tables.build(COLUMNS, {
    schema: CATALOGUE_SCHEMA,
    ...facts,
    rows: String(rows.length),
    tool: `genesys-media-archive ${"0.0.0"}`
  });
  for (let at = 0; at < rows.length; at += ROWS_IN_GROUP) {
    builder.add(rows.slice(at, at + ROWS_IN_GROUP));
  }
  return builder.finish();
}
async function openDayFile({
  catalogue,
  tables,
  location
}, key, listed, budget) {
  const pinned = await openPinned(catalogue, key, listed, budget);
  if (pinned === void 0) return void 0;
  try {
    const table = await tables.open(pinned, key);
    const facts = table.facts;
    if (facts.schema !== CATALOGUE_SCHEMA)
      throw new ArchiveError("CATALOGUE_UNREADABLE", `${key} is of a schema that this version does not know`);
    if (facts.store !== location) {
      throw new ArchiveError(
        "CATALOGUE_UNREADABLE",
        `${key} is of the archive ${facts.store}, not of ${location}`,
        {
          hint: "check ARCHIVE_STORE and ARCHIVE_CATALOGUE; after an archive was moved, `genesys-archive catalogue rebuild`"
        }
      );
    }
    return { table, facts, close: () => pinned.close() };
  } catch (error) {
    await pinned.close();
    throw error;
  }
}
function* groupsOf({ rows }) {
  for (let from = 0; from < rows; from += ROWS_IN_GROUP)
    yield { from, to: Math.min(from + ROWS_IN_GROUP, rows) };
}
async function readRows(table, range, names2 = COLUMNS.map(({ name }) => name)) {
  const cells = await Promise.all(names2.map((name) => table.read(columnOf(name), range)));
  const rows = [];
  for (let at = 0; at < range.to - range.from; at += 1) {
    const row = {};
    for (const { name } of COLUMNS) row[name] = null;
    for (let index = 0; index < names2.length; index += 1)
      row[names2[index]] = cells[index]?.[at] ?? null;
    rows.push(row);
  }
  return rows;
}

// src/catalogue/places.ts
import { createHash as createHash2 } from "node:crypto";

// src/recording-time.ts
var EARLIEST = Date.UTC(2e3, 0, 1);
var END = Date.UTC(2100, 0, 1);
var LAST_DAY = END - 864e5;
function isPlausibleTime(at) {
  return Number.isInteger(at) && at >= EARLIEST && at < END;
}
var ISO_WITH_ZONE = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(?:Z|z|([+-]\d{2}):?(\d{2}))$/;
function parseRecordingTime(value) {
  if (typeof value === "number") {
    const whole = Math.trunc(value);
    return isPlausibleTime(whole) ? whole : void 0;
  }
  if (typeof value !== "string" || value.length > 40) return void 0;
  const [, date, time6, fraction = "", zoneHours, zoneMinutes = "00"] = ISO_WITH_ZONE.exec(value) ?? [];
  if (date === void 0 || time6 === void 0 || !isCalendarDay(date)) return void 0;
  const seconds = time6.length === 5 ? `${time6}:00` : time6;
  const zone = zoneHours === void 0 ? "Z" : `${zoneHours}:${zoneMinutes}`;
  const at = Date.parse(`${date}T${seconds}.${fraction.padEnd(3, "0").slice(0, 3)}${zone}`);
  return isPlausibleTime(at) ? at : void 0;
}
function parseDay(day) {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && isCalendarDay(day) ? parseRecordingTime(`${day}T00:00:00Z`) : void 0;
}
function isCalendarDay(day) {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(day);
}

// src/catalogue/places.ts
var DAYS_PREFIX = "catalogue/recordings/v1/";
var LOOKUP_PREFIX = "catalogue/lookup/v1/";
var SEARCH_KEYS_PREFIX = "catalogue/keys/";
var RUNS_KEY = "catalogue/runs.json";
var WHOLE_DAY = { index: 0, of: 1 };
var nameOf = (base, { index, of }) => of === 1 ? base : `${base}-${index}-of-${of}`;
var dayFileKey = (day, shard = WHOLE_DAY) => `${DAYS_PREFIX}day=${day}/${nameOf("recordings", shard)}.parquet`;
var DAY_FILE = /^catalogue\/recordings\/v1\/day=(\d{4}-\d{2}-\d{2})\/recordings(?:-(\d+)-of-(\d+))?\.parquet$/;
function parseDayFileKey(key) {
  const [, day = "", index = "0", of = "1"] = DAY_FILE.exec(key) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (parseDay(day) === void 0 || dayFileKey(day, shard) !== key || shard.index >= shard.of)
    return void 0;
  return { day, shard };
}
var shardsOf = (of) => Array.from({ length: of }, (_, index) => ({ index, of }));
function shardOfKey(key, of) {
  if (of === 1) return 0;
  return Math.floor(createHash2("sha256").update(key).digest().readUInt8(0) * of / 256);
}
var LOOKUP_KINDS = ["conversation", "recording", "customer"];
var lookupKey = (kind, month) => `${LOOKUP_PREFIX}${kind}/${month}.parquet`;
function parseLookupKey(key) {
  const [, kind, month] = /^catalogue\/lookup\/v1\/([a-z]+)\/(\d{4}-\d{2})\.parquet$/.exec(key) ?? [];
  const known = LOOKUP_KINDS.find((one) => one === kind);
  return known === void 0 || month === void 0 ? void 0 : { kind: known, month };
}
var searchKeyKey = (serial) => `${SEARCH_KEYS_PREFIX}search-${serial}.json.enc`;
var searchKeyIds = (serial) => ({
  conversationId: "catalogue/v1",
  recordingId: `search-key/${serial}`
});
var DAY_MS = 864e5;
var dayOf = (at) => new Date(at).toISOString().slice(0, 10);
var dayAt = (day) => Date.parse(`${day}T00:00:00Z`);
var nextDay = (day, by = 1) => dayOf(dayAt(day) + by * DAY_MS);

// src/recording-id.ts
var SAFE_ID = /^[A-Za-z0-9._-]{1,128}$/;
var UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
function canonicalId(id2) {
  return UUID_PATTERN.test(id2) ? id2.toLowerCase() : id2;
}
function isSafeId(id2) {
  return typeof id2 === "string" && SAFE_ID.test(id2) && id2 !== "." && id2 !== "..";
}
function shortenForMessage(value) {
  const head = value.slice(0, 24).replace(/[^\x20-\x7e]|["\\]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${head}${value.length > 24 ? "\u2026" : ""}"`;
}

// src/key-template.ts
var DATE_PARTS = ["yyyy", "mm", "dd", "hh"];
var ID_PARTS = ["recordingId", "conversationId", "organizationId"];
var PARTS = [...DATE_PARTS, ...ID_PARTS, "channel"];

// src/record/object-key.ts
var MEDIA_PREFIX = "archive/";
var RECEIPT_PREFIX = "receipts/";
var CHANNEL = /^[A-Za-z0-9_-]{1,32}$/;
var KEY = /^archive\/(\d{4})\/(\d{2})\/(\d{2})\/([A-Za-z0-9_=-]+)(?:\.([A-Za-z0-9_-]{1,32}))?\.enc$/;
function objectKey({ recordingId, channel, at }) {
  if (channel !== void 0 && !CHANNEL.test(channel)) {
    throw new ArchiveError("EVENT_INVALID", `channel ${shortenForMessage(channel)} is not fit for a key`);
  }
  const id2 = requireSafeId(recordingId).replaceAll(".", "=2E");
  return `${datePrefix(at)}${id2}${channel === void 0 ? "" : `.${channel}`}.enc`;
}
function receiptKey(key) {
  return `${RECEIPT_PREFIX}${nameBeside(key)}.json`;
}
function receiptPrefix(prefix) {
  return RECEIPT_PREFIX + (prefix.startsWith(MEDIA_PREFIX) ? prefix.slice(MEDIA_PREFIX.length) : prefix);
}
var AMENDMENT = /\/_[^/]+\.wrap-[0-9a-f]{16}\.json$/;
function objectsOfReceipt(key) {
  if (!key.startsWith(RECEIPT_PREFIX) || !key.endsWith(".json") || AMENDMENT.test(key)) return [];
  const name = key.slice(RECEIPT_PREFIX.length, -".json".length);
  return [`${MEDIA_PREFIX}${name}.enc`, name];
}
function nameBeside(key) {
  return key.startsWith(MEDIA_PREFIX) ? key.slice(MEDIA_PREFIX.length).replace(/\.enc$/, "") : key;
}
function parseObjectKey(key) {
  const [, year, month, day, escapedId, channel] = KEY.exec(key) ?? [];
  if (escapedId === void 0) return void 0;
  const date = `${year}-${month}-${day}`;
  const at = parseDay(date);
  const recordingId = escapedId.replaceAll("=2E", ".");
  if (at === void 0 || !isSafeId(recordingId)) return void 0;
  return { recordingId, channel, date };
}
function datePrefix(at) {
  if (!isPlausibleTime(at)) {
    throw new ArchiveError("EVENT_INVALID", "the time of the recording is not within 2000 to 2099", {
      details: { at }
    });
  }
  return `${MEDIA_PREFIX}${new Date(at).toISOString().slice(0, 10).replaceAll("-", "/")}/`;
}
function requireSafeId(recordingId) {
  if (isSafeId(recordingId)) return recordingId;
  throw new ArchiveError(
    "EVENT_INVALID",
    `recording id ${shortenForMessage(recordingId)} is not fit for a key`
  );
}

// src/record/layout.ts
var DATE_LAYOUT = {
  name: "date",
  source: "date",
  root: MEDIA_PREFIX,
  filedBy: "recording",
  keyOf: ({ ids: { recordingId, channel }, at }) => objectKey({ recordingId, channel, at }),
  parse: parseObjectKey,
  prefixOf: datePrefix
};
function objectOfReceipt(layout, key) {
  return objectsOfReceipt(key).find((object3) => layout.parse(object3) !== void 0);
}

// src/log.ts
var silentLogger = { log: () => {
} };

// src/record/receipt-schema.ts
import * as z from "zod";

// src/json.ts
var MAX_JSON_DEPTH = 64;
var QUOTE = 34;
var BACKSLASH = 92;
function parseForeignJson(text4) {
  if (isNestedTooDeeply(text4)) return void 0;
  try {
    return JSON.parse(text4);
  } catch {
    return void 0;
  }
}
function isNestedTooDeeply(text4) {
  let depth = 0;
  for (let at = 0; at < text4.length; at += 1) {
    const code = text4.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text4, at);
    } else if (code === 91 || code === 123) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (code === 93 || code === 125) {
      depth -= 1;
    }
  }
  return false;
}
function endOfString(text4, start) {
  for (let end = text4.indexOf('"', start + 1); end !== -1; end = text4.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text4.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text4.length;
}

// src/record/canonical-json.ts
var PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
function canonicalJson(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw unsayable("a number that is not finite");
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (PLAIN.test(value)) return `"${value}"`;
    if (/\p{Surrogate}/u.test(value)) throw unsayable("text with a lone surrogate");
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let members = "";
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== void 0)
      members += `${members === "" ? "" : ","}${canonicalJson(name)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}
function isList(value) {
  return Array.isArray(value);
}
function unsayable(what) {
  return new ArchiveError("UNEXPECTED", `JSON cannot hold ${what}`, { retryable: false });
}

// src/record/receipt-schema.ts
var RECEIPT_SCHEMA = "genesys-media-archive/receipt/v1";
var bytes = z.int().min(0);
var sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
var base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
var text = z.string().min(1).max(1024);
var time = z.iso.datetime({ precision: 3 });
var ciphertext = z.strictObject({
  bytes,
  sha256: sha256Hex.exactOptional(),
  leafBytes: z.int().min(1).exactOptional(),
  leaves: z.array(sha256Hex).exactOptional(),
  leavesSha256: sha256Hex.exactOptional()
});
var SIGNATURE = z.strictObject({
  algorithm: z.literal("Ed25519"),
  /** The first 16 hex digits of SHA-256 over the raw 32-byte public key. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  value: base64
});
var receipt = z.strictObject({
  schema: z.literal(RECEIPT_SCHEMA),
  /**
   * `archived`: written by the attempt that stored the object. `adopted`: the object stood there already without a receipt (an
   * attempt was interrupted, or the object is older than receipts), so that only what can be seen of it is stated. `completed`: the
   * object carries the mark of an attempt of this archive that was interrupted before its receipt; `completion` says what is known of
   * it. `terminal`: the platform says that this recording will never be available; there is no object.
   */
  kind: z.enum(["archived", "adopted", "completed", "terminal"]),
  ids: z.strictObject({
    organization: text.exactOptional(),
    conversation: text,
    recording: text,
    channel: text.exactOptional()
  }),
  /** Why there is nothing to archive; with `terminal` only. */
  reason: text.exactOptional(),
  source: z.strictObject({
    contentType: text.exactOptional(),
    contentLength: bytes.exactOptional(),
    etag: text.exactOptional(),
    /** What proved that the download was whole, where it was anything but the host's or the file's own length alone. */
    length: z.enum(["framing", "container", "second-download", "framing+second-download"]).exactOptional(),
    /** How often the connection was resumed, and how often the download was started over. */
    resumes: z.int().min(0),
    restarts: z.int().min(0)
  }).exactOptional(),
  /**
   * With `completed` only. `proof`: the writer's mark in the object's metadata, or a comparison of the decrypted object with a new
   * download. `plaintext`: where the plaintext's hash is from; `unknown` where it is left out.
   */
  completion: z.strictObject({
    proof: z.enum(["mark", "comparison"]),
    plaintext: z.enum(["decrypted", "second-download", "unknown"])
  }).exactOptional(),
  plaintext: z.strictObject({ bytes, sha256: sha256Hex }).exactOptional(),
  ciphertext: ciphertext.exactOptional(),
  object: z.strictObject({
    key: text,
    store: text,
    versionId: text.exactOptional(),
    etag: text.exactOptional(),
    /** As the store keeps it: `full` over the object, `composite` over the digests of its parts, with `-` and their number. */
    checksum: z.strictObject({ type: z.enum(["full", "composite"]), sha256: text }).exactOptional()
  }).exactOptional(),
  /** `metadataSha256` is over the canonical JSON of the object's user metadata, less the members that wrap the data key. */
  envelope: z.strictObject({
    format: text,
    metadataSha256: sha256Hex,
    /** Over the canonical JSON of the members that wrap the data key; absent where the format has none. A rewrap amends it. */
    wrapSha256: sha256Hex.exactOptional(),
    /** How the data key was wrapped, and under which key, when the receipt was issued; a rewrap changes both. */
    wrap: z.enum(["kms+context", "AES/GCM", "RSA-OAEP-SHA1"]).exactOptional(),
    keyId: text.exactOptional()
  }).exactOptional(),
  times: z.strictObject({
    /** Of the recording, as it was filed. */
    recorded: time,
    /** Of the object, as the store states it. */
    stored: time.exactOptional(),
    issued: time
  }),
  tool: z.strictObject({ name: z.literal("genesys-media-archive"), version: text }),
  signature: SIGNATURE.exactOptional()
});
var LARGEST_RECEIPT = 1024 * 1024;
function parseReceipt(json, key) {
  const result = z.safeParse(receipt, parseForeignJson(json));
  if (result.success && `${canonicalJson(result.data)}
` === json) return result.data;
  const where = result.error?.issues[0]?.path.join(".") ?? "";
  throw new ArchiveError(
    "OBJECT_MALFORMED",
    `${key} is not a receipt${where === "" ? "" : `: see ${where}`}`
  );
}

// src/record/small-object.ts
async function getSmall(store2, key, limit, budget) {
  try {
    const { stat: stat4, body } = await store2.get(key, budget);
    if (stat4.size > limit) throw new ArchiveError("OBJECT_MALFORMED", `${key} is larger than ${limit} bytes`);
    const chunks = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    if (error instanceof ArchiveError && error.code === "OBJECT_NOT_FOUND") return void 0;
    throw error;
  }
}

// src/record/read-receipt.ts
async function readReceipt(store2, place, budget) {
  const text4 = await getSmall(store2, place, LARGEST_RECEIPT, budget);
  return text4 === void 0 ? void 0 : parseReceipt(text4, place);
}

// src/catalogue/day-inputs.ts
import { createHash as createHash4 } from "node:crypto";

// src/record/facts-file.ts
import { pipeline, Readable } from "node:stream";
import { createGunzip, createGzip, gzipSync as gzipSync2 } from "node:zlib";
import * as z2 from "zod";
var FACTS_SCHEMA = "genesys-media-archive/facts/v1";
var FACTS_CONVERSATION_ID = "catalogue/v1";
var FACTS_PREFIX = "facts/";
var MAX_LINE_CHARACTERS = 8 * 1024 * 1024;
var id = z2.string().min(1).max(128);
var text2 = z2.string();
var time2 = z2.iso.datetime({ precision: 3 });
var ids = z2.array(id);
var milliseconds = z2.int().min(0);
var names = z2.object({
  status: z2.enum(["known", "forbidden", "not-asked", "failed"]),
  /** By id. */
  names: z2.record(z2.string(), z2.string()).exactOptional()
});
var header = z2.object({
  schema: z2.literal(FACTS_SCHEMA),
  /** `YYYY-MM-DD`, UTC. */
  day: z2.string().refine((day) => parseDay(day) !== void 0),
  source: z2.enum(["analytics-details-job"]),
  /** Of the newest answer; the facts are as old as that. */
  fetchedAt: time2,
  /** `dataAvailabilityDate` as it was before the job began; absent where the client may not ask. */
  dataAvailableUntil: time2.exactOptional(),
  /** From 1. All parts of one writing have the same `writtenBy`. */
  part: z2.int().min(1),
  /** Stated by the first part only, which is written last. */
  parts: z2.int().min(1).exactOptional(),
  /** A random id of the run that wrote the parts. */
  writtenBy: id,
  /** What ids of this organization were called on that day. */
  named: z2.object({ queues: names, wrapUps: names, divisions: names, users: names })
});
var interval = z2.object({ start: time2, end: time2.exactOptional() });
var wrapUp = z2.object({
  code: id,
  note: text2.exactOptional(),
  tags: z2.array(text2).exactOptional(),
  start: time2.exactOptional(),
  end: time2.exactOptional()
});
var session = z2.object({
  id,
  /** In lower case, e.g. `voice`, `chat`, `email`, `message`, `screenshare`. */
  media: text2.exactOptional(),
  direction: text2.exactOptional(),
  provider: text2.exactOptional(),
  /** As stated: `tel:+…`, a SIP address, or words. */
  ani: text2.exactOptional(),
  dnis: text2.exactOptional(),
  addressFrom: text2.exactOptional(),
  addressTo: text2.exactOptional(),
  /** Whether a recording was started; not whether a file was kept. Absent: not stated. */
  recording: z2.boolean().exactOptional(),
  start: time2.exactOptional(),
  end: time2.exactOptional(),
  queueIds: ids,
  holds: z2.array(interval),
  wrapUps: z2.array(wrapUp)
});
var participant = z2.object({
  id,
  /** e.g. `customer`, `external`, `agent`, `acd`, `ivr`. */
  purpose: text2.exactOptional(),
  name: text2.exactOptional(),
  userId: id.exactOptional(),
  teamId: id.exactOptional(),
  externalContactId: id.exactOptional(),
  attributes: z2.record(z2.string(), z2.string()).exactOptional(),
  sessions: z2.array(session)
});
var line = z2.object({
  conversationId: id,
  start: time2,
  /** Absent while the conversation goes on, as far as the platform knew. */
  end: time2.exactOptional(),
  /** `inbound` or `outbound`. */
  direction: text2.exactOptional(),
  divisionIds: ids,
  externalTag: text2.exactOptional(),
  /** Of all sessions, in lower case, each once. */
  media: z2.array(text2),
  /** What was started, by any session or participant. */
  recorded: z2.object({ audio: z2.boolean(), screen: z2.boolean(), snippet: z2.boolean() }),
  /** Of the first session of the customer. Inbound: `ani` is the customer, `dnis` the company; outbound: the other way round. */
  ani: text2.exactOptional(),
  dnis: text2.exactOptional(),
  /** Of all participants, each once, in their order. */
  agentIds: ids,
  queueIds: ids,
  wrapUpCodes: ids,
  durations: z2.object({
    totalMs: milliseconds.exactOptional(),
    talkMs: milliseconds.exactOptional(),
    holdMs: milliseconds.exactOptional(),
    acwMs: milliseconds.exactOptional()
  }),
  participants: z2.array(participant),
  evaluationIds: ids,
  surveyIds: ids
});
function factsKey(day, part = 1) {
  const name = part === 1 ? "conversations" : `conversations-${part}`;
  return `${FACTS_PREFIX}${day.replaceAll("-", "/")}/${name}.ndjson.gz.enc`;
}
function parseFactsKey(key) {
  const found = /^facts\/(\d{4})\/(\d{2})\/(\d{2})\/conversations(?:-([1-9]\d{0,5}))?\.ndjson\.gz\.enc$/.exec(
    key
  );
  if (found === null || found[4] === "1") return void 0;
  const day = `${found[1]}-${found[2]}-${found[3]}`;
  return parseDay(day) === void 0 ? void 0 : { day, part: Number(found[4] ?? "1") };
}
function factsIds(day) {
  return { conversationId: FACTS_CONVERSATION_ID, recordingId: `${FACTS_PREFIX}${day}` };
}
async function readFacts(key, body) {
  const texts = readLines(key, body);
  const first = await texts.next();
  const head = first.done === true ? void 0 : header.safeParse(parseForeignJson(first.value));
  if (head?.success !== true) {
    await texts.return();
    throw malformed2(key, "its first line is not the header of a facts file");
  }
  return { header: head.data, lines: readConversations(key, texts) };
}
async function* readConversations(key, texts) {
  let number = 1;
  for await (const one of texts) {
    number += 1;
    const parsed = line.safeParse(parseForeignJson(one));
    if (!parsed.success) throw malformed2(key, `line ${number} is not a conversation`);
    yield parsed.data;
  }
}
async function* readLines(key, body) {
  const gunzip = createGunzip();
  let failure;
  const source = Readable.from(body);
  source.once("error", (error) => {
    failure = error;
  });
  pipeline(source, gunzip, () => void 0);
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of gunzip) {
      rest += decoder.decode(chunk, { stream: true });
      const found = rest.split("\n");
      rest = found.pop() ?? "";
      if (rest.length > MAX_LINE_CHARACTERS) throw malformed2(key, "a line is too long");
      yield* found;
    }
  } catch (error) {
    if (failure !== void 0) throw failure;
    if (error instanceof ArchiveError) throw error;
    throw malformed2(key, "it is not complete gzip");
  }
  if (rest !== "") throw malformed2(key, "its last line is cut off");
}
function malformed2(key, why) {
  return new ArchiveError("OBJECT_MALFORMED", `${key}: ${why}`);
}

// src/catalogue/sealed-object.ts
var MAX_SEALED_BYTES = 1024 ** 3;
async function openSealed(store2, reader, { key, ids: ids2 }, budget) {
  const found = await getIfThere(store2, key, budget);
  if (found === void 0) return void 0;
  const tooLong = () => new ArchiveError("OBJECT_MALFORMED", `${key} is too large`);
  const sealed = await gatherBytes(found.body, MAX_SEALED_BYTES, tooLong);
  const unsealer = await reader.unseal(found.stat, { expected: ids2, budget });
  return { stat: found.stat, bytes: Buffer.concat([unsealer.update(sealed), unsealer.final()]) };
}
async function getIfThere(store2, key, budget) {
  try {
    return await store2.get(key, budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === "OBJECT_NOT_FOUND") return void 0;
    throw error;
  }
}
async function sealBytes(envelope, ids2, bytes2, budget) {
  const sealer = await envelope.seal(ids2, budget);
  const body = Buffer.concat([sealer.update(bytes2), sealer.final()]);
  return {
    body,
    options: {
      metadata: { ...sealer.metadata },
      contentType: "application/octet-stream",
      contentLength: body.length
    }
  };
}

// src/catalogue/search-keys.ts
import { createHash as createHash3, createHmac, randomBytes as randomBytes3 } from "node:crypto";
var SCHEMA = "genesys-media-archive/search-key/v1";
var KEY_BYTES = 32;
async function readSearchKeys(ports2, budget) {
  const { catalogue, reader } = ports2;
  if (reader === void 0) return [];
  const serials = [];
  for await (const { key } of catalogue.list(SEARCH_KEYS_PREFIX, budget)) {
    const [, serial] = /search-([1-9]\d{0,5})\.json\.enc$/.exec(key) ?? [];
    if (serial !== void 0) serials.push(Number(serial));
  }
  const keys = [];
  for (const serial of serials.sort((one, other) => one - other)) {
    const found = await openSealed(catalogue, reader, placeOf2(serial), budget);
    if (found !== void 0) keys.push(parseKey(found.bytes, serial));
  }
  return keys;
}
async function currentSearchKey(ports2, budget) {
  const { catalogue, envelope } = ports2;
  if (ports2.reader === void 0) return void 0;
  const known = (await readSearchKeys(ports2, budget)).at(-1);
  if (known !== void 0 || envelope === void 0) return known;
  const { key, ids: ids2 } = placeOf2(1);
  const json = JSON.stringify({ schema: SCHEMA, key: randomBytes3(KEY_BYTES).toString("base64") });
  const { body, options } = await sealBytes(envelope, ids2, Buffer.from(json), budget);
  await catalogue.put(key, body, options, budget);
  return (await readSearchKeys(ports2, budget)).at(-1);
}
var placeOf2 = (serial) => ({ key: searchKeyKey(serial), ids: searchKeyIds(serial) });
function parseKey(json, serial) {
  const parsed = parseForeignJson(json.toString("utf8"));
  const key = typeof parsed?.key === "string" ? Buffer.from(parsed.key, "base64") : void 0;
  if (parsed?.schema !== SCHEMA || key?.length !== KEY_BYTES)
    throw new ArchiveError("CATALOGUE_UNREADABLE", `${searchKeyKey(serial)} is not a search key`);
  return createSearchKey(key, serial);
}
function createSearchKey(key, serial) {
  return {
    id: `${serial}-${createHash3("sha256").update(key).digest("hex").slice(0, 16)}`,
    hash: (kind, value) => createHmac("sha256", key).update(`${kind}\0${value}`).digest().readBigInt64BE(0)
  };
}
var hashedAgent = (key, id2) => BigInt.asUintN(64, key.hash("agent", id2)).toString(16).padStart(16, "0");
function canonicalAddress(stated) {
  const bare = (stated ?? "").trim().replace(/^(?:tel|sips?|mailto):/i, "").replace(/;.*$/, "");
  const digits = bare.replaceAll(/[\s().-]/g, "");
  if (/^\+?\d{3,20}$/.test(digits)) return digits;
  const address = bare.toLowerCase();
  return address === "" || /^(?:anonymous|unknown|restricted|unavailable|private)(?:@|$)/.test(address) ? void 0 : address;
}

// src/catalogue/facts-of-day.ts
var factsDaysOf = (day) => [nextDay(day, -1), day, nextDay(day)];
async function listFacts(store2, day, budget) {
  const found = [];
  const prefix = `facts/${day.replaceAll("-", "/")}/`;
  for await (const { key, size, etag, lastModified } of store2.list(prefix, budget)) {
    if (parseFactsKey(key) !== void 0) found.push({ key, version: `${size} ${etag ?? lastModified}` });
  }
  return found;
}
async function readFactsOfDay({
  catalogue,
  facts = catalogue,
  reader,
  logger
}, listed, wanted, budget) {
  const known = /* @__PURE__ */ new Map();
  if (reader === void 0) return known;
  const words = new Words();
  const days = new Set(listed.map(({ key }) => parseFactsKey(key)?.day ?? ""));
  for (const day of [...days].sort()) {
    await readDay(day);
  }
  return known;
  async function readDay(day) {
    let first;
    for (let part = 1; part <= (first?.parts ?? 1); part += 1) {
      const key = factsKey(day, part);
      const opened = await openSealed(
        facts,
        reader,
        { key, ids: factsIds(day) },
        budget
      );
      if (opened === void 0) return;
      const { header: header2, lines } = await readFacts(key, [opened.bytes]);
      if (header2.writtenBy !== (first ?? header2).writtenBy || header2.day !== day) {
        logger.log(
          "warn",
          "a part of the facts is of another writing: it is left out until the facts are whole",
          { key }
        );
        return;
      }
      first ??= header2;
      for await (const line2 of lines) take(line2, header2);
    }
  }
  function take(line2, header2) {
    const { conversationId } = line2;
    if (!wanted(conversationId)) return;
    const before = known.get(conversationId);
    if (before !== void 0 && before.fetchedAt > header2.fetchedAt) return;
    known.set(conversationId, callFactsOf(line2, header2, words));
  }
}
var Words = class {
  #known = /* @__PURE__ */ new Map();
  #lists = /* @__PURE__ */ new Map();
  one(word) {
    const known = this.#known.get(word);
    if (known !== void 0) return known;
    this.#known.set(word, word);
    return word;
  }
  list(words) {
    const name = JSON.stringify(words);
    const known = this.#lists.get(name);
    if (known !== void 0) return known;
    const own = words.map((word) => word === null ? word : this.one(word));
    this.#lists.set(name, own);
    return own;
  }
};
function callFactsOf(line2, header2, words = new Words()) {
  const { named } = header2;
  const { direction, ani, dnis } = line2;
  const [ours, theirs] = direction === "outbound" ? [ani, dnis] : [dnis, ani];
  const customers = line2.participants.filter(
    ({ purpose }) => purpose === "customer" || purpose === "external"
  );
  const contacts = customers.flatMap(({ externalContactId }) => externalContactId ?? []);
  const company = canonicalAddress(ours);
  return {
    source: "analytics",
    fetchedAt: words.one(header2.fetchedAt),
    durationMs: line2.durations.totalMs === void 0 ? null : Math.min(line2.durations.totalMs, 2147483647),
    direction: direction === void 0 ? null : words.one(direction),
    media: words.list(line2.media),
    agentIds: words.list(line2.agentIds),
    agentNames: namesOf(line2.agentIds, named.users, words),
    queueIds: words.list(line2.queueIds),
    queueNames: namesOf(line2.queueIds, named.queues, words),
    divisionIds: words.list(line2.divisionIds),
    wrapUpCodes: words.list(line2.wrapUpCodes),
    wrapUpNames: namesOf(line2.wrapUpCodes, named.wrapUps, words),
    companyAddress: company === void 0 ? null : words.one(company),
    customer: canonicalAddress(theirs) ?? null,
    customerName: customers.find(({ name }) => name !== void 0)?.name ?? null,
    contactIds: words.list([...new Set(contacts)])
  };
}
function namesOf(ids2, { status, names: names2 = {} }, words) {
  if (status !== "known") return null;
  return words.list(ids2.map((id2) => Object.hasOwn(names2, id2) ? names2[id2] ?? null : null));
}

// src/catalogue/day-inputs.ts
async function listDay(ports2, { day, shard }, run, budget) {
  const { archive, catalogue, layout, options } = ports2;
  const found = /* @__PURE__ */ new Map();
  const fileOf = (key) => {
    const known = found.get(key);
    if (known !== void 0) return known;
    if (layout.parse(key)?.date !== day || shardOfKey(key, shard.of) !== shard.index) return void 0;
    const file = { key, size: void 0, storageClass: void 0, receipt: void 0, receiptSize: 0 };
    found.set(key, file);
    return file;
  };
  const prefix = layout.prefixOf(dayAt(day));
  for await (const { key, size, storageClass } of archive.list(prefix, budget)) {
    const file = fileOf(key);
    if (file === void 0) continue;
    file.size = size;
    file.storageClass = storageClass;
  }
  for await (const { key, size } of archive.list(receiptPrefix(prefix), budget)) {
    const object3 = objectOfReceipt(layout, key);
    const file = object3 === void 0 ? void 0 : fileOf(object3);
    if (file === void 0) continue;
    file.receipt = receiptKey(file.key) === key ? receiptKey(file.key) : key;
    file.receiptSize = size;
  }
  const files = new Map([...found].sort(([one], [other]) => one < other ? -1 : 1));
  const facts = [];
  if (options.facts === "analytics" && ports2.reader !== void 0) {
    for (const near of factsDaysOf(day))
      facts.push(...await listFacts(ports2.facts ?? catalogue, near, budget));
  }
  return {
    day,
    shard,
    files,
    facts,
    digest: digestOf({ day, shard, files, facts }, run, options, archive.location)
  };
}
function digestOf({ day, shard, files, facts }, { erased, held, searchKey }, options, store2) {
  const hash = createHash4("sha256");
  const line2 = (...words) => hash.update(`${words.join("	")}
`);
  line2("catalogue", CATALOGUE_SCHEMA, store2, day, shard.index, shard.of);
  line2("options", options.agents, options.facts, searchKey?.id ?? "-");
  for (const { key, size, storageClass = "-", receipt: receipt2, receiptSize } of files.values()) {
    if (size !== void 0) line2("object", key, size, storageClass);
    if (receipt2 !== void 0) line2("receipt", receipt2, receiptSize);
    const holds = held.holdsOf(key);
    if (holds.length > 0) line2("hold", key, ...holds);
  }
  for (const { key, version } of facts) line2("facts", key, version);
  for (const id2 of erased.tombstonesOf(day)) line2("erasure", id2);
  return hash.digest("hex");
}

// src/catalogue/in-parallel.ts
async function inParallel(items, atOnce, work) {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const takeTurns = async () => {
    for (let next = rest.next(); next.done !== true && !failed; next = rest.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const turns = await Promise.allSettled(Array.from({ length: atOnce }, takeTurns));
  for (const turn of turns) if (turn.status === "rejected") throw turn.reason;
}

// src/catalogue/row.ts
import { createHash as createHash5 } from "node:crypto";
function factsOfReceipt(receipt2) {
  const { ids: ids2, times, source, envelope } = receipt2;
  return {
    organization_id: ids2.organization ?? null,
    conversation_id: ids2.conversation,
    recording_id: ids2.recording,
    channel: ids2.channel ?? null,
    kind: receipt2.kind,
    recorded_at: Date.parse(times.recorded),
    stored_at: times.stored === void 0 ? null : Date.parse(times.stored),
    content_type: source?.contentType ?? null,
    format: envelope?.format ?? null,
    key_id: envelope?.keyId ?? null
  };
}
function factsOfKey(layout, key, day) {
  const named = layout.parse(key);
  return {
    organization_id: null,
    conversation_id: null,
    recording_id: named?.recordingId ?? key,
    channel: named?.channel ?? null,
    kind: null,
    recorded_at: dayAt(day),
    stored_at: null,
    content_type: null,
    format: null,
    key_id: null
  };
}
function rowOf({
  file,
  receipt: receipt2,
  ofKey,
  call: known,
  isErased,
  holds,
  searchKey,
  agents: agents2
}) {
  const call = isErased ? void 0 : known;
  const from = receipt2 ?? ofKey;
  const { customer = null } = call ?? {};
  return {
    organization_id: from.organization_id,
    conversation_id: from.conversation_id,
    recording_id: from.recording_id,
    channel: from.channel,
    key: file.key,
    receipt_key: file.receipt === void 0 || file.receipt === receiptKey(file.key) ? null : file.receipt,
    kind: from.kind,
    state: stateOf(file, receipt2, isErased),
    storage_class: file.storageClass ?? null,
    recorded_at: from.recorded_at,
    stored_at: from.stored_at,
    duration_ms: call?.durationMs ?? null,
    bytes: file.size === void 0 ? null : BigInt(file.size),
    media: mediaOf(from.content_type, call),
    media_subtype: null,
    content_type: from.content_type,
    direction: call?.direction ?? null,
    agent_ids: call === void 0 ? null : agentsOf(call, agents2, searchKey),
    queue_ids: call?.queueIds ?? null,
    queue_names: call?.queueNames ?? null,
    division_ids: call?.divisionIds ?? null,
    wrap_up_codes: call?.wrapUpCodes ?? null,
    wrap_up_names: call?.wrapUpNames ?? null,
    company_address: call?.companyAddress ?? null,
    customer_hash: customer === null || searchKey === void 0 ? null : searchKey.hash("customer", customer),
    legal_hold: holds.length > 0,
    hold_ids: holds.length > 0 ? holds : null,
    retain_until: null,
    format: from.format,
    key_id: from.key_id,
    facts: call?.source ?? "none"
  };
}
function stateOf({ size }, receipt2, isErased) {
  if (isErased) return "erased";
  if (receipt2?.kind === "terminal") return "gone";
  if (receipt2 === void 0) return size === void 0 ? "missing" : "unreceipted";
  return size === void 0 ? "missing" : "archived";
}
function agentsOf({ agentIds }, agents2, key) {
  if (agents2 === "id") return agentIds;
  return key === void 0 ? null : agentIds.map((id2) => hashedAgent(key, id2));
}
var MEDIA_OF_PLATFORM = {
  voice: "call",
  callback: "call",
  screenshare: "screen",
  screen: "screen",
  chat: "chat",
  email: "email",
  message: "message"
};
function mediaOf(contentType, call) {
  const [type = ""] = (contentType ?? "").split("/");
  if (type === "audio") return "call";
  if (type === "video") return "screen";
  const [only, other] = [...new Set((call?.media ?? []).flatMap((one) => MEDIA_OF_PLATFORM[one] ?? []))];
  return only === void 0 || other !== void 0 ? null : only;
}
var keyHash = (key) => createHash5("sha256").update(key).digest().readBigInt64BE(0);
function peopleOf(key, call) {
  if (call === void 0) return void 0;
  const { customer, customerName, contactIds, agentIds, agentNames } = call;
  if (customer === null && customerName === null && contactIds.length === 0 && agentIds.length === 0)
    return void 0;
  return {
    key_hash: keyHash(key),
    customer,
    customer_name: customerName,
    external_contact_ids: contactIds.length === 0 ? null : contactIds,
    agent_ids: agentIds.length === 0 ? null : agentIds,
    agent_names: agentIds.length === 0 ? null : agentNames
  };
}
function compareRows(one, other) {
  return one.recorded_at - other.recorded_at || (one.key < other.key ? -1 : one.key > other.key ? 1 : 0);
}

// src/catalogue/compact-day.ts
var RECEIPTS_AT_ONCE = 16;
var RECEIPT_COLUMNS = [
  "organization_id",
  "conversation_id",
  "recording_id",
  "channel",
  "key",
  "kind",
  "recorded_at",
  "stored_at",
  "content_type",
  "format",
  "key_id"
];
async function makeDay(ports2, known, run, budget) {
  const { inputs, old } = known;
  const { archive, layout, options, logger } = ports2;
  const { files, day } = inputs;
  const receipts = /* @__PURE__ */ new Map();
  const erasedConversations = /* @__PURE__ */ new Set();
  const isErased = (recordingId) => run.erased.isErased(day, recordingId);
  if (old !== void 0) {
    for (const range of groupsOf(old.table)) {
      for (const row of await readRows(old.table, range, RECEIPT_COLUMNS)) {
        const file = files.get(row.key);
        if (row.conversation_id !== null && isErased(row.recording_id))
          erasedConversations.add(row.conversation_id);
        if (row.kind !== null && file?.receipt !== void 0) receipts.set(file.key, slim(row));
      }
    }
  }
  const unknown = [...files.values()].filter(
    ({ key, receipt: receipt2 }) => receipt2 !== void 0 && !receipts.has(key)
  );
  let unreadable = 0;
  const later = /* @__PURE__ */ new Set();
  await inParallel(unknown, RECEIPTS_AT_ONCE, async ({ key, receipt: place = "" }) => {
    try {
      const receipt2 = await readReceipt(archive, place, budget);
      if (receipt2 === void 0) return;
      if (run.asOf !== void 0 && Date.parse(receipt2.times.issued) > run.asOf) later.add(key);
      else receipts.set(key, factsOfReceipt(receipt2));
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== "OBJECT_MALFORMED") throw error;
      unreadable += 1;
      logger.log("warn", error.message, { key, code: error.code, state: "unreceipted" });
    }
  });
  const wanted = /* @__PURE__ */ new Set();
  for (const { conversation_id: id2, recording_id: recordingId } of receipts.values()) {
    if (id2 === null) continue;
    wanted.add(id2);
    if (isErased(recordingId)) erasedConversations.add(id2);
  }
  for (const id2 of erasedConversations) wanted.delete(id2);
  const calls = await readFactsOfDay(ports2, inputs.facts, (id2) => wanted.has(id2), budget);
  const rows = [];
  const people = [];
  for (const file of files.values()) {
    if (later.has(file.key) || run.asOf !== void 0 && !receipts.has(file.key)) continue;
    const receipt2 = receipts.get(file.key);
    const ofKey = receipt2 ?? factsOfKey(layout, file.key, day);
    const call = calls.get(receipt2?.conversation_id ?? "");
    const { searchKey, held } = run;
    rows.push(
      rowOf({
        file,
        receipt: receipt2,
        ofKey,
        call,
        isErased: isErased(ofKey.recording_id),
        holds: held.holdsOf(file.key),
        searchKey,
        agents: options.agents
      })
    );
    const person = peopleOf(file.key, call);
    if (person !== void 0) people.push(person);
  }
  return { rows: rows.sort(compareRows), people, read: unknown.length, unreadable, erasedConversations };
}
function slim(row) {
  return {
    organization_id: row.organization_id,
    conversation_id: row.conversation_id,
    recording_id: row.recording_id,
    channel: row.channel,
    kind: row.kind,
    recorded_at: row.recorded_at,
    stored_at: row.stored_at,
    content_type: row.content_type,
    format: row.format,
    key_id: row.key_id
  };
}

// src/catalogue/lookup-index.ts
import { createHash as createHash6 } from "node:crypto";
var LOOKUP_SCHEMA = "genesys-media-archive/lookup/v1";
var ENTRY = { name: "entry", type: "int64", required: true, pageIndex: true };
var DAY_MS2 = 864e5;
var LOW_BITS = 16n;
async function listDayFiles({ catalogue }, budget) {
  const found = [];
  for await (const { key, size, etag, lastModified } of catalogue.list(DAYS_PREFIX, budget)) {
    const named = parseDayFileKey(key);
    if (named !== void 0) found.push({ key, day: named.day, size, etag, lastModified });
  }
  return found;
}
var versionOf = ({ size, etag, lastModified }) => etag ?? `${size}-${lastModified}`;
var monthOf = (day) => day.slice(0, 7);
function entryOf(kind, value, day) {
  const hash = kind === "customer" ? BigInt.asUintN(64, BigInt(value)) : createHash6("sha256").update(String(value)).digest().readBigUInt64BE(0);
  return BigInt.asIntN(64, hash >> LOW_BITS << LOW_BITS | BigInt(Math.floor(dayAt(day) / DAY_MS2)));
}
function groupByMonth(files) {
  const months = /* @__PURE__ */ new Map();
  for (const file of files) {
    const month = monthOf(file.day);
    months.set(month, [...months.get(month) ?? [], file]);
  }
  return months;
}
async function openIndex({ catalogue, tables, archive }, key, listed, budget) {
  const pinned = await openPinned(catalogue, key, listed, budget);
  if (pinned === void 0) return void 0;
  try {
    const table = await tables.open(pinned, key);
    const isOurs = table.facts["schema"] === LOOKUP_SCHEMA && table.facts["store"] === archive.location;
    return { table, versions: isOurs ? table.facts["days"] : void 0, close: () => pinned.close() };
  } catch (error) {
    await pinned.close();
    if (error instanceof ArchiveError && error.code === "CATALOGUE_UNREADABLE") return void 0;
    throw error;
  }
}
async function filesThatMayHold(ports2, files, asked, budget) {
  const indices = /* @__PURE__ */ new Map();
  for await (const { key, size, etag } of ports2.catalogue.list(LOOKUP_PREFIX, budget)) {
    if (parseLookupKey(key) !== void 0) indices.set(key, { size, etag });
  }
  if (indices.size === 0) return files;
  const months = [...groupByMonth(files)];
  const kept = await Promise.all(
    months.map(async ([month, own]) => {
      const days = /* @__PURE__ */ new Set();
      for (const { kind, values } of asked) {
        const key = lookupKey(kind, month);
        const listed = indices.get(key);
        const found = listed === void 0 ? void 0 : await lookUp(ports2, { key, listed, own, kind, values }, budget);
        if (found === void 0) return own;
        for (const day of found) days.add(day);
      }
      return own.filter(({ day }) => days.has(day));
    })
  );
  return kept.flat();
}
async function lookUp(ports2, { key, listed, own, kind, values }, budget) {
  const index = await openIndex(ports2, key, listed, budget);
  if (index === void 0) return void 0;
  try {
    if (!covers(index.versions, own)) return void 0;
    const days = /* @__PURE__ */ new Set();
    for (const value of values) {
      const low = entryOf(kind, value, "1970-01-01");
      const between = { column: ENTRY.name, from: low, to: low + 0xffffn };
      for (const range of await index.table.candidates({ equal: [], between })) {
        const cells = await index.table.read(ENTRY, range);
        for (let at = 0; at < cells.length; at += 1) {
          const entry = cells[at];
          if (entry >= low && entry <= between.to) days.add(dayOf(Number(entry & 0xffffn) * DAY_MS2));
        }
      }
    }
    return days;
  } finally {
    await index.close();
  }
}
function covers(versions, own) {
  const known = parseForeignJson(versions ?? "");
  if (typeof known !== "object" || known === null) return false;
  return own.every((file) => known[file.key.slice(DAYS_PREFIX.length)] === versionOf(file));
}

// src/catalogue/map-ordered.ts
async function* mapOrdered(items, ahead, work) {
  const rest = items[Symbol.iterator]();
  const under = [];
  const begin = () => {
    const next = rest.next();
    if (next.done === true) return;
    const promise = work(next.value);
    promise.catch(() => {
    });
    under.push(promise);
  };
  try {
    for (let count2 = 0; count2 < ahead; count2 += 1) begin();
    for (let first = under.shift(); first !== void 0; first = under.shift()) {
      const result = await first;
      begin();
      yield result;
    }
  } finally {
    await Promise.allSettled(under);
  }
}

// src/catalogue/runs.ts
import * as z3 from "zod";
var MAX_BYTES = 64 * 1024;
var time3 = z3.iso.datetime({ precision: 3 });
var runs = z3.object({
  schema: z3.literal("genesys-media-archive/catalogue-runs/v1"),
  store: z3.string(),
  /** When the last run of each kind began that looked at all of its days. */
  began: z3.object({
    today: time3.exactOptional(),
    yesterday: time3.exactOptional(),
    recent: time3.exactOptional(),
    all: time3.exactOptional()
  })
});
async function readRuns({ catalogue, archive }, budget) {
  const json = await getSmall(catalogue, RUNS_KEY, MAX_BYTES, budget);
  const parsed = json === void 0 ? void 0 : runs.safeParse(parseForeignJson(json));
  return parsed?.success === true && parsed.data.store === archive.location ? parsed.data.began : {};
}

// src/catalogue/search-file.ts
var FEW_HITS = 4;
var LARGE_GROUP = 8e3;
async function* searchTable(table, { conditions, pruning }, wanted) {
  const isPruned = pruning.equal.length > 0 || pruning.between !== void 0;
  const ranges = isPruned ? await table.candidates(pruning) : [...groupsOf(table)];
  for (const whole of ranges) {
    for (let from = whole.from; from < whole.to; from += ROWS_IN_GROUP) {
      const range = { from, to: Math.min(from + ROWS_IN_GROUP, whole.to) };
      const known = /* @__PURE__ */ new Map();
      const hits = await hitsOf(table, conditions, range, known);
      if (hits === void 0)
        yield { count: range.to - range.from, columns: await readWanted(table, wanted, range, known) };
      else if (hits.length > 0) yield await readHits(table, wanted, { range, hits, known });
    }
  }
}
async function hitsOf(table, conditions, range, known) {
  let hits;
  for (const { any } of conditions) {
    const tests = [];
    for (const { column: column2, test } of any) {
      const cells = known.get(column2) ?? await table.read(columnOf(column2), range);
      known.set(column2, cells);
      tests.push({ cells, test });
    }
    const met = [];
    const length = hits?.length ?? range.to - range.from;
    for (let index = 0; index < length; index += 1) {
      const at = hits === void 0 ? index : hits[index];
      if (tests.some(({ cells, test }) => test(cells[at]))) met.push(at);
    }
    hits = met;
    if (hits.length === 0) return hits;
  }
  return hits;
}
async function readWanted(table, wanted, range, known) {
  const missing = wanted.filter((name) => !known.has(name));
  const cells = await table.readAll(missing.map(columnOf), range);
  const columns = {};
  for (const name of wanted) columns[name] = known.get(name) ?? cells[missing.indexOf(name)] ?? [];
  return columns;
}
async function readHits(table, wanted, {
  range,
  hits,
  known
}) {
  const columns = {};
  for (const name of wanted) columns[name] = [];
  const isSparse = hits.length < FEW_HITS && range.to - range.from >= LARGE_GROUP;
  if (isSparse) {
    for (const hit of hits) {
      const one = { from: range.from + hit, to: range.from + hit + 1 };
      const cells2 = await readWanted(table, wanted, one, /* @__PURE__ */ new Map());
      for (const name of wanted) columns[name]?.push(cells2[name]?.[0] ?? null);
    }
    return { count: hits.length, columns };
  }
  const cells = await readWanted(table, wanted, range, known);
  for (const name of wanted) for (const hit of hits) columns[name]?.push(cells[name]?.[hit] ?? null);
  return { count: hits.length, columns };
}
function rowsOf({ count: count2, columns }) {
  return Array.from({ length: count2 }, (_, at) => {
    const row = {};
    for (const { name } of COLUMNS) row[name] = columns[name]?.[at] ?? null;
    return row;
  });
}
function hitsOfRows(rows, query, wanted) {
  const met = rows.filter((row) => query.matches(row));
  const columns = Object.fromEntries(wanted.map((name) => [name, met.map((row) => row[name])]));
  return { count: met.length, columns };
}

// src/catalogue/search-query.ts
function compileQuery(query, keys) {
  const conditions = [];
  const equal = [];
  const add = (...any) => conditions.push({ any });
  const exactly2 = (columns, values) => {
    if (values === void 0) return;
    const wanted = new Set(values);
    add(...columns.map((column2) => ({ column: column2, test: (cell) => cell !== null && wanted.has(cell) })));
    equal.push(columns.map((column2) => ({ column: column2, values })));
  };
  exactly2(["conversation_id", "recording_id"], query.ids?.flatMap(spellings));
  exactly2(["conversation_id"], query.conversations?.flatMap(spellings));
  exactly2(["recording_id"], query.recordings?.flatMap(spellings));
  if (query.customers !== void 0) {
    const hashes = query.customers.flatMap(
      (stated) => keys.map((key) => key.hash("customer", addressOf(stated)))
    );
    exactly2(["customer_hash"], hashes);
  }
  if (query.agents !== void 0) {
    const agents2 = query.agents.flatMap((id2) => [
      ...spellings(id2),
      ...keys.map((key) => hashedAgent(key, id2))
    ]);
    add({ column: "agent_ids", test: hasOneOf(agents2) });
  }
  named("queue_ids", "queue_names", query.queues);
  named("wrap_up_codes", "wrap_up_names", query.wrapUps);
  if (query.divisions !== void 0)
    add({ column: "division_ids", test: hasOneOf(query.divisions.flatMap(spellings)) });
  if (query.company !== void 0) {
    const company = addressOf(query.company);
    add({ column: "company_address", test: (cell) => cell === company });
  }
  const { direction, media, states, onHold, fromTime, toTime, minDurationMs, maxDurationMs } = query;
  if (direction !== void 0) add({ column: "direction", test: (cell) => cell === direction });
  if (media !== void 0) add({ column: "media", test: (cell) => media.includes(String(cell)) });
  if (states !== void 0) add({ column: "state", test: (cell) => states.includes(String(cell)) });
  if (onHold !== void 0) add({ column: "legal_hold", test: (cell) => cell === true === onHold });
  within("recorded_at", fromTime, toTime);
  within("duration_ms", minDurationMs, maxDurationMs);
  return {
    conditions,
    pruning: {
      equal,
      ...fromTime === void 0 && toTime === void 0 ? {} : {
        between: {
          column: "recorded_at",
          ...fromTime === void 0 ? {} : { from: fromTime },
          ...toTime === void 0 ? {} : { to: toTime }
        }
      }
    },
    matches: (row) => conditions.every(({ any }) => any.some(({ column: column2, test }) => test(row[column2])))
  };
  function named(ids2, names2, values) {
    if (values === void 0) return;
    const wanted = new Set(values.map((value) => value.toLowerCase()));
    const hasName = (cell) => Array.isArray(cell) && cell.some((name) => typeof name === "string" && wanted.has(name.toLowerCase()));
    add({ column: ids2, test: hasOneOf(values.flatMap(spellings)) }, { column: names2, test: hasName });
  }
  function within(column2, from, to) {
    if (from === void 0 && to === void 0) return;
    add({
      column: column2,
      test: (cell) => typeof cell === "number" && cell >= (from ?? cell) && cell <= (to ?? cell)
    });
  }
}
var spellings = (id2) => [.../* @__PURE__ */ new Set([id2, canonicalId(id2)])];
var addressOf = (stated) => canonicalAddress(stated) ?? stated;
function hasOneOf(values) {
  const [only] = values;
  if (values.length === 1) return (cell) => Array.isArray(cell) && cell.includes(only);
  const wanted = new Set(values);
  return (cell) => Array.isArray(cell) && cell.some((one) => wanted.has(one));
}
function isDayAsked({ from, to, fromTime, toTime }, day) {
  const start = dayAt(day);
  return day >= (from ?? day) && day <= (to ?? day) && start <= (toTime ?? start) && start + 864e5 > (fromTime ?? start);
}

// src/record/erasure.ts
import { createHash as createHash7 } from "node:crypto";
import * as z4 from "zod";
var ERASURE_PREFIX = "erasures/";
var ERASURE_SCHEMA = "genesys-media-archive/erasure/v1";
var LARGEST_ERASURE = 16384;
var sha256Hex2 = z4.string().regex(/^[0-9a-f]{64}$/);
var erasure = z4.strictObject({
  schema: z4.literal(ERASURE_SCHEMA),
  /** Of the tombstone: random, and part of its key. */
  id: z4.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  /** Of the erased recording's key, `YYYY-MM-DD`. */
  day: z4.string().refine((value) => parseDay(value) !== void 0),
  what: z4.array(z4.enum(["media", "receipt", "key", "context", "transcript", "lists", "catalogue"])).min(1).max(7),
  reason: z4.string().min(1).max(256),
  at: z4.iso.datetime({ precision: 3 }),
  /** When copies that expire by themselves are gone, too. */
  complete: z4.iso.datetime({ precision: 3 }).exactOptional(),
  by: z4.string().min(1).max(256).exactOptional(),
  /** SHA-256 of the recording's id ({@link subjectHash}): tells that this recording is not missing, to a reader who has its id. */
  recording: sha256Hex2.exactOptional(),
  /** SHA-256 of the receipt object, as the log holds it. */
  receipt: sha256Hex2.exactOptional()
});
function erasureKey(id2) {
  return `${ERASURE_PREFIX}${id2}.json`;
}
function subjectHash(recordingId) {
  return createHash7("sha256").update(canonicalId(recordingId)).digest("hex");
}
function parseErasure(json) {
  const result = z4.safeParse(erasure, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}
` === json ? result.data : void 0;
}

// src/catalogue/erasures.ts
var READ_AT_ONCE = 16;
async function readErased(store2, budget) {
  const days = /* @__PURE__ */ new Map();
  const listed = [];
  for await (const { key, lastModified } of store2.list(ERASURE_PREFIX, budget))
    listed.push({ key, lastModified });
  await inParallel(listed, READ_AT_ONCE, async ({ key, lastModified }) => {
    const json = await getSmall(store2, key, LARGEST_ERASURE, budget);
    const tombstone = json === void 0 ? void 0 : parseErasure(json);
    if (tombstone === void 0 || erasureKey(tombstone.id) !== key)
      throw new ArchiveError("OBJECT_MALFORMED", `${key} is not the tombstone of an erasure`);
    const day = days.get(tombstone.day) ?? { ids: [], recordings: /* @__PURE__ */ new Set(), storedAt: 0 };
    day.ids.push(tombstone.id);
    if (tombstone.recording !== void 0) day.recordings.add(tombstone.recording);
    day.storedAt = Math.max(day.storedAt, lastModified);
    days.set(tombstone.day, day);
  });
  for (const { ids: ids2 } of days.values()) ids2.sort();
  return {
    tombstonesOf: (day) => days.get(day)?.ids ?? [],
    isErased: (day, recordingId) => days.get(day)?.recordings.has(subjectHash(recordingId)) ?? false,
    daysSince: (at) => [...days].filter(([, { storedAt }]) => storedAt >= at).map(([day]) => day)
  };
}

// src/record/hold.ts
import { createHash as createHash8 } from "node:crypto";
import * as z5 from "zod";
var HOLD_PREFIX = "holds/";
var HOLD_SCHEMA = "genesys-media-archive/hold/v1";
var RELEASE_SCHEMA = "genesys-media-archive/hold-release/v1";
var MAX_KEYS_IN_LIST = 1e4;
var MAX_LIST_BYTES = MAX_KEYS_IN_LIST * 513;
var MAX_HOLD_BYTES = 1048576;
var HOLD_ID = /^h-[0-9]{8}-[0-9a-f]{12}$/;
var text3 = z5.string().min(1).max(1024);
var time4 = z5.iso.datetime({ precision: 3 });
var holdId = z5.string().regex(HOLD_ID);
var hold = z5.strictObject({
  schema: z5.literal(HOLD_SCHEMA),
  id: holdId,
  matter: text3,
  reason: text3.exactOptional(),
  placedBy: text3,
  times: z5.strictObject({ issued: time4 }),
  /** How the recordings were chosen, in words; what is held are the keys. */
  selection: text3,
  objects: z5.int().min(1),
  /** Of each list, in order: how many keys, and SHA-256 of its bytes. */
  lists: z5.array(
    z5.strictObject({
      objects: z5.int().min(1).max(MAX_KEYS_IN_LIST),
      sha256: z5.string().regex(/^[0-9a-f]{64}$/)
    })
  ),
  tool: z5.strictObject({ name: z5.literal("genesys-media-archive"), version: text3 }),
  signature: SIGNATURE.exactOptional()
});
var release = z5.strictObject({
  schema: z5.literal(RELEASE_SCHEMA),
  id: holdId,
  reason: text3.exactOptional(),
  releasedBy: text3,
  times: z5.strictObject({ issued: time4 }),
  tool: z5.strictObject({ name: z5.literal("genesys-media-archive"), version: text3 }),
  signature: SIGNATURE.exactOptional()
});
var isHoldId = (id2) => HOLD_ID.test(id2);
var holdKey = (id2) => `${HOLD_PREFIX}${id2}.json`;
var releaseKey = (id2) => `${HOLD_PREFIX}${id2}/released.json`;
var heldKeysKey = (id2, list) => `${HOLD_PREFIX}${id2}/keys-${String(list).padStart(6, "0")}.txt`;
function holdOfKey(key) {
  const [, id2] = /^holds\/([^/]+)\.json$/.exec(key) ?? [];
  return id2 !== void 0 && isHoldId(id2) ? id2 : void 0;
}
function parseHeldKeys(bytes2, { objects, sha256 }) {
  if (createHash8("sha256").update(bytes2).digest("hex") !== sha256) return void 0;
  const keys = Buffer.from(bytes2).toString("utf8").split("\n").slice(0, -1);
  return keys.length === objects ? keys : void 0;
}
function parseHold(json) {
  return parseCanonical(hold, json);
}
function parseRelease(json) {
  return parseCanonical(release, json);
}
function parseCanonical(schema, json) {
  const result = z5.safeParse(schema, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}
` === json ? result.data : void 0;
}

// src/catalogue/holds.ts
async function readHeld(store2, budget) {
  const held = /* @__PURE__ */ new Map();
  const changed = /* @__PURE__ */ new Map();
  const listed = /* @__PURE__ */ new Map();
  for await (const { key, lastModified } of store2.list(HOLD_PREFIX, budget)) listed.set(key, lastModified);
  for (const key of [...listed.keys()].sort()) {
    const id2 = holdOfKey(key);
    if (id2 !== void 0) await readOne(id2);
  }
  return {
    holdsOf: (key) => held.get(key) ?? [],
    newsSince: (at) => [...changed].filter(([, time6]) => time6 >= at).map(([key]) => key)
  };
  async function readOne(id2) {
    const hold2 = parseHold(await getSmall(store2, holdKey(id2), MAX_HOLD_BYTES, budget) ?? "");
    if (hold2 === void 0 || hold2.id !== id2) throw damaged(holdKey(id2));
    const isReleased = listed.has(releaseKey(id2)) && await readRelease(id2);
    const changedAt = Math.max(listed.get(holdKey(id2)) ?? 0, listed.get(releaseKey(id2)) ?? 0);
    for (const [index, list] of hold2.lists.entries()) {
      const place = heldKeysKey(id2, index + 1);
      const { body } = await store2.get(place, budget);
      const keys = parseHeldKeys(await gatherBytes(body, MAX_LIST_BYTES, () => damaged(place)), list);
      if (keys === void 0) throw damaged(place);
      for (const key of keys) {
        changed.set(key, Math.max(changed.get(key) ?? 0, changedAt));
        if (!isReleased) held.set(key, [...held.get(key) ?? [], id2]);
      }
    }
  }
  async function readRelease(id2) {
    const release2 = parseRelease(await getSmall(store2, releaseKey(id2), MAX_HOLD_BYTES, budget) ?? "");
    return release2 !== void 0 && release2.id === id2;
  }
}
function damaged(key) {
  return new ArchiveError(
    "HOLD_DAMAGED",
    `${key} is not what was written: the catalogue cannot tell what is held`
  );
}

// src/catalogue/update-catalogue.ts
var NEWS_MS = 8 * 864e5;
async function readRunInputs(ports2, budget) {
  const [erased, held, searchKey] = await Promise.all([
    readErased(ports2.archive, budget),
    readHeld(ports2.archive, budget),
    ports2.options.facts === "none" ? void 0 : currentSearchKey(ports2, budget)
  ]);
  return { erased, held, searchKey };
}
async function daysOfArchive({ archive, layout }, budget) {
  const days = /* @__PURE__ */ new Set();
  for await (const { key } of archive.list(layout.root, budget)) {
    const date = layout.parse(key)?.date;
    if (date !== void 0) days.add(date);
  }
  for await (const { key } of archive.list(RECEIPT_PREFIX, budget)) {
    const object3 = objectOfReceipt(layout, key);
    const date = object3 === void 0 ? void 0 : layout.parse(object3)?.date;
    if (date !== void 0) days.add(date);
  }
  return days;
}

// src/catalogue/find-recordings.ts
var FAR_AT_ONCE = 64;
var NEAR_AT_ONCE = 8;
var WHOLE_AT_ONCE = 16;
var MAX_INDEXED_VALUES = 1e3;
async function findRecordings(ports2, query, options, budget) {
  const [files, runs2, keys] = await Promise.all([
    listDayFiles(ports2, budget),
    readRuns(ports2, budget),
    keysFor(ports2, query, budget)
  ]);
  if (files.length === 0 && options.fresh !== true) {
    throw new ArchiveError("CATALOGUE_STALE", `there is no catalogue in ${ports2.catalogue.location} yet`);
  }
  const compiled = compileQuery(query, keys);
  const within = files.filter(({ day }) => isDayAsked(query, day));
  const stale = options.fresh === true ? await staleDays(ports2, query, within, budget) : /* @__PURE__ */ new Map();
  const current = within.filter(({ key }) => !stale.has(key));
  const asked = await withIndex(ports2, compiled, current, budget);
  const sources = [...asked, ...stale.values()];
  sources.sort((one, other) => one.key < other.key ? -1 : 1);
  if (options.newestFirst === true) sources.reverse();
  const atOnce = ports2.catalogue.pin === void 0 ? FAR_AT_ONCE : NEAR_AT_ONCE;
  return {
    asOf: options.fresh === true ? ports2.clock.now() : asOfRuns(runs2, files),
    files: { asked: sources.length, all: files.length },
    days: (wanted) => mapOrdered(
      sources,
      compiled.pruning.equal.length > 0 ? atOnce : Math.min(atOnce, WHOLE_AT_ONCE),
      (source) => searchSource(ports2, source, { compiled, wanted }, budget)
    )
  };
}
async function* findRows(search, {
  newestFirst = false,
  wanted = COLUMNS.map(({ name }) => name)
} = {}) {
  for await (const { hits } of search.days(wanted)) {
    const rows = hits.flatMap(rowsOf);
    yield* newestFirst ? rows.toReversed() : rows;
  }
}
async function searchSource(ports2, source, { compiled, wanted }, budget) {
  const { day, shard } = parseDayFileKey(source.key) ?? { day: source.day, shard: { index: 0, of: 1 } };
  if ("rows" in source) return { day, shard, hits: [hitsOfRows(source.rows, compiled, wanted)] };
  const search = async (listed) => {
    const { catalogue, tables, archive } = ports2;
    const file = await openDayFile(
      { catalogue, tables, location: archive.location },
      source.key,
      listed,
      budget
    );
    if (file === void 0) return [];
    try {
      const hits = [];
      for await (const some of searchTable(file.table, compiled, wanted)) hits.push(some);
      return hits;
    } finally {
      await file.close();
    }
  };
  try {
    return { day, shard, hits: await search(source) };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== "STORE_UNAVAILABLE") throw error;
    return { day, shard, hits: await search(void 0) };
  }
}
async function keysFor(ports2, query, budget) {
  if (query.customers === void 0 && (query.agents === void 0 || ports2.options.agents === "id"))
    return [];
  const keys = await readSearchKeys(ports2, budget);
  if (keys.length > 0) return keys;
  const why = ports2.reader === void 0 ? "no key is configured to open the search key with" : "the catalogue has no search key yet";
  throw new ArchiveError("CONFIG_INVALID", `numbers are kept as keyed hashes, and ${why}`, {
    hint: ports2.reader === void 0 ? "set the key that recordings are read with, such as ARCHIVE_KMS_KEY_ID or ARCHIVE_KEYRING_FILE" : "facts are fetched with ARCHIVE_FACTS=analytics; then run `genesys-archive catalogue update`"
  });
}
async function withIndex(ports2, compiled, files, budget) {
  const of = (column2) => compiled.pruning.equal.find(([one, other]) => one?.column === column2 && other === void 0)?.[0]?.values;
  const either = compiled.pruning.equal.find((any) => any.length > 1)?.[0]?.values;
  const lists = [];
  if (either !== void 0)
    lists.push([
      { kind: "conversation", values: either },
      { kind: "recording", values: either }
    ]);
  const kinds = [
    ["recording", of("recording_id")],
    ["conversation", of("conversation_id")],
    ["customer", of("customer_hash")]
  ];
  for (const [kind, values] of kinds) if (values !== void 0) lists.push([{ kind, values }]);
  const [first] = lists;
  if (first === void 0 || files.length < 2 || first.some(({ values }) => values.length > MAX_INDEXED_VALUES))
    return files;
  return filesThatMayHold(ports2, files, first, budget);
}
function asOfRuns(runs2, files) {
  const known = Object.values(runs2).flatMap((time6) => time6 === void 0 ? [] : [Date.parse(time6)]);
  if (known.length > 0) return Math.max(...known);
  return files.length === 0 ? void 0 : Math.max(...files.map(({ lastModified }) => lastModified));
}
async function staleDays(ports2, query, files, budget) {
  const run = await readRunInputs({ ...ports2, envelope: void 0 }, budget);
  const days = /* @__PURE__ */ new Set([...files.map(({ day }) => day), ...await daysOfArchive(ports2, budget)]);
  const found = /* @__PURE__ */ new Map();
  for (const day of days) {
    if (!isDayAsked(query, day)) continue;
    const own = files.filter((file) => file.day === day);
    const of = own.length === 0 ? ports2.options.shards : parseDayFileKey(own[0]?.key ?? "")?.shard.of ?? 1;
    for (const shard of shardsOf(of)) {
      const fresh = await freshDay(ports2, { day, shard, own }, run, budget);
      if (fresh !== void 0) found.set(fresh.key, fresh);
    }
  }
  return found;
}
async function freshDay(ports2, at, run, budget) {
  const { catalogue, tables, archive } = ports2;
  const key = dayFileKey(at.day, at.shard);
  const inputs = await listDay(ports2, at, run, budget);
  const listed = at.own.find((file2) => file2.key === key);
  const file = await openDayFile({ catalogue, tables, location: archive.location }, key, listed, budget);
  try {
    if (file?.facts.inputs === inputs.digest || file === void 0 && inputs.files.size === 0)
      return void 0;
    const made = await makeDay({ ...ports2, envelope: void 0 }, { inputs, old: file }, run, budget);
    return { key, day: at.day, rows: made.rows };
  } finally {
    await file?.close();
  }
}

// zz-28360.ts
import { randomUUID, randomBytes as randomBytes4 } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
var root = "/tmp/cat-fig";
var N = Number(process.argv[2] ?? 2740);
var DAYS = 365;
var store = createDirectoryStore(root);
var agents = Array.from({ length: 2e3 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`);
var queues = Array.from({ length: 120 }, (_, i) => `10000000-0000-4000-8000-${String(i).padStart(12, "0")}`);
var cust = Array.from({ length: 3e5 }, () => randomBytes4(8).readBigInt64LE());
var sample = [];
if (!existsSync(root + "/sample.json")) {
  let ms = 0, rows_ = 0, bytes2 = 0;
  for (let d = 0; d < DAYS; d++) {
    const day = nextDay("2025-03-01", d);
    const t0 = Date.parse(day + "T00:00:00Z");
    const rows = [];
    for (let i = 0; i < N; i++) {
      const rid = randomUUID();
      rows.push({ organization_id: "o", conversation_id: randomUUID(), recording_id: rid, channel: null, key: `archive/${day.replaceAll("-", "/")}/${rid}.enc`, receipt_key: null, kind: "archived", state: Math.random() < 5e-3 ? "missing" : "archived", storage_class: "STANDARD", recorded_at: t0 + Math.floor(i * 864e5 / N), stored_at: t0 + Math.floor(i * 864e5 / N) + 9e5 + Math.floor(Math.random() * 6e4), duration_ms: Math.floor(Math.random() * 12e5), bytes: BigInt(Math.floor(Math.random() * 1e7)), media: "call", media_subtype: null, content_type: "audio/wav", direction: "inbound", agent_ids: [agents[Math.floor(Math.random() * 2e3)]], queue_ids: [queues[i % 120]], queue_names: ["Queue " + i % 120], division_ids: ["d"], wrap_up_codes: [queues[i % 20]], wrap_up_names: ["W " + i % 20], company_address: "+4930" + i % 50, customer_hash: cust[Math.floor(Math.random() * 3e5)], legal_hold: false, hold_ids: null, retain_until: null, format: "s3ec-v3", key_id: null, facts: "analytics" });
    }
    const t = performance.now();
    const b = writeDayFile(parquetTables, rows, { day, inputs: "x", search_key_id: "1-x", store: store.location });
    ms += performance.now() - t;
    rows_ += N;
    bytes2 += b.length;
    await store.put(dayFileKey(day), b, { metadata: {}, contentType: "x" }, unlimited);
    if (d % 40 === 7) sample.push({ conversation: rows[5].conversation_id, hash: String(rows[9].customer_hash) });
  }
  console.log("written", rows_, "rows", bytes2 / rows_, "B/row", rows_ / ms * 1e3, "rows/s");
  writeFileSync(root + "/sample.json", JSON.stringify(sample));
}
sample = JSON.parse(readFileSync(root + "/sample.json", "utf8"));
var ports = { archive: store, catalogue: store, tables: parquetTables, layout: DATE_LAYOUT, options: { agents: "id", facts: "none", shards: 1 }, clock: systemClock, logger: silentLogger };
var far = { ...store, location: store.location, pin: void 0, get: async (...a) => {
  await new Promise((r) => setTimeout(r, 30));
  return store.get(...a);
}, list: async function* (...a) {
  await new Promise((r) => setTimeout(r, 30));
  yield* store.list(...a);
}, head: async (...a) => {
  await new Promise((r) => setTimeout(r, 30));
  return store.head(...a);
} };
async function time5(name, p, q, wanted) {
  const times = [];
  let n = 0;
  for (let r = 0; r < 3; r++) {
    const t = performance.now();
    const s = await findRecordings(p, q, {}, unlimited);
    n = 0;
    for await (const x of findRows(s, wanted ? { wanted } : {})) n++;
    times.push(performance.now() - t);
  }
  times.sort((a, b) => a - b);
  console.log(name.padEnd(44), n, "rows", Math.round(times[1]), "ms median of 3", "RSS", Math.round(process.memoryUsage().rss / 1e6), "max", Math.round(process.resourceUsage().maxRSS / 1e3));
}
await time5("conversation id, all time", ports, { conversations: [sample[2].conversation] });
await time5("the same, 30 ms late", { ...ports, catalogue: far }, { conversations: [sample[3].conversation] });
await time5("agent, 7 days", ports, { agents: [agents[7]], from: "2025-06-01", to: "2025-06-07" });
async function count(name, q, cols) {
  const times = [];
  let n = 0;
  for (let r = 0; r < 3; r++) {
    const t = performance.now();
    const s = await findRecordings(ports, q, {}, unlimited);
    n = 0;
    for await (const d of s.days(cols)) for (const h of d.hits) n += h.count;
    times.push(performance.now() - t);
  }
  times.sort((a, b) => a - b);
  console.log(name.padEnd(44), n, Math.round(times[1]), "ms", "max RSS", Math.round(process.resourceUsage().maxRSS / 1e3));
}
await count("counts per day", {}, ["bytes"]);
await count("agent, all time, count", { agents: [agents[7]] }, []);
await time5("agent, all time, rows", ports, { agents: [agents[7]] });
