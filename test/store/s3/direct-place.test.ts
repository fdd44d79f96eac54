import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/http/transport.ts';
import { createDirectCalls } from '../../../src/store/s3/direct.ts';
import { type BucketAddress, createSdkCalls, type ObjectCalls } from '../../../src/store/s3/object-calls.ts';
import {
  newObject,
  newPart,
  RecordingTransport,
  recordingClient,
  type SdkRequest,
  SENDING,
} from '../recorded-calls.ts';

const BUCKET = { Bucket: 'archive-bucket' };
const KEY = 'some/prefix/media/year=2026/a+b@c:d_e.f-g';
const SESSION = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'a-secret-key',
  sessionToken: 'a/session+token=',
};

/** The same request, whichever of the two recorded it; without what only one of them needs. */
interface Comparable {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Region and service the request is signed for. */
  readonly scope: string | undefined;
}

/** Of the SDK's bookkeeping, or different at every moment. */
const NOT_COMPARED = /^(?:amz-sdk-|user-agent|x-amz-user-agent|authorization|x-amz-date|content-length)/;

const scopeOf = (headers: Readonly<Record<string, string>>) =>
  /Credential=AKIDEXAMPLE\/\d{8}\/(\S+)\/aws4_request/.exec(headers['authorization'] ?? '')?.[1];

function compared(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  // The SDK's default for a part, which has no type.
  const isDefault = headers['content-type'] === 'application/octet-stream';
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !NOT_COMPARED.test(name) && !(isDefault && name === 'content-type'),
    ),
  );
}

function ofSdk({ method, protocol, hostname, port, path, query, headers }: SdkRequest): Comparable {
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  return {
    method,
    origin: `${protocol}//${authority}`,
    path,
    query: Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1)),
    headers: compared(headers),
    scope: scopeOf(headers),
  };
}

function ofOurs({ method, url, headers }: HttpRequest): Comparable {
  return {
    method,
    origin: `${url.protocol}//${url.host}`,
    path: url.pathname,
    query: [...new URLSearchParams(url.search)],
    headers: compared(headers),
    scope: scopeOf(headers),
  };
}

const neverCalled: ObjectCalls = {
  put: () => Promise.reject(new Error('went through the SDK')),
  uploadPart: () => Promise.reject(new Error('went through the SDK')),
  head: () => Promise.reject(new Error('went through the SDK')),
};

async function allThree(calls: ObjectCalls, key = KEY): Promise<void> {
  await calls.put(newObject(key, { metadata: { iv: 'AAEC', 'x-amz-tag-len': '128' } }), SENDING);
  await calls.uploadPart(newPart(key, 'an+upload/id=', 12), SENDING);
  await calls.head(key, SENDING);
}

/** The three requests, as sent by us and by the SDK. */
async function both(config: S3ClientConfig, bucket: BucketAddress = BUCKET, key = KEY) {
  const { client, sent } = recordingClient(config);
  const transport = new RecordingTransport();
  await allThree(createDirectCalls(client, bucket, transport, neverCalled), key);
  expect(sent).toEqual([]);
  await allThree(createSdkCalls(client, bucket), key);
  expect(sent).toHaveLength(3);
  return { ours: transport.sent.map(ofOurs), theirs: sent.map(ofSdk), raw: transport.sent };
}

describe('requests past the SDK', () => {
  it.each<[string, S3ClientConfig, string]>([
    ['a bucket in the host', {}, 'https://archive-bucket.s3.eu-central-1.amazonaws.com'],
    ['a bucket in the path', { forcePathStyle: true }, 'https://s3.eu-central-1.amazonaws.com'],
    [
      'the dual-stack endpoint',
      { useDualstackEndpoint: true },
      'https://archive-bucket.s3.dualstack.eu-central-1.amazonaws.com',
    ],
    [
      'the FIPS endpoint',
      { region: 'us-gov-west-1', useFipsEndpoint: true },
      'https://archive-bucket.s3-fips.us-gov-west-1.amazonaws.com',
    ],
    ['acceleration', { useAccelerateEndpoint: true }, 'https://archive-bucket.s3-accelerate.amazonaws.com'],
    ['China', { region: 'cn-north-1' }, 'https://archive-bucket.s3.cn-north-1.amazonaws.com.cn'],
    [
      'a server of its own',
      { endpoint: 'http://127.0.0.1:9000', forcePathStyle: true },
      'http://127.0.0.1:9000',
    ],
    [
      'a server behind a path',
      { endpoint: 'https://storage.example/s3/', forcePathStyle: true },
      'https://storage.example',
    ],
    ['an IPv6 address', { endpoint: 'http://[::1]:9000', forcePathStyle: true }, 'http://[::1]:9000'],
    ['a session', { credentials: SESSION }, 'https://archive-bucket.s3.eu-central-1.amazonaws.com'],
  ])('are the same as through it: %s', async (_what, config, origin) => {
    const { ours, theirs } = await both(config);
    expect(ours).toEqual(theirs);
    expect(ours[0]).toMatchObject({ origin, scope: `${String(config.region ?? 'eu-central-1')}/s3` });
    expect(ours[0]?.headers['x-amz-security-token']).toBe(
      config.credentials === SESSION ? SESSION.sessionToken : undefined,
    );
  });

  it('name the account that must own the bucket, and sign that', async () => {
    const { ours, theirs, raw } = await both({}, { ...BUCKET, ExpectedBucketOwner: '123456789012' });
    expect(ours).toEqual(theirs);
    expect(raw).toHaveLength(3);
    for (const { headers } of raw) {
      expect(headers['x-amz-expected-bucket-owner']).toBe('123456789012');
      expect(headers['authorization']).toMatch(/SignedHeaders=[^,]*;x-amz-expected-bucket-owner[;,]/);
    }
  });

  it('take an access point for a bucket', async () => {
    const { ours, theirs } = await both(
      {},
      { Bucket: 'arn:aws:s3:eu-central-1:123456789012:accesspoint/archive' },
    );
    expect(ours).toEqual(theirs);
    expect(ours[0]?.origin).toBe('https://archive-123456789012.s3-accesspoint.eu-central-1.amazonaws.com');
  });

  it('write every legal key the way the SDK does', async () => {
    const key = fc.stringMatching(
      /^[A-Za-z0-9_=+@:-][A-Za-z0-9._=+@:-]{0,20}(?:\/[A-Za-z0-9_=+@:-]{1,20}){0,3}$/,
    );
    await fc.assert(
      fc.asyncProperty(key, fc.boolean(), async (name, forcePathStyle) => {
        const { ours, theirs } = await both({ forcePathStyle }, BUCKET, name);
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 30 },
    );
  });

  it('sign every header that S3 has to heed', async () => {
    const { raw } = await both({ credentials: SESSION });
    for (const { headers } of raw) {
      const signed = /SignedHeaders=([^,]+),/.exec(headers['authorization'] ?? '')?.[1]?.split(';');
      const expected = Object.keys(headers).filter((name) => name !== 'authorization');
      expect(signed).toEqual(expected.sort());
    }
  });

  it('ask the SDK only once where the bucket is', async () => {
    const { client } = recordingClient({});
    let asked = 0;
    client.middlewareStack.add(
      (next) => (step) => {
        asked += 1;
        return next(step);
      },
      { step: 'build', name: 'counting' },
    );
    const transport = new RecordingTransport();
    const calls = createDirectCalls(client, BUCKET, transport, neverCalled);
    await allThree(calls);
    await allThree(calls);
    expect(transport.sent).toHaveLength(6);
    expect(asked).toBe(1);
  });

  it('are signed with the credentials of the moment', async () => {
    let turn = 0;
    const { client } = recordingClient({
      // those that end within minutes are renewed by the SDK before every use
      credentials: () =>
        Promise.resolve({
          accessKeyId: `AKID${++turn}`,
          secretAccessKey: `secret-${turn}`,
          sessionToken: `token-${turn}`,
          expiration: new Date(Date.now() + 1000),
        }),
    });
    const transport = new RecordingTransport();
    const calls = createDirectCalls(client, BUCKET, transport, neverCalled);
    await calls.head(KEY, SENDING);
    await calls.head(KEY, SENDING);
    const used = transport.sent.map(({ headers }) => ({
      id: /Credential=([^/]+)\//.exec(headers['authorization'] ?? '')?.[1],
      token: headers['x-amz-security-token'],
      signature: headers['authorization']?.split('Signature=')[1],
    }));
    expect(used[0]?.id).not.toBe(used[1]?.id);
    expect(used[0]?.signature).not.toBe(used[1]?.signature);
    for (const { id, token } of used) expect(token).toBe(id?.replace('AKID', 'token-'));
  });
});

/** Makes the request that the SDK has signed look otherwise. */
function alterSigned(client: S3Client, change: (headers: Record<string, string>) => void): void {
  client.middlewareStack.add(
    (next) => (step) => {
      change((step.request as { headers: Record<string, string> }).headers);
      return next(step);
    },
    { step: 'deserialize', name: 'altering', priority: 'high' },
  );
}

describe('requests that have to go through the SDK', () => {
  it.each<[string, (headers: Record<string, string>) => void]>([
    ['unsigned ones', (headers) => delete headers['authorization']],
    [
      'those signed for several regions',
      (headers) => {
        headers['authorization'] =
          'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20260101/s3/aws4_request, SignedHeaders=host, Signature=00';
      },
    ],
    [
      'those with a bearer token',
      (headers) => {
        headers['authorization'] = 'Bearer abc';
      },
    ],
    [
      'those of an S3 Express session',
      (headers) => {
        headers['x-amz-s3session-token'] = 'a-token';
      },
    ],
  ])('%s', async (_what, change) => {
    const { client, sent } = recordingClient({});
    alterSigned(client, change);
    const transport = new RecordingTransport();
    await allThree(createDirectCalls(client, BUCKET, transport, createSdkCalls(client, BUCKET)));
    expect(transport.sent).toEqual([]);
    expect(sent.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
  });

  it('those of a client that cannot be asked', async () => {
    const transport = new RecordingTransport();
    const asked: string[] = [];
    const fallback: ObjectCalls = {
      ...neverCalled,
      head: (key) => {
        asked.push(key);
        return Promise.reject(new Error('its own error'));
      },
    };
    const stranger = { send: () => Promise.reject(new Error('not to be called')) } as unknown as S3Client;
    const calls = createDirectCalls(stranger, BUCKET, transport, fallback);
    await expect(calls.head(KEY, SENDING)).rejects.toThrow('its own error');
    expect(asked).toEqual([KEY]);
    expect(transport.sent).toEqual([]);
  });

  it.each<[string, S3ClientConfig, object]>([
    [
      'region',
      { region: () => Promise.reject<string>(new Error('Region is missing')) },
      { message: 'Region is missing' },
    ],
    [
      'credentials',
      {
        credentials: () =>
          Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
      },
      { name: 'CredentialsProviderError' },
    ],
  ])("without a %s, whose absence is the SDK's to tell", async (_what, config, error) => {
    const { client, sent } = recordingClient(config);
    const transport = new RecordingTransport();
    const calls = createDirectCalls(client, BUCKET, transport, createSdkCalls(client, BUCKET));
    await expect(calls.put(newObject(KEY), SENDING)).rejects.toMatchObject(error);
    await expect(calls.uploadPart(newPart(KEY, 'id'), SENDING)).rejects.toMatchObject(error);
    await expect(calls.head(KEY, SENDING)).rejects.toMatchObject(error);
    expect([...transport.sent, ...sent]).toEqual([]);
  });

  it('only until there are credentials', async () => {
    let ready = false;
    const { client } = recordingClient({
      credentials: () =>
        ready
          ? Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-key' })
          : Promise.reject(new Error('not yet')),
    });
    const transport = new RecordingTransport();
    const calls = createDirectCalls(client, BUCKET, transport, createSdkCalls(client, BUCKET));
    await expect(calls.head(KEY, SENDING)).rejects.toThrow('not yet');
    ready = true;
    await calls.head(KEY, SENDING);
    expect(transport.sent).toHaveLength(1);
  });
});
