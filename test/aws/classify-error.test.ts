import { describe, expect, it } from 'vitest';
import {
  type AwsErrorKind,
  commonRules,
  isAboutCredentials,
  kindOfName,
  kindOfStatus,
  readAwsError,
} from '../../src/aws/classify-error.ts';
import { sortKmsError } from '../../src/envelope/kms/errors.ts';
import { sortSecretError } from '../../src/secrets/errors.ts';
import { sortAwsFailure } from '../../src/stack/aws-failure.ts';
import { sortS3Error } from '../../src/store/s3/errors.ts';

const named = (name: string, fields: object = {}) => Object.assign(new Error('canary'), { name, ...fields });
const answered = (name: string, status: number) => named(name, { $metadata: { httpStatusCode: status } });

describe('an error of AWS', () => {
  it.each<[string, AwsErrorKind]>([
    ['ThrottlingException', 'throttled'],
    ['TooManyRequests', 'throttled'],
    ['InternalServiceError', 'unavailable'],
    ['AccessDenied', 'denied'],
    ['AccessDeniedException', 'denied'],
    ['ExpiredTokenException', 'expired'],
    ['InvalidClientTokenId', 'unknown-key'],
    ['InvalidSignatureException', 'wrong-secret'],
    ['InvalidToken', 'bad-token'],
    ['CredentialsProviderError', 'no-credentials'],
    ['RequestInTheFuture', 'wrong-clock'],
  ])('%s is %s in every service', (name, kind) => {
    expect(kindOfName(name)).toBe(kind);
    expect(readAwsError(answered(name, 400))).toMatchObject({ name, kind, status: 400 });
  });

  it('that no service is known by has no kind by its name', () => {
    for (const name of ['NoSuchBucket', 'toString', 'Exception', '']) {
      expect(kindOfName(name)).toBeUndefined();
    }
  });

  it('without a name goes by its status, and without a status is a lost connection', () => {
    expect(kindOfStatus(undefined)).toBe('unavailable');
    expect(kindOfStatus(429)).toBe('throttled');
    expect(kindOfStatus(503)).toBe('unavailable');
    expect(kindOfStatus(200)).toBe('unavailable');
    expect(kindOfStatus(401)).toBe('denied');
    expect(kindOfStatus(403)).toBe('denied');
    expect(kindOfStatus(400)).toBeUndefined();
    expect(kindOfStatus(302)).toBeUndefined();
  });

  it('tells a missing region and a failed handshake only where there is no answer', () => {
    expect(readAwsError(new Error('Region is missing')).kind).toBe('no-region');
    expect(readAwsError(named('Error', { code: 'ERR_SSL_WRONG_VERSION_NUMBER' })).kind).toBe('no-tls');
    const late = named('Error', { code: 'EPROTO', $metadata: { httpStatusCode: 500 } });
    expect(readAwsError(late).kind).toBeUndefined();
  });

  it('of the credentials is told apart from a missing permission', () => {
    const kinds: AwsErrorKind[] = ['expired', 'unknown-key', 'wrong-secret', 'bad-token', 'no-credentials'];
    expect(kinds.filter((kind) => !isAboutCredentials(kind))).toEqual([]);
    expect(isAboutCredentials('denied')).toBe(false);
    expect(isAboutCredentials(undefined)).toBe(false);
  });

  it('about credentials has one hint, whichever service it is of', () => {
    const { hint } = commonRules(
      { throttled: 'UNEXPECTED', unavailable: 'UNEXPECTED', denied: 'UNEXPECTED' },
      { place: 'thing', service: 'ANY' },
    )['wrong-secret'];
    const error = answered('SignatureDoesNotMatch', 403);
    const s3 = sortS3Error(error, 'PUT object');
    expect(s3.kind === 'failure' ? s3.error.hint : '').toBe(hint);
    expect(sortKmsError(error, 'Decrypt').error.hint).toBe(hint);
    expect(sortSecretError(error, 'one').error.hint).toBe(hint);
    expect(sortAwsFailure(error)).toEqual({ kind: 'no-credentials', reason: 'SignatureDoesNotMatch' });
  });
});
