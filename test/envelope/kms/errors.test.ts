import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sortKmsError } from '../../../src/envelope/kms/errors.ts';
import { ArchiveError, type ErrorCode } from '../../../src/errors.ts';

const named = (name: string, fields: object = {}) => Object.assign(new Error('canary'), { name, ...fields });
const answered = (name: string, httpStatusCode: number) =>
  named(name, { $metadata: { httpStatusCode, requestId: 'request-1' } });

describe('an error KMS answered with', () => {
  const TRANSIENT: readonly (readonly [ErrorCode, string])[] = [
    ['KMS_THROTTLED', 'ThrottlingException Throttling ThrottledException RequestThrottledException'],
    ['KMS_THROTTLED', 'TooManyRequestsException RequestLimitExceeded'],
    ['KMS_UNAVAILABLE', 'KMSInternalException KMSInternal DependencyTimeoutException DependencyTimeout'],
    [
      'KMS_UNAVAILABLE',
      'KeyUnavailableException ServiceUnavailable ServiceUnavailableException InternalFailure',
    ],
  ];
  const FINAL: readonly (readonly [ErrorCode, string, RegExp | undefined])[] = [
    ['KMS_DENIED', 'AccessDeniedException AccessDenied InvalidGrantTokenException', /needs kms:Decrypt/],
    ['KMS_DENIED', 'NotAuthorized OptInRequired', /needs kms:Decrypt/],
    ['KMS_DENIED', 'ExpiredToken ExpiredTokenException', /have expired; renew/],
    ['KMS_DENIED', 'RequestExpired RequestTimeTooSkewed', /set the clock/],
    ['KMS_DENIED', 'UnrecognizedClientException InvalidClientTokenId', /are not valid there/],
    ['KMS_DENIED', 'InvalidSignatureException SignatureDoesNotMatch', /AWS_SECRET_ACCESS_KEY/],
    ['KMS_DENIED', 'IncompleteSignatureException', /are not valid there/],
    ['KMS_DENIED', 'MissingAuthenticationTokenException', /are not valid there/],
    ['KMS_DENIED', 'CredentialsProviderError', /no AWS credentials were found/],
    ['KMS_KEY_UNUSABLE', 'DisabledException', /enable-key/],
    ['KMS_KEY_UNUSABLE', 'KMSInvalidStateException', /cancel-key-deletion/],
    ['KMS_KEY_UNUSABLE', 'NotFoundException', /no such key in this account and region/],
    ['KMS_KEY_UNUSABLE', 'InvalidKeyUsageException', /SYMMETRIC_DEFAULT/],
    ['KMS_KEY_UNUSABLE', 'InvalidArnException UnsupportedOperationException ValidationException', undefined],
    ['DECRYPT_FAILED', 'IncorrectKeyException', /another KMS key than ARCHIVE_KMS_KEY_ID/],
    ['DECRYPT_FAILED', 'InvalidCiphertextException', undefined],
  ];

  it.each(TRANSIENT)('is worth asking again: %s', (code, names) => {
    for (const name of names.split(' ')) {
      // by its name, for KMS answers throttling with 400
      const { error, transient } = sortKmsError(answered(name, 400), 'GenerateDataKey');
      expect([name, error.code, transient, error.retryable]).toEqual([name, code, true, true]);
      expect(error.message).toBe(`KMS GenerateDataKey: ${name}`);
    }
  });

  it.each(FINAL)('is final: %s for %s', (code, names, hint) => {
    for (const name of names.split(' ')) {
      const { error, transient } = sortKmsError(answered(name, 400), 'Decrypt');
      expect([name, error.code, transient, error.retryable]).toEqual([name, code, false, false]);
      if (hint !== undefined) expect(error.hint).toMatch(hint);
      else expect(error.hint ?? '').not.toMatch(/needs kms:/);
      expect(error.details).toMatchObject({ status: 400, requestId: 'request-1', reason: name });
    }
  });

  it.each(['Sign', 'GetPublicKey'] as const)('of %s is told with what a signing key needs', (operation) => {
    const hint = (name: string) => sortKmsError(answered(name, 400), operation).error.hint;
    expect(hint('AccessDeniedException')).toBe(`the role needs kms:${operation} on the key`);
    expect(hint('NotFoundException')).toContain('check ARCHIVE_SIGNING_KMS_KEY_ID and AWS_REGION');
    expect(hint('DisabledException')).toContain('enable-key');
    expect(hint('InvalidArnException')).toContain('check ARCHIVE_SIGNING_KMS_KEY_ID');
    for (const name of ['InvalidKeyUsageException', 'UnsupportedOperationException', 'ValidationException']) {
      expect(hint(name)).toContain('ECC_NIST_EDWARDS25519');
      expect(hint(name)).not.toContain('SYMMETRIC_DEFAULT');
    }
    expect(hint('InvalidArnException')).not.toMatch(/ARCHIVE_KMS_KEY_ID/);
  });

  it.each<[number, ErrorCode, boolean]>([
    [200, 'KMS_UNAVAILABLE', true],
    [299, 'KMS_UNAVAILABLE', true],
    [300, 'KMS_KEY_UNUSABLE', false],
    [199, 'KMS_KEY_UNUSABLE', false],
    [400, 'KMS_KEY_UNUSABLE', false],
    [401, 'KMS_DENIED', false],
    [403, 'KMS_DENIED', false],
    [404, 'KMS_KEY_UNUSABLE', false],
    [408, 'KMS_UNAVAILABLE', true],
    [429, 'KMS_THROTTLED', true],
    [500, 'KMS_UNAVAILABLE', true],
    [503, 'KMS_UNAVAILABLE', true],
  ])('by another name goes by its status: %i', (status, code, transient) => {
    for (const name of ['SomethingNew', 'constructor', 'toString']) {
      const failure = sortKmsError(answered(name, status), 'Encrypt');
      expect([failure.error.code, failure.transient, failure.error.retryable]).toEqual([
        code,
        transient,
        transient,
      ]);
      expect(failure.error.message).toBe(`KMS Encrypt: ${name}`);
    }
  });

  it('goes by its answer, also when the connection broke after it', () => {
    const { error } = sortKmsError(
      Object.assign(answered('ThrottlingException', 400), { code: 'ECONNRESET' }),
      'Decrypt',
    );
    expect([error.code, error.message]).toEqual(['KMS_THROTTLED', 'KMS Decrypt: ThrottlingException']);
  });

  it('says which permission is missing, of the operation that was denied', () => {
    for (const operation of ['GenerateDataKey', 'Decrypt', 'Encrypt', 'ReEncrypt'] as const) {
      for (const failure of [answered('AccessDeniedException', 400), answered('SomethingNew', 403)]) {
        expect(sortKmsError(failure, operation).error.hint).toBe(
          `the role needs kms:${operation} on the key`,
        );
      }
    }
    expect(sortKmsError(answered('DisabledException', 400), 'Decrypt').error.hint).not.toContain(
      'kms:Decrypt',
    );
  });
});

describe('an error without an answer', () => {
  it.each<[unknown, ErrorCode, boolean, string]>([
    [named('Error', { code: 'ECONNREFUSED' }), 'KMS_UNAVAILABLE', true, 'ECONNREFUSED'],
    [named('Error', { code: 'ENOTFOUND' }), 'KMS_UNAVAILABLE', true, 'ENOTFOUND'],
    [named('TimeoutError'), 'KMS_UNAVAILABLE', true, 'TimeoutError'],
    [named('constructor'), 'KMS_UNAVAILABLE', true, 'constructor'],
    [named('not a class name'), 'KMS_UNAVAILABLE', true, 'Error'],
    ['canary', 'KMS_UNAVAILABLE', true, 'Error'],
    [undefined, 'KMS_UNAVAILABLE', true, 'Error'],
    [named('SyntaxError', { $metadata: {} }), 'KMS_UNAVAILABLE', true, 'SyntaxError'],
    [{ message: 'Region is missing' }, 'KMS_UNAVAILABLE', true, 'Error'],
  ])('%s is worth another attempt', (error, code, transient, word) => {
    const failure = sortKmsError(error, 'Decrypt');
    expect([failure.error.code, failure.transient, failure.error.retryable]).toEqual([code, transient, true]);
    expect(failure.error.message).toBe(`KMS Decrypt: ${word}`);
    expect(failure.error).toBeInstanceOf(ArchiveError);
    expect(inspect(failure.error, { depth: 9 })).not.toContain('canary');
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'TLS_UNTRUSTED', /clock/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_UNTRUSTED', /address/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_UNTRUSTED', /NODE_EXTRA_CA_CERTS/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'KMS_UNAVAILABLE', /scheme and port/],
  ])('%s is not: another attempt meets the same server', (code, expected, hint) => {
    const { error, transient } = sortKmsError(named('Error', { code }), 'Decrypt');
    expect([error.code, transient, error.retryable]).toEqual([expected, false, false]);
    expect(error.hint).toMatch(hint);
  });

  it('names the setting when no region is known', () => {
    const { error, transient } = sortKmsError(new Error('Region is missing'), 'Decrypt');
    expect([error.code, transient, error.retryable]).toEqual(['CONFIG_INVALID', false, false]);
    expect(error.hint).toContain('set AWS_REGION to the region of the key');
  });
});
