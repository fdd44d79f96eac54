import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { directoryError, linkError } from '../../src/store/directory/fs-errors.ts';
import { sortS3Error } from '../../src/store/s3/errors.ts';

const SECRET = 'AKIAEXAMPLE&X-Amz-Signature=0123';

function sdkError(name: string, status?: number, code?: string): Error {
  return Object.assign(new Error(`request to ${SECRET} failed`), {
    name,
    $metadata: { httpStatusCode: status, requestId: 'REQ1' },
    ...(code === undefined ? {} : { code }),
    config: { secret: SECRET },
  });
}

const fateOf = (error: unknown) => {
  const sorted = sortS3Error(error, 'PUT object');
  if (sorted.kind === 'refusal') return sorted.refusal;
  return `${sorted.error.code}${sorted.transient ? ' again' : ''}${sorted.unsure ? ' unsure' : ''}`;
};

describe('S3 errors', () => {
  it.for([
    ['PreconditionFailed', 412, 'precondition'],
    ['412', 412, 'precondition'],
    ['NoSuchKey', 404, 'not-found'],
    ['NotFound', 404, 'not-found'],
    ['NoSuchUpload', 404, 'no-upload'],
    ['InvalidRange', 416, 'range'],
    ['NoSuchBucket', 404, 'STORE_MISSING'],
    ['PermanentRedirect', 301, 'STORE_MISSING'],
    ['SlowDown', 503, 'STORE_THROTTLED again unsure'],
    ['Throttling', 400, 'STORE_THROTTLED again unsure'],
    ['Unknown', 429, 'STORE_THROTTLED again unsure'],
    ['Unknown', 503, 'STORE_UNAVAILABLE again unsure'],
    ['InternalError', 500, 'STORE_UNAVAILABLE again unsure'],
    ['ConditionalRequestConflict', 409, 'STORE_UNAVAILABLE again unsure'],
    ['BadDigest', 400, 'STORE_MISMATCH again unsure'],
    ['AccessDenied', 403, 'STORE_DENIED'],
    ['Unknown', 403, 'STORE_DENIED'],
    ['ExpiredToken', 400, 'STORE_DENIED'],
    ['RequestTimeTooSkewed', 403, 'STORE_DENIED'],
    ['CredentialsProviderError', undefined, 'STORE_DENIED'],
    ['NotImplemented', 501, 'STORE_DENIED'],
    ['InvalidArgument', 400, 'STORE_DENIED'],
    ['QuotaExceeded', 403, 'STORE_FULL'],
    ['TimeoutError', undefined, 'STORE_UNAVAILABLE again unsure'],
  ] as const)('%s (%s) is %s', ([name, status, fate]) => {
    expect(fateOf(sdkError(name, status))).toBe(fate);
  });

  it.for([
    ['ECONNRESET', 'STORE_UNAVAILABLE again unsure'],
    ['EPIPE', 'STORE_UNAVAILABLE again unsure'],
    ['ETIMEDOUT', 'STORE_UNAVAILABLE again unsure'],
    // never sent, so it cannot have taken effect
    ['ECONNREFUSED', 'STORE_UNAVAILABLE again'],
    ['ENOTFOUND', 'STORE_UNAVAILABLE again'],
    ['CERT_HAS_EXPIRED', 'TLS_UNTRUSTED'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'STORE_UNAVAILABLE'],
  ] as const)('%s is %s', ([code, fate]) => {
    expect(fateOf(sdkError('Error', undefined, code))).toBe(fate);
  });

  it('tells how to mend what can be mended', () => {
    const hintOf = (name: string, status?: number) => {
      const sorted = sortS3Error(sdkError(name, status), 'PUT object');
      return sorted.kind === 'failure' ? sorted.error.hint : undefined;
    };
    expect(hintOf('ExpiredToken', 400)).toMatch(/expired/);
    expect(hintOf('AccessDenied', 403)).toMatch(/s3:PutObject/);
    expect(hintOf('PermanentRedirect', 301)).toMatch(/AWS_REGION/);
    const unset = sortS3Error(new Error('Region is missing'), 'PUT object');
    expect(unset).toMatchObject({ error: { code: 'CONFIG_INVALID' }, transient: false });
  });

  it('keeps nothing of what was thrown but words and numbers', () => {
    const thrown = fc.oneof(
      fc.anything(),
      fc
        .record({
          name: fc.oneof(fc.string(), fc.constant(SECRET)),
          status: fc.integer(),
          requestId: fc.constant(SECRET),
        })
        .map(({ name, status, requestId }) =>
          Object.assign(sdkError(name), { $metadata: { httpStatusCode: status, requestId } }),
        ),
    );
    fc.assert(
      fc.property(thrown, (error) => {
        const sorted = sortS3Error(error, 'PUT object');
        expect(JSON.stringify(sorted)).not.toContain(SECRET);
        if (sorted.kind === 'failure') expect(sorted.error).toBeInstanceOf(ArchiveError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('errors of the file system', () => {
  it.for([
    ['ENOSPC', 'STORE_FULL', true],
    ['EDQUOT', 'STORE_FULL', true],
    ['EACCES', 'STORE_DENIED', false],
    ['EPERM', 'STORE_DENIED', false],
    ['EROFS', 'STORE_DENIED', false],
    ['ENOTDIR', 'STORE_MISSING', false],
    ['ENAMETOOLONG', 'KEY_INVALID', false],
    ['EIO', 'STORE_UNAVAILABLE', true],
    ['EMFILE', 'STORE_UNAVAILABLE', true],
  ] as const)('%s is %s', ([code, expected, retryable]) => {
    const error = directoryError(Object.assign(new Error(SECRET), { code }), 'storing', 'a/b');
    expect(error).toMatchObject({ code: expected, retryable, details: { key: 'a/b' } });
    expect(JSON.stringify(error)).not.toContain(SECRET);
  });

  it('says in words what an operator must act on, and beside it what the system calls it', () => {
    const message = (code: string) =>
      directoryError(Object.assign(new Error(SECRET), { code }), 'storing').message;
    expect(message('ENOSPC')).toBe('storing failed: the disk is full (ENOSPC)');
    expect(message('EDQUOT')).toBe('storing failed: the quota is used up (EDQUOT)');
    expect(message('EACCES')).toBe('storing failed: permission denied (EACCES)');
    expect(message('EROFS')).toBe('storing failed: the file system is read-only (EROFS)');
    expect(message('EIO')).toBe('storing failed: Error EIO');
  });

  it('says when hard links are what is missing', () => {
    for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']) {
      const error = linkError(Object.assign(new Error(), { code }), 'a');
      expect(error).toMatchObject({ code: 'STORE_DENIED', retryable: false });
      expect(error.hint).toMatch(/hard links/);
    }
    expect(linkError(Object.assign(new Error(), { code: 'ENOSPC' }), 'a').code).toBe('STORE_FULL');
  });
});

describe('a refusal of the file system', () => {
  it('names the file, without what a terminal would act on, and says where to look', () => {
    const denied = Object.assign(new Error(SECRET), {
      code: 'EACCES',
      path: '/data/archive/\u001b[31m/a.enc',
    });
    const { code, message, hint } = directoryError(denied, 'storing', 'a');
    expect({ code, message }).toEqual({
      code: 'STORE_DENIED',
      message: 'storing failed: permission denied (EACCES): /data/archive/?[31m/a.enc',
    });
    expect(hint).toMatch(/ls -ld/);
  });
});
