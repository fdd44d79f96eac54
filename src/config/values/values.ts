import { isAwsRegion, suggestRegion } from '../../aws-regions.ts';
import { compileKeyTemplate } from '../../key-template.ts';
import { RECORDING_KINDS } from '../../recording/facts.ts';
import { compileIdPattern, UUID_PATTERN } from '../../recording/id.ts';
import { checked, hasRepeats, problem } from '../checked.ts';
import { GENESYS_REGIONS, RECORDING_REGIONS, regionOfDomain } from '../../regions.ts';
import { Secret } from '../../secret.ts';

/** RFC 1123 labels, at least two of them, in lower case; at most 253 characters. */
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What an object key may consist of, see the port `ObjectStore`; a prefix leaves room for the rest of the key. */
const KEY_PREFIX = /^[A-Za-z0-9._=+@:-]+(?:\/[A-Za-z0-9._=+@:-]+)*$/;
const MAX_PREFIX_LENGTH = 200;

/** Credentials are sent in a header or a form: printable ASCII without spaces survives both unchanged. */
const CREDENTIAL = /^[\x21-\x7e]{1,512}$/;

/** A folder of a URL's path that means the same in every encoding; `.` and `..` mean another folder. */
const FOLDER = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$/;

function checkCredential(text: string) {
  if (text.trim() !== text) return problem('has white space around it');
  return CREDENTIAL.test(text) ? { value: text } : problem('must be printable characters without spaces');
}

/** An id that goes with a secret but is none itself. */
export const credentialId = checked(checkCredential);

export const credentialSecret = checked((text) => {
  const result = checkCredential(text);
  return 'problem' in result ? result : { value: new Secret(result.value) };
});

/** Domain of a Genesys Cloud region, without `api.` or `login.` before it. */
export const regionDomain = checked((text) => {
  // also as the platform's SDKs spell it, `us_east_1`
  const region = suggestRegion(text) ?? text;
  const domainOfRegion = Object.hasOwn(GENESYS_REGIONS, region) ? GENESYS_REGIONS[region] : undefined;
  if (domainOfRegion !== undefined) return problem(`is an AWS region; its domain is ${domainOfRegion}`);
  if (isAwsRegion(region)) return problem('is an AWS region, not a domain of Genesys Cloud');
  if (text.includes('/')) return problem('must be a domain name, not a URL');
  if (/^(?:api|login|apps)\./.test(text))
    return problem('must be the domain after "api.", "login." or "apps."');
  return DOMAIN.test(text) ? { value: text } : problem('is not a domain name in lower case');
});

/**
 * Where a service is: only scheme, host and port. That http and loopback need a setting of their own is checked in
 * `config.ts`, where both are known.
 */
export const originUrl = checked((text) => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return problem('is not an absolute URL');
  }
  if (url.username !== '' || url.password !== '') return problem('must not carry a user name or password');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return problem('must start with https://');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    return problem('must end after the host: no path, no query');
  }
  return { value: url.origin };
});

export const bucketName = checked((text) => {
  if (text.startsWith('s3:'))
    return problem('must be the name alone; ARCHIVE_STORE takes s3://BUCKET/PREFIX');
  return BUCKET.test(text) ? { value: text } : problem('is not a bucket name');
});

/** Of a work group or a database of Athena. https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroup.html */
export const athenaName = checked((text) =>
  /^[A-Za-z0-9._-]{1,128}$/.test(text)
    ? { value: text }
    : problem('must be 1 to 128 of A-Z a-z 0-9 . _ and -'),
);

/** `s3://bucket[/prefix]` or `file:PATH`, as the store opens it; one `/` at the end is taken off. */
export const storeLocation = checked((text) => {
  if (hasControlCharacters(text)) return problem('holds a control character');
  if (text.startsWith('file:')) {
    return text.length > 'file:'.length ? { value: text } : problem('names no directory after file:');
  }
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) return problem('must start with s3:// or file:');
  if (!BUCKET.test(bucket)) return problem('has no valid bucket name after s3://');
  const trimmed = prefix.replace(/\/$/, '');
  if (trimmed === '') return { value: `s3://${bucket}` };
  const dots = trimmed.split('/').some((segment) => segment === '.' || segment === '..');
  if (!KEY_PREFIX.test(trimmed) || dots || trimmed.length > MAX_PREFIX_LENGTH) {
    return problem(
      `has a prefix that is not a key: up to ${MAX_PREFIX_LENGTH} letters, digits and ._=+@:- between single slashes`,
    );
  }
  return { value: `s3://${bucket}/${trimmed}` };
});

/**
 * An AES-256 key. The whole text is checked: `Buffer.from(text, 'hex')` stops at the first character that is no digit, and
 * would take what came before.
 */
export const keyHex = checked((text) => {
  if (!/^[0-9a-fA-F]*$/.test(text))
    return problem('must be hex digits only (0-9, a-f), without spaces or quotes');
  if (text.length !== 64) return problem(`must have exactly 64 hex digits, not ${text.length}`);
  if (/^0+$/.test(text)) return problem('is all zeros, which is not a key');
  return { value: new Secret(text) };
});

/** Key id, key ARN, alias name or alias ARN. https://docs.aws.amazon.com/kms/latest/developerguide/find-cmk-id-arn.html */
export const kmsKeyId = checked((text) =>
  isKmsKeyId(text) ? { value: text } : problem('is not an id, ARN or alias/NAME of a KMS key'),
);

/** One such key, or two while one takes the place of the other. */
export const kmsKeyIds = checked((text) => {
  const ids = text.split(',').map((id) => id.trim());
  if (hasRepeats(ids)) return problem('names one key twice: two are two keys');
  return ids.length <= 2 && ids.every(isKmsKeyId)
    ? { value: ids }
    : problem('must be the id, ARN or alias/NAME of one KMS key, or of two, comma-separated');
});

function isKmsKeyId(text: string): boolean {
  const local = text.replace(
    /^arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,40}:\d{12}:(?:key\/(?!alias\/)|(?=alias\/))/,
    '',
  );
  return /^(?:alias\/[A-Za-z0-9/_-]{1,250}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/.test(
    local,
  );
}

export const filePath = checked((text) =>
  hasControlCharacters(text) ? problem('holds a control character') : { value: text },
);

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html#awssecretsmanager-resources-for-iam-policies */
export const secretArn = checked((text) =>
  /^arn:aws[a-z-]{0,20}:secretsmanager:[a-z0-9-]{1,40}:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}$/.test(text)
    ? { value: text }
    : problem('is no ARN of a secret in AWS Secrets Manager'),
);

export const roleArn = checked((text) =>
  /^arn:aws[a-z-]{0,20}:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/.test(text)
    ? { value: text }
    : problem('is no ARN of a role'),
);

/** A SubjectPublicKeyInfo of Ed25519 in base64: what stands between the lines of a PEM file. */
export const INLINE_PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;

/** Files and keys, comma-separated. The 12 bytes before the 32 of a bare key fill 16 characters of base64. */
export const publicKeyList = checked((text) => {
  if (hasControlCharacters(text)) return problem('holds a control character');
  const items = listItems(text).map((item) => item.replace(/^ed25519:/, 'MCowBQYDK2VwAyEA'));
  if (items.length === 0) return problem('names no key');
  // a key that was copied in part must not be taken for the name of a file
  const broken = items.some((item) => item.startsWith('MCowBQYDK2Vw') && !INLINE_PUBLIC_KEY.test(item));
  return broken
    ? problem('has an Ed25519 key that is not 60 characters of base64, or 44 after ed25519:')
    : { value: items };
});

/** As SQS names its queues: scheme, host and a path. That http needs a setting of its own is checked in `config.ts`. */
export const queueUrl = checked((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    return problem('must be the URL of an SQS queue');
  }
  const bare = url.username === '' && url.password === '' && !/[?#]/.test(text);
  return bare && /^\/[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*(?:\.fifo)?$/.test(url.pathname)
    ? { value: url.href }
    : problem('must be the URL of an SQS queue, without query or credentials');
});

/** It stands in encryption contexts, as it is. */
export const organizationId = checked((text) =>
  /^[A-Za-z0-9._-]{1,128}$/.test(text)
    ? { value: text }
    : problem('must be 1 to 128 letters, digits and ._-'),
);

export const flag = checked((text) => {
  if (text !== '1' && text !== '0') return problem('must be 1 or 0');
  return { value: text === '1' };
});

/** AWS regions that the platform keeps recordings in, comma-separated, each once. */
export const regionList = checked((text) => {
  const items = listItems(text);
  if (items.length === 0) return problem('names no region');
  const wrong = items.findIndex((item) => !RECORDING_REGIONS.includes(item));
  if (wrong === -1) return { value: [...new Set(items)] };
  const item = items[wrong] ?? '';
  const meant = regionOfDomain(item) ?? item.toLowerCase().replaceAll('_', '-');
  const hint = RECORDING_REGIONS.includes(meant)
    ? `; write ${meant}`
    : `; there are ${RECORDING_REGIONS.join(', ')}`;
  return problem(`item ${wrong + 1} is not a region of the platform${hint}`);
});

/** Id of an AWS account; leading zeros count. */
export const accountId = checked((text) => {
  if (!/^\d{12}$/.test(text)) return problem('must be the 12 digits of an AWS account, without hyphens');
  return { value: text };
});

/**
 * Comma-separated host suffixes, in lower case. With a path it is one exact host and what stands below the path, as in
 * `s3.amazonaws.com/their-bucket`; the path's letters keep their case.
 */
export const hostList = checked((text) => {
  const wildcard = listItems(text).findIndex((item) => /^\*?\.[^/]*\/./.test(item));
  if (wildcard !== -1) {
    return problem(`has a path behind a wildcard as item ${wildcard + 1}: a path needs one exact host`);
  }
  const hosts = listItems(text).map((item) => {
    const [host = '', ...folders] = item.replace(/\/$/, '').split('/');
    return [host.toLowerCase().replace(/^(?:\*?\.)/, ''), ...folders];
  });
  const wrong = hosts.findIndex(([host = '', ...folders]) => {
    return !DOMAIN.test(host) || !folders.every((folder) => FOLDER.test(folder));
  });
  return wrong === -1
    ? { value: hosts.map((parts) => parts.join('/')) }
    : problem(`has no domain name, or no plain path behind it, as item ${wrong + 1}`);
});

/** Comma-separated; several are active at once while one is exchanged for another. */
export const secretList = checked((text) => {
  const items = listItems(text);
  const wrong = items.findIndex((item) => !CREDENTIAL.test(item));
  if (wrong !== -1) {
    return problem(`item ${wrong + 1} must be 1 to 512 printable characters without spaces`);
  }
  return items.length === 0 ? problem('holds no secret') : { value: items.map((item) => new Secret(item)) };
});

export const idPattern = checked((text) => {
  const compiled = compileIdPattern(text);
  return 'pattern' in compiled ? { value: compiled.pattern } : compiled;
});

/** One of `available`. */
export function choice<const T extends string>(available: readonly T[]) {
  return checked<T>((text) => {
    const chosen = available.find((option) => option === text);
    return chosen === undefined ? problem(`must be one of: ${available.join(', ')}`) : { value: chosen };
  });
}

/** `date`, `genesys-export`, or a template of keys. */
export const layoutChoice = checked((text) => {
  if (text === 'date' || text === 'genesys-export') return { value: text };
  if (!/[{}/]/.test(text)) return problem('must be one of: date, genesys-export, or a template of keys');
  const compiled = compileKeyTemplate(text);
  return 'template' in compiled ? { value: text } : compiled;
});

function listItems(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function hasControlCharacters(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return /[\x00-\x1f\x7f]/.test(text);
}

/** Kinds of recordings, comma-separated. */
export const kindList = checked((text) => {
  const items = listItems(text);
  const kinds = RECORDING_KINDS.filter((kind) => items.includes(kind));
  const wrong = items.findIndex((item) => !RECORDING_KINDS.some((kind) => kind === item));
  if (wrong !== -1) return problem(`item ${wrong + 1} is none of: ${RECORDING_KINDS.join(', ')}`);
  return kinds.length === 0 ? problem('names no kind') : { value: kinds };
});

/** The id of a schema, as the platform issues it. */
export const schemaId = checked((text) =>
  UUID_PATTERN.test(text) ? { value: text } : problem('must be the UUID of a schema'),
);
