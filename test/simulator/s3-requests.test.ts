import { readdir } from 'node:fs/promises';
import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectCommand,
  GetObjectAclCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  deriveSigningKey,
  sha256Hex,
  signChunk,
  signRequest,
} from '../../packages/simulator/src/aws/sigv4.ts';
import { BUCKET, createClient, failureOf, sampleBytes, startEndpoint } from './s3-fixture.ts';

const MIB = 1024 * 1024;

async function start(config: S3ClientConfig = {}) {
  const { s3, dir } = await startEndpoint();
  const client = createClient(s3, config);
  const put = (extra: object = {}) =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'the body', ...extra }));
  /** Changes what goes over the wire after it has been signed. */
  const tamper = (
    change: (request: { headers: Record<string, string>; path: string; body: unknown }) => void,
  ) => {
    client.middlewareStack.add(
      (next) => (args) => {
        change(args.request as Parameters<typeof change>[0]);
        return next(args);
      },
      { step: 'deserialize', name: 'tamper', priority: 'low' },
    );
  };
  return { s3, dir, client, put, tamper, data: () => readdir(path.join(dir, BUCKET, 'data')) };
}

describe('who may', () => {
  it('refuses a wrong secret, an unknown key and a clock that is off', async () => {
    const { s3 } = await start();
    const refuse = (config: S3ClientConfig) =>
      failureOf(createClient(s3, config).send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' })));
    expect(await refuse({ credentials: { accessKeyId: 'simulator', secretAccessKey: 'guess' } })).toEqual({
      name: 'SignatureDoesNotMatch',
      status: 403,
    });
    expect(await refuse({ credentials: { accessKeyId: 'stranger', secretAccessKey: 'guess' } })).toEqual({
      name: 'InvalidAccessKeyId',
      status: 403,
    });
    expect(await refuse({ systemClockOffset: 16 * 60_000 })).toEqual({
      name: 'RequestTimeTooSkewed',
      status: 403,
    });
    expect(await refuse({ region: 'eu-west-1' })).toEqual({
      name: 'AuthorizationHeaderMalformed',
      status: 400,
    });
  });

  it('refuses the anonymous and presigned URLs, in XML that names the request', async () => {
    const { s3 } = await start();
    const anonymous = await fetch(`${s3.url}/${BUCKET}/a%26b`);
    const body = await anonymous.text();
    expect(anonymous.status).toBe(403);
    expect(body).toContain('<Code>AccessDenied</Code>');
    expect(body).toContain(`<Resource>/${BUCKET}/a&amp;b</Resource>`);
    expect(body).toContain(`<RequestId>${anonymous.headers.get('x-amz-request-id')}</RequestId>`);
    const presigned = await fetch(
      `${s3.url}/${BUCKET}/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00`,
    );
    expect(presigned.status).toBe(501);
    expect(await presigned.text()).toContain('presigned URLs');
    expect((await fetch(`${s3.url}/${BUCKET}/%ff`)).status).toBe(400);
    expect((await fetch(`${s3.url}/${BUCKET}/a`, { method: 'PUT', body: 'x' })).status).toBe(403);
  });

  it('refuses a changed header, path or body, and stores nothing', async () => {
    const { put, tamper, client, data } = await start();
    let change: Parameters<typeof tamper>[0] = () => {};
    tamper((request) => change(request));
    change = ({ headers }) => (headers['x-amz-meta-a'] = 'changed');
    expect((await failureOf(put({ Metadata: { a: 'b' } }))).name).toBe('SignatureDoesNotMatch');
    change = ({ headers }) => (headers['x-amz-meta-new'] = 'added');
    expect((await failureOf(put())).name).toBe('AccessDenied');
    change = (request) => (request.path = `/${BUCKET}/other`);
    expect((await failureOf(put())).name).toBe('SignatureDoesNotMatch');
    change = (request) => (request.body = 'the bodY');
    expect((await failureOf(put())).name).toBe('XAmzContentSHA256Mismatch');
    expect(await data()).toEqual([]);
    change = () => {};
    await put();
    expect((await client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a' }))).ContentLength).toBe(8);
  });

  it('uses credentials and region of its own, and tells them', async () => {
    const { s3 } = await startEndpoint({ accessKeyId: 'AK', secretAccessKey: 'SK', region: 'eu-central-1' });
    expect(s3.environment()).toEqual({
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ACCESS_KEY_ID: 'AK',
      AWS_SECRET_ACCESS_KEY: 'SK',
      AWS_REGION: 'eu-central-1',
      S3_FORCE_PATH_STYLE: '1',
    });
    const credentials = { accessKeyId: 'AK', secretAccessKey: 'SK' };
    const client = createClient(s3, { credentials, region: 'eu-central-1' });
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'x' }));
    expect(s3.requests).toEqual([{ operation: 'PutObject', bucket: BUCKET, key: 'a', status: 200 }]);
  });
});

/** A PutObject by hand, for what the SDK would not send. */
function handmade(url: string, headers: Readonly<Record<string, string>>, agent?: Agent): ClientRequest {
  const { host } = new URL(url);
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const all: Record<string, string> = { host, 'x-amz-date': timestamp, ...headers };
  const names = Object.keys(all).sort();
  const scope = `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const signature = signRequest(
    { method: 'PUT', path: `/${BUCKET}/a`, query: [], headers: new Map(Object.entries(all)) },
    names,
    {
      payload: all['x-amz-content-sha256'] ?? '',
      timestamp,
      scope,
      signingKey: deriveSigningKey('simulator-secret-key', timestamp.slice(0, 8), 'us-east-1'),
    },
  );
  all['authorization'] =
    `AWS4-HMAC-SHA256 Credential=simulator/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return httpRequest(`${url}/${BUCKET}/a`, {
    method: 'PUT',
    headers: all,
    ...(agent === undefined ? {} : { agent }),
  });
}

const answerOf = (request: ClientRequest) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
  });

describe('bodies', () => {
  const framed = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32',
    'content-encoding': 'aws-chunked',
  };

  it.each([
    ['the right trailer', '3', 'x-amz-checksum-crc32:NSRBwg==', 200, ''],
    ['a wrong trailer', '3', 'x-amz-checksum-crc32:AAAAAA==', 400, 'BadDigest'],
    ['no trailer', '3', '', 400, 'MalformedTrailerError'],
    ['another trailer', '3', 'x-amz-checksum-sha1:AAAA', 400, 'MalformedTrailerError'],
    ['fewer bytes than declared', '4', 'x-amz-checksum-crc32:NSRBwg==', 400, 'IncompleteBody'],
    ['more bytes than declared', '2', 'x-amz-checksum-crc32:NSRBwg==', 400, 'InvalidRequest'],
  ])('with %s', async (_name, length, trailer, status, code) => {
    const { s3, data } = await start();
    const request = handmade(s3.url, { ...framed, 'x-amz-decoded-content-length': length });
    const answer = answerOf(request);
    request.end(`3\r\nabc\r\n0\r\n${trailer === '' ? '' : `${trailer}\r\n`}\r\n`);
    expect(await answer).toMatchObject({
      status,
      body: code === '' ? '' : expect.stringContaining(`<Code>${code}<`),
    });
    expect(await data()).toHaveLength(status === 200 ? 1 : 0);
  });

  it('with signed chunks', async () => {
    const { s3, client } = await start();
    for (const sent of ['abc', 'abX']) {
      const request = handmade(s3.url, {
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x-amz-decoded-content-length': '3',
      });
      const timestamp = String(request.getHeader('x-amz-date'));
      const signing = {
        payload: '',
        signature: '',
        timestamp,
        scope: `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`,
        signingKey: deriveSigningKey('simulator-secret-key', timestamp.slice(0, 8), 'us-east-1'),
      };
      const seed = String(request.getHeader('authorization')).slice(-64);
      const first = signChunk(signing, seed, sha256Hex('abc'));
      const end = signChunk(signing, first, sha256Hex(''));
      const answer = answerOf(request);
      request.end(`3;chunk-signature=${first}\r\n${sent}\r\n0;chunk-signature=${end}\r\n\r\n`);
      expect((await answer).status).toBe(sent === 'abc' ? 200 : 403);
    }
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
    expect(await text(Body as Readable)).toBe('abc');
  });

  it('need a declared length and a known payload hash', async () => {
    const { s3 } = await start();
    const unframed = handmade(s3.url, {
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'transfer-encoding': 'chunked',
    });
    const first = answerOf(unframed);
    unframed.end('abc');
    expect(await first).toMatchObject({ status: 411, body: expect.stringContaining('MissingContentLength') });
    const unknown = handmade(s3.url, { 'x-amz-content-sha256': 'guess', 'content-length': '3' });
    const second = answerOf(unknown);
    unknown.end('abc');
    expect(await second).toMatchObject({ status: 400, body: expect.stringContaining('InvalidArgument') });
    const huge = handmade(s3.url, {
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'content-length': String(5 * 1024 ** 3 + 1),
      expect: '100-continue',
    });
    const third = answerOf(huge);
    huge.flushHeaders();
    expect(await third).toMatchObject({ status: 400, body: expect.stringContaining('EntityTooLarge') });
    huge.destroy();
  });

  it('that are refused half-way do not block the connection', async () => {
    const { s3 } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ports = new Set<number | undefined>();
    for (let round = 0; round < 3; round += 1) {
      const request = handmade(s3.url, { ...framed, 'x-amz-decoded-content-length': '2' }, agent);
      request.on('socket', (socket) => ports.add(socket.localPort));
      const answer = answerOf(request);
      request.end(`200000\r\n${'a'.repeat(2 * MIB)}\r\n0\r\n\r\n`);
      expect(await answer).toMatchObject({ status: 400, body: expect.stringContaining('longer than') });
    }
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('that break off leave no object and no file', async () => {
    const { s3, put, client, data } = await start();
    const abort = new AbortController();
    const body = Readable.from(
      (async function* () {
        for (let index = 0; index < 8; index += 1) {
          yield sampleBytes(MIB);
          if (index === 3) abort.abort();
        }
      })(),
      { objectMode: false },
    );
    const work = client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: body, ContentLength: 8 * MIB }),
      { abortSignal: abort.signal },
    );
    expect((await failureOf(work)).name).toBe('AbortError');
    await vi.waitFor(async () => expect(await data()).toEqual([]));
    expect(s3.requests.map(({ status }) => status)).toEqual([0]);
    expect((await failureOf(client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a' })))).status).toBe(
      404,
    );
    await put();
  });
});

describe('operations outside the archiver', () => {
  it('are refused by name', async () => {
    const { client, s3 } = await start();
    const failures = await Promise.all(
      [
        client.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'b', CopySource: `${BUCKET}/a` })),
        client.send(new GetObjectAclCommand({ Bucket: BUCKET, Key: 'a' })),
        client.send(new CreateBucketCommand({ Bucket: 'new' })),
        client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a', PartNumber: 1 })),
        client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a', IfModifiedSince: new Date(0) })),
      ].map((work) => failureOf(work)),
    );
    expect(failures).toEqual(failures.map(() => ({ name: 'NotImplemented', status: 501 })));
    expect(s3.requests).toHaveLength(5);
  });
});
