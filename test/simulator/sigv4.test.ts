import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S3Refusal } from '../../packages/simulator/src/s3/refusal.ts';
import { decodeChunked } from '../../packages/simulator/src/s3/chunked.ts';
import {
  deriveSigningKey,
  type RequestSignature,
  type SignableRequest,
  verifySignature,
} from '../../packages/simulator/src/aws/sigv4.ts';

/**
 * The examples AWS publishes, signatures included:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
const CREDENTIALS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
};
const NOW = Date.parse('2013-05-24T00:00:00Z');
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function example(
  method: string,
  path: string,
  options: {
    readonly query?: SignableRequest['query'];
    readonly headers: Readonly<Record<string, string>>;
    readonly signature: string;
  },
): SignableRequest {
  const headers: Record<string, string> = { 'x-amz-date': '20130524T000000Z', ...options.headers };
  const names = Object.keys(headers).sort().join(';');
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/20130524/us-east-1/s3/aws4_request,` +
    `SignedHeaders=${names},Signature=${options.signature}`;
  return { method, path, query: options.query ?? [], headers: new Map(Object.entries(headers)) };
}

const GET_OBJECT = example('GET', '/test.txt', {
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': EMPTY,
  },
  signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
});

const EXAMPLES: readonly (readonly [string, SignableRequest])[] = [
  ['GET Object', GET_OBJECT],
  [
    'PUT Object, whose key holds a $',
    example('PUT', '/test$file.text', {
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        host: 'examplebucket.s3.amazonaws.com',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    }),
  ],
  [
    'GET Bucket lifecycle, with a parameter without value',
    example('GET', '/', {
      query: [['lifecycle', '']],
      headers: { host: 'examplebucket.s3.amazonaws.com', 'x-amz-content-sha256': EMPTY },
      signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    }),
  ],
  [
    'list objects',
    example('GET', '/', {
      query: [
        ['prefix', 'J'],
        ['max-keys', '2'],
      ],
      headers: { host: 'examplebucket.s3.amazonaws.com', 'x-amz-content-sha256': EMPTY },
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    }),
  ],
];

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof S3Refusal) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('Signature Version 4', () => {
  it.each(EXAMPLES)('accepts the example of AWS: %s', (_name, request) => {
    expect(verifySignature(request, CREDENTIALS, NOW).scope).toBe('20130524/us-east-1/s3/aws4_request');
  });

  it.each(EXAMPLES)(
    'refuses it with another secret, method, path, parameter or header: %s',
    (_name, request) => {
      const check = (changed: Partial<SignableRequest>, secret = CREDENTIALS.secretAccessKey) =>
        codeOf(() =>
          verifySignature({ ...request, ...changed }, { ...CREDENTIALS, secretAccessKey: secret }, NOW),
        );
      expect(check({}, 'other')).toBe('SignatureDoesNotMatch');
      expect(check({ method: 'DELETE' })).toBe('SignatureDoesNotMatch');
      expect(check({ path: `${request.path}x` })).toBe('SignatureDoesNotMatch');
      expect(check({ query: [...request.query, ['uploads', '']] })).toBe('SignatureDoesNotMatch');
      const headers = new Map([...request.headers, ['host', 'other.s3.amazonaws.com']]);
      expect(check({ headers })).toBe('SignatureDoesNotMatch');
    },
  );

  const changeHeaders = (changes: Readonly<Record<string, string | undefined>>): SignableRequest => {
    const headers = new Map(GET_OBJECT.headers);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    return { ...GET_OBJECT, headers };
  };
  const authorization = GET_OBJECT.headers.get('authorization') ?? '';

  it.each([
    ['no authorization', { authorization: undefined }, 'AccessDenied'],
    ['basic authorization', { authorization: 'Basic YTpi' }, 'InvalidRequest'],
    [
      'no signature',
      { authorization: authorization.replace(/,Signature=.*/, '') },
      'AuthorizationHeaderMalformed',
    ],
    [
      'another region',
      { authorization: authorization.replace('us-east-1', 'eu-west-1') },
      'AuthorizationHeaderMalformed',
    ],
    ['another access key', { authorization: authorization.replace('AKIA', 'AKIB') }, 'InvalidAccessKeyId'],
    [
      'another day in the scope',
      { authorization: authorization.replace('20130524', '20130523') },
      'AuthorizationHeaderMalformed',
    ],
    ['an unsigned x-amz- header', { 'x-amz-meta-a': 'b' }, 'AccessDenied'],
    ['no date', { 'x-amz-date': undefined }, 'AccessDenied'],
    ['no payload hash', { 'x-amz-content-sha256': undefined }, 'InvalidRequest'],
    ['a session token', { 'x-amz-security-token': 'x' }, 'InvalidToken'],
  ])('refuses %s', (_name, changes, code) => {
    expect(codeOf(() => verifySignature(changeHeaders(changes), CREDENTIALS, NOW))).toBe(code);
  });

  it('allows 15 minutes of clock skew in both directions', () => {
    const minutes = (count: number) =>
      codeOf(() => verifySignature(GET_OBJECT, CREDENTIALS, NOW + count * 60_000));
    expect([-16, -15, 15, 16].map(minutes)).toEqual([
      'RequestTimeTooSkewed',
      'accepted',
      'accepted',
      'RequestTimeTooSkewed',
    ]);
  });

  it('refuses presigned URLs as something it does not have', () => {
    const request = { ...GET_OBJECT, query: [['X-Amz-Signature', 'aa']] as const };
    expect(codeOf(() => verifySignature(request, CREDENTIALS, NOW))).toBe('NotImplemented');
  });
});

const signing = (payload: string, signature: string): RequestSignature => ({
  payload,
  signature,
  timestamp: '20130524T000000Z',
  scope: '20130524/us-east-1/s3/aws4_request',
  signingKey: deriveSigningKey(CREDENTIALS.secretAccessKey, '20130524', 'us-east-1'),
});

/** AWS's example body: 65,536 times `a`, 1,024 times `a`, the end. */
const frame = (signatures: readonly [string, string, string], trailer: string) =>
  [
    `10000;chunk-signature=${signatures[0]}\r\n${'a'.repeat(65_536)}\r\n`,
    `400;chunk-signature=${signatures[1]}\r\n${'a'.repeat(1024)}\r\n`,
    `0;chunk-signature=${signatures[2]}\r\n${trailer}\r\n`,
  ].join('');

const SIGNED = frame(
  [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ],
  '',
);
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
const WITH_TRAILER = frame(
  [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ],
  'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
    'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n',
);
const TRAILER_SEED = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';

async function decode(wire: string, request: RequestSignature, step: number) {
  const bytes = Buffer.from(wire, 'latin1');
  const source = (async function* () {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  })();
  let trailers: ReadonlyMap<string, string> = new Map();
  const chunks: Uint8Array[] = [];
  for await (const chunk of decodeChunked(source, request, (given) => (trailers = given))) chunks.push(chunk);
  return { body: Buffer.concat(chunks).toString('latin1'), trailers };
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof S3Refusal) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('aws-chunked', () => {
  const plain = signing('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', SEED);
  const trailing = signing('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', TRAILER_SEED);
  const unsigned = signing('STREAMING-UNSIGNED-PAYLOAD-TRAILER', SEED);

  it.each([7, 86, 65_536, 1_000_000])(
    'decodes the signed examples of AWS in pieces of %i bytes',
    async (step) => {
      expect((await decode(SIGNED, plain, step)).body).toBe('a'.repeat(66_560));
      const { body, trailers } = await decode(WITH_TRAILER, trailing, step);
      expect(body).toBe('a'.repeat(66_560));
      expect(trailers.get('x-amz-checksum-crc32c')).toBe('sOO8/Q==');
    },
  );

  it('refuses a changed byte, a changed trailer and a left out chunk', async () => {
    expect(await refusalOf(decode(SIGNED.replace('\r\naaaa', '\r\naaab'), plain, 4096))).toBe(
      'SignatureDoesNotMatch',
    );
    expect(await refusalOf(decode(WITH_TRAILER.replace('sOO8', 'sOO9'), trailing, 4096))).toBe(
      'SignatureDoesNotMatch',
    );
    const without = SIGNED.slice(0, SIGNED.indexOf('400;')) + SIGNED.slice(SIGNED.indexOf('0;chunk', 66_000));
    expect(await refusalOf(decode(without, plain, 4096))).toBe('SignatureDoesNotMatch');
  });

  it('decodes any body, however it was framed and however it arrives', async () => {
    const pieces = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 50 }), async (chunks, step) => {
        const frames = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
        const wire = `${frames.join('')}0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n`;
        const { body, trailers } = await decode(wire, unsigned, step);
        expect(body).toBe(chunks.join(''));
        expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'AAAA']]);
      }),
    );
  });

  it('refuses unsigned chunks where signed ones were announced', async () => {
    expect(await refusalOf(decode('1\r\na\r\n0\r\n\r\n', plain, 100))).toBe('InvalidRequest');
  });

  it.each([
    ['3\r\nabc\r\n0\r\n\r\n', 'accepted'],
    ['3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n', 'accepted'],
    ['3\r\nabc\r\n', 'IncompleteBody'],
    ['3\r\nab', 'IncompleteBody'],
    ['3\r\nabcd\r\n0\r\n\r\n', 'InvalidRequest'],
    ['z\r\nabc\r\n', 'InvalidRequest'],
    ['3\r\nabc\r\n0\r\n\r\nmore', 'InvalidRequest'],
    ['3\r\nabc\r\n0\r\nno trailer\r\n\r\n', 'MalformedTrailerError'],
    ['3'.repeat(9000), 'InvalidRequest'],
  ])('reads %j as %s', async (wire, outcome) => {
    expect(await refusalOf(decode(wire, unsigned, 3))).toBe(outcome);
  });
});
