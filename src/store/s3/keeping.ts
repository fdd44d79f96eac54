/** How long objects in S3 stay: retention of Object Lock, legal holds and tags. In a file that what archives never loads. */
import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { KeptState, RetainResult, RetentionMode, TagResult } from '../../ports.ts';
import { assertObjectKey } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';

/** Retention as S3 states it. */
interface StatedRetention {
  readonly mode: RetentionMode;
  readonly until: number;
}

/** Only ever longer, and never in a weaker mode. */
export async function retainObject(
  access: S3Access,
  key: string,
  { until, mode }: StatedRetention,
  budget: Budget,
): Promise<RetainResult> {
  const known = await retentionOf(access, key, budget);
  if (known === 'absent') return 'absent';
  if (known === 'not-offered') return 'unsupported';
  if (known === 'forbidden') throw denied('GET retention', 's3:GetObjectRetention', key);
  if (known !== 'none') {
    const isWeaker = known.mode === 'governance' && mode === 'compliance';
    if (known.until > until || (known.until === until && !isWeaker)) return 'shorter';
  }
  const stricter = known !== 'none' && known.mode === 'compliance' ? 'compliance' : mode;
  const reply = await callS3(access, 'PUT retention', budget, (send) =>
    access.client
      .send(
        new PutObjectRetentionCommand({
          ...access.bucket,
          Key: access.prefix + key,
          Retention: {
            Mode: stricter === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
            RetainUntilDate: new Date(until),
          },
          ChecksumAlgorithm: 'SHA256',
        }),
        send,
      )
      .then(() => 'set' as const, answering({ InvalidRequest: 'unsupported' as const })),
  );
  if (reply.ok) return reply.value;
  if (reply.refusal === 'not-found') return 'absent';
  throw refused('PUT retention', reply.refusal, key);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html leaves locks out for who may not see them. */
export async function readKeptState(
  access: S3Access,
  key: string,
  budget: Budget,
): Promise<KeptState | undefined> {
  assertObjectKey(key);
  const head = await callS3(access, 'HEAD object', budget, (send) =>
    access.client.send(new HeadObjectCommand({ ...access.bucket, Key: access.prefix + key }), send),
  );
  if (!head.ok) return undefined;
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus, LastModified } = head.value;
  const stated = readRetention({ Mode: ObjectLockMode, RetainUntilDate: ObjectLockRetainUntilDate });
  const retention = stated ?? (await retentionOf(access, key, budget));
  const legalHold =
    ObjectLockLegalHoldStatus === 'ON'
      ? 'on'
      : retention === 'not-offered'
        ? 'not-offered'
        : await legalHoldOf(access, key, budget);
  const tags = await tagsOf(access, key, budget);
  if (retention === 'absent' || legalHold === 'absent' || tags === 'absent') return undefined;
  return { retention, legalHold, tags, lastModified: LastModified?.getTime() ?? 0 };
}

/** Reads the tags first: S3 replaces all of them at once. */
export async function setTag(
  access: S3Access,
  key: string,
  { name, value }: { readonly name: string; readonly value: string | undefined },
  budget: Budget,
): Promise<TagResult> {
  const tags = await tagsOf(access, key, budget);
  if (tags === 'absent') return 'absent';
  if (tags === 'not-offered') return 'unsupported';
  if (tags === 'forbidden') throw denied('GET tags', 's3:GetObjectTagging', key);
  if (tags[name] === value) return 'same';
  const { [name]: _before, ...others } = tags;
  const all = value === undefined ? others : { ...others, [name]: value };
  const reply = await callS3(access, 'PUT tags', budget, (send) =>
    access.client.send(
      new PutObjectTaggingCommand({
        ...access.bucket,
        Key: access.prefix + key,
        Tagging: { TagSet: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) },
        ChecksumAlgorithm: 'SHA256',
      }),
      send,
    ),
  );
  if (reply.ok) return 'set';
  if (reply.refusal === 'not-found') return 'absent';
  throw refused('PUT tags', reply.refusal, key);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html */
async function retentionOf(
  access: S3Access,
  key: string,
  budget: Budget,
): Promise<StatedRetention | 'none' | 'forbidden' | 'not-offered' | 'absent'> {
  assertObjectKey(key);
  return asked(access, { what: 'GET retention', key }, budget, (send) =>
    access.client
      .send(new GetObjectRetentionCommand({ ...access.bucket, Key: access.prefix + key }), send)
      .then(
        ({ Retention }) => readRetention(Retention ?? {}) ?? ('none' as const),
        answering({
          NoSuchObjectLockConfiguration: 'none' as const,
          InvalidRequest: 'not-offered' as const,
        }),
      ),
  );
}

async function legalHoldOf(
  access: S3Access,
  key: string,
  budget: Budget,
): Promise<KeptState['legalHold'] | 'absent'> {
  return asked(access, { what: 'GET legal hold', key }, budget, (send) =>
    access.client
      .send(new GetObjectLegalHoldCommand({ ...access.bucket, Key: access.prefix + key }), send)
      .then(
        ({ LegalHold }) => (LegalHold?.Status === 'ON' ? ('on' as const) : ('off' as const)),
        answering({
          NoSuchObjectLockConfiguration: 'off' as const,
          InvalidRequest: 'not-offered' as const,
        }),
      ),
  );
}

async function tagsOf(access: S3Access, key: string, budget: Budget): Promise<KeptState['tags'] | 'absent'> {
  assertObjectKey(key);
  return asked(access, { what: 'GET tags', key }, budget, async (send) => {
    const { TagSet = [] } = await access.client.send(
      new GetObjectTaggingCommand({ ...access.bucket, Key: access.prefix + key }),
      send,
    );
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
  });
}

/** What one may not see is an answer. */
async function asked<T>(
  access: S3Access,
  { what, key }: { readonly what: string; readonly key: string },
  budget: Budget,
  call: (send: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T | 'forbidden' | 'absent'> {
  try {
    const reply = await callS3(access, what, budget, call);
    if (reply.ok) return reply.value;
    if (reply.refusal === 'not-found') return 'absent';
    throw refused(what, reply.refusal, key);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'STORE_DENIED') return 'forbidden';
    throw error;
  }
}

function readRetention(stated: {
  readonly Mode?: string | undefined;
  readonly RetainUntilDate?: Date | undefined;
}): StatedRetention | undefined {
  const { Mode, RetainUntilDate } = stated;
  if (RetainUntilDate === undefined) return undefined;
  return { mode: Mode === 'COMPLIANCE' ? 'compliance' : 'governance', until: RetainUntilDate.getTime() };
}

/** Errors of S3 that are answers, by their names. */
function answering<T>(answers: Readonly<Record<string, T>>): (error: unknown) => T {
  return (error) => {
    const answer =
      error instanceof Error && Object.hasOwn(answers, error.name) ? answers[error.name] : undefined;
    if (answer === undefined) throw error;
    return answer;
  };
}

const denied = (what: string, permission: string, key: string) =>
  new ArchiveError('STORE_DENIED', `${what}: S3 forbids it`, {
    hint: `what is not seen is not changed: grant ${permission}`,
    details: { key },
  });

function refused(what: string, refusal: string, key: string): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', `${what}: ${refusal}`, { details: { key } });
}
