/** S3 Object Lock: legal holds, and times until which a version cannot be removed. */
import type { S3Answer, S3Call } from './call.ts';
import { isMarker, type OldVersion } from './old-versions.ts';
import type { ObjectLock, ObjectRecord } from './records.ts';
import { S3Refusal } from './refusal.ts';
import { renderDocument } from './xml.ts';
import { present } from '../present.ts';

/** Bytes; these documents have one or two elements. */
const MAX_DOCUMENT_BYTES = 4096;

async function readDocument(call: S3Call): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body().chunks) {
    size += chunk.byteLength;
    if (size > MAX_DOCUMENT_BYTES) throw new S3Refusal('MalformedXML');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function requireLock({ bucket }: S3Call): void {
  if (!bucket.hasObjectLock) {
    throw new S3Refusal('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html */
export async function putLegalHold(call: S3Call): Promise<S3Answer> {
  requireLock(call);
  const [, status] = /<Status>(ON|OFF)<\/Status>/.exec(await readDocument(call)) ?? [];
  if (status === undefined) throw new S3Refusal('MalformedXML');
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  await call.bucket.commit({ ...record, legalHold: status === 'ON' }, false);
  return { status: 200 };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html: a time may be moved back under no mode here. */
export async function putRetention(call: S3Call): Promise<S3Answer> {
  requireLock(call);
  const document = await readDocument(call);
  const [, mode] = /<Mode>(GOVERNANCE|COMPLIANCE)<\/Mode>/.exec(document) ?? [];
  const [, date = ''] = /<RetainUntilDate>([^<]+)<\/RetainUntilDate>/.exec(document) ?? [];
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  const retention = readRetention(mode, date, call.now);
  if ((record.retention?.until ?? 0) > retention.until) throw new S3Refusal('AccessDenied');
  await call.bucket.commit({ ...record, retention }, false);
  return { status: 200 };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html */
export function getLegalHold(call: S3Call): S3Answer {
  const { legalHold } = requireLocked(call);
  if (legalHold === undefined) throw new S3Refusal('NoSuchObjectLockConfiguration');
  return { status: 200, body: renderDocument('LegalHold', { Status: legalHold ? 'ON' : 'OFF' }) };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html */
export function getRetention(call: S3Call): S3Answer {
  const { retention } = requireLocked(call);
  if (retention === undefined) throw new S3Refusal('NoSuchObjectLockConfiguration');
  const { mode: Mode, until } = retention;
  return {
    status: 200,
    body: renderDocument('Retention', { Mode, RetainUntilDate: new Date(until).toISOString() }),
  };
}

function requireLocked(call: S3Call): ObjectRecord {
  requireLock(call);
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  return record;
}

/** All tags at once. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export async function putTagging(call: S3Call): Promise<S3Answer> {
  const document = await readDocument(call);
  const found = document.matchAll(/<Tag>\s*<Key>([^<]+)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>/g);
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  const tags = Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]));
  await call.bucket.commit({ ...record, tags }, false);
  return { status: 200 };
}

/** What a write asks to be locked with. @throws `InvalidRequest` in a bucket without Object Lock. */
export function readLockHeaders(call: S3Call): ObjectLock {
  const mode = call.headers.get('x-amz-object-lock-mode');
  const date = call.headers.get('x-amz-object-lock-retain-until-date');
  if (mode === undefined && date === undefined) return call.bucket.defaultLock(call.now);
  requireLock(call);
  return { retention: readRetention(mode, date ?? '', call.now) };
}

function readRetention(
  mode: string | undefined,
  date: string,
  now: number,
): NonNullable<ObjectLock['retention']> {
  const until = Date.parse(date);
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || Number.isNaN(until)) {
    throw new S3Refusal('InvalidArgument', 'Unknown wormMode directive.');
  }
  if (until <= now) throw new S3Refusal('InvalidArgument', 'The retain until date must be in the future!');
  return { mode, until };
}

export function lockHeaders({ legalHold, retention }: ObjectRecord): Record<string, string> {
  return {
    ...present({
      'x-amz-object-lock-legal-hold': legalHold === undefined ? undefined : legalHold ? 'ON' : 'OFF',
      'x-amz-object-lock-mode': retention?.mode,
      'x-amz-object-lock-retain-until-date': retention && new Date(retention.until).toISOString(),
    }),
  };
}

/** Markers can always be removed. */
export function isLocked(version: OldVersion, now: number): boolean {
  return !isMarker(version) && (version.legalHold === true || (version.retention?.until ?? 0) > now);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export function getLockConfiguration({ bucket }: S3Call): S3Answer {
  if (!bucket.hasObjectLock) throw new S3Refusal('ObjectLockConfigurationNotFoundError');
  const { defaultDays } = bucket;
  return {
    status: 200,
    body: renderDocument('ObjectLockConfiguration', {
      ObjectLockEnabled: 'Enabled',
      Rule:
        defaultDays === undefined
          ? undefined
          : { DefaultRetention: { Mode: 'COMPLIANCE', Days: defaultDays } },
    }),
  };
}
