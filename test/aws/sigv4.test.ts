import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AwsCredentials, type RequestToSign, signRequest } from '../../src/aws/sigv4.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const EMPTY = sha256('');

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const S3: AwsCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const s3Request = (request: Partial<RequestToSign>): RequestToSign => {
  const { headers = {}, payloadHash = EMPTY } = request;
  return {
    method: 'GET',
    path: '/',
    region: 'us-east-1',
    service: 's3',
    now: Date.UTC(2013, 4, 24),
    ...request,
    payloadHash,
    headers: { host: 'examplebucket.s3.amazonaws.com', 'x-amz-content-sha256': payloadHash, ...headers },
  };
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-test-suite.html */
const SUITE: AwsCredentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const suiteRequest = (request: Partial<RequestToSign> = {}): RequestToSign => ({
  method: 'GET',
  path: '/',
  headers: { host: 'example.amazonaws.com' },
  payloadHash: EMPTY,
  region: 'us-east-1',
  service: 'service',
  now: Date.UTC(2015, 7, 30, 12, 36),
  ...request,
});

const signatureOf = (request: RequestToSign, credentials: AwsCredentials = SUITE) =>
  /Signature=([0-9a-f]{64})$/.exec(signRequest(request, credentials)['authorization'] ?? '')?.[1];

describe('the examples of the S3 documentation', () => {
  it('signs a GET of a range', () => {
    expect(signRequest(s3Request({ path: '/test.txt', headers: { range: 'bytes=0-9' } }), S3)).toStrictEqual({
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': EMPTY,
      'x-amz-date': '20130524T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    });
  });

  it('signs a PUT with a body', () => {
    const request = s3Request({
      method: 'PUT',
      path: '/test%24file.text',
      headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      payloadHash: sha256('Welcome to Amazon S3.'),
    });
    expect(signatureOf(request, S3)).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
  });

  it.each([
    ['lifecycle=', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('signs the query %s', (query, signature) => {
    expect(signatureOf(s3Request({ query }), S3)).toBe(signature);
  });
});

describe('the test suite of Signature Version 4', () => {
  it('get-vanilla', () => {
    expect(signatureOf(suiteRequest())).toBe(
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
  });

  it('get-header-value-trim', () => {
    const headers = { host: 'example.amazonaws.com', 'my-header1': ' value1', 'my-header2': ' "a   b   c"' };
    expect(signatureOf(suiteRequest({ headers }))).toBe(
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    );
  });

  it('post-sts-header-before: the token of a session is signed', () => {
    const sessionToken =
      'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
    const signed = signRequest(suiteRequest({ method: 'POST' }), { ...SUITE, sessionToken });
    expect(signed['x-amz-security-token']).toBe(sessionToken);
    expect(signed['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token, ');
    expect(signed['authorization']).toContain(
      'Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    );
  });
});

describe('the remembered signing key', () => {
  it.each<[string, Partial<RequestToSign>, Partial<AwsCredentials>]>([
    ['day', { now: Date.UTC(2015, 7, 31, 12, 36) }, {}],
    ['region', { region: 'eu-central-1' }, {}],
    ['service', { service: 'sqs' }, {}],
    ['secret', {}, { secretAccessKey: 'another' }],
  ])('is another one for another %s', (_what, request, credentials) => {
    const vanilla = signatureOf(suiteRequest());
    const other = signatureOf(suiteRequest(request), { ...SUITE, ...credentials });
    expect(other).not.toBe(vanilla);
    // Whatever was signed in between: the same request has the same signature.
    expect(signatureOf(suiteRequest())).toBe(vanilla);
    expect(signatureOf(suiteRequest(request), { ...SUITE, ...credentials })).toBe(other);
  });

  it('is that of the request’s own scope: a key of one day does not sign the next', () => {
    signatureOf(suiteRequest({ now: Date.UTC(2013, 4, 24) }));
    expect(signatureOf(suiteRequest())).toBe(
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
  });
});

it('changes nothing of the headers it was given, and sends no token where there is no session', () => {
  const headers = Object.freeze({ host: 'example.amazonaws.com' });
  expect(Object.keys(signRequest(suiteRequest({ headers }), SUITE))).toStrictEqual([
    'host',
    'x-amz-date',
    'authorization',
  ]);
});
