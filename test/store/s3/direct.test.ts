import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTransport, type Transport } from '../../../src/http/transport.ts';
import { createS3Client } from '../../../src/store/s3/client.ts';
import { digestOf } from '../../../src/store/s3/checksum.ts';
import { createDirectCalls } from '../../../src/store/s3/direct.ts';
import { sortS3Error } from '../../../src/store/s3/errors.ts';
import { createSdkCalls, type ObjectCalls } from '../../../src/store/s3/object-calls.ts';
import { contentOf } from '../bytes.ts';
import { newObject, newPart, RecordingTransport, recordingClient, SENDING } from '../recorded-calls.ts';
import { type SimulatedS3, useSimulatedS3 } from '../simulated-s3.ts';

const METADATA = { iv: 'AAECAwQFBgcICQoL', 'x-amz-tag-len': '128', note: 'two  spaces, = + @ : / "quoted"' };

const unused: ObjectCalls = {
  put: () => Promise.reject(new Error('went through the SDK')),
  uploadPart: () => Promise.reject(new Error('went through the SDK')),
  head: () => Promise.reject(new Error('went through the SDK')),
};

const CONTENT = contentOf(1000);

describe('the same requests, with and without the SDK', () => {
  let s3: SimulatedS3;
  let transport: Transport;
  let direct: ObjectCalls;
  let sdk: ObjectCalls;

  beforeAll(async () => {
    s3 = await useSimulatedS3();
    transport = createTransport();
    direct = createDirectCalls(s3.client, { Bucket: s3.bucket }, transport, unused);
    sdk = createSdkCalls(s3.client, { Bucket: s3.bucket });
  });
  afterAll(async () => {
    transport.close();
    await s3.close();
  });

  it.each(['plain', 'year=2026/a+b@c:d', 'a/b/c._-', '=+@:/=+@:'])(
    'put the same object under %s, and tell the same of it',
    async (name) => {
      const object = {
        metadata: METADATA,
        contentType: 'audio/ogg; codecs=opus',
        body: CONTENT,
        digest: digestOf(CONTENT),
      };
      const written = [];
      const heads = [];
      for (const [way, calls] of Object.entries({ direct, sdk })) {
        const key = `${way}/${name}`;
        written.push(await calls.put(newObject(key, object), SENDING));
        for (const reader of [direct, sdk]) heads.push(await reader.head(key, SENDING));
      }
      const [ours, theirs] = written;
      expect(ours?.sha256).toBe(object.digest.base64);
      expect({ ...ours, at: undefined }).toEqual(theirs);
      expect(Math.abs((ours?.at ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(heads).toHaveLength(4);
      for (const head of heads) {
        expect(head).toMatchObject({
          size: 1000,
          metadata: METADATA,
          contentType: object.contentType,
          sha256: object.digest.base64,
          etag: ours?.etag,
        });
        expect(head.lastModified).toBeGreaterThan(0);
      }
      expect(heads[0]).toEqual(heads[1]);
      expect(heads[2]).toEqual(heads[3]);
    },
  );

  it('refuse a taken key alike', async () => {
    await direct.put(newObject('taken'), SENDING);
    for (const calls of [direct, sdk]) {
      const error: unknown = await calls.put(newObject('taken'), SENDING).catch((e: unknown) => e);
      expect(sortS3Error(error, 'PUT')).toEqual({ kind: 'refusal', refusal: 'precondition' });
    }
  });

  it('send parts that S3 takes for the same', async () => {
    const { client, bucket } = s3;
    const created = await client.send(
      new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'parts', ChecksumAlgorithm: 'SHA256' }),
    );
    const id = created.UploadId ?? '';
    const ours = await direct.uploadPart(newPart('parts', id, 1), SENDING);
    const theirs = await sdk.uploadPart(newPart('parts', id, 2), SENDING);
    expect(ours.etag).toBeDefined();
    expect({ ...ours, at: undefined }).toEqual(theirs);
  });

  it('keep an empty object', async () => {
    const empty = newObject('empty', { body: Buffer.alloc(0), digest: digestOf(Buffer.alloc(0)) });
    await direct.put(empty, SENDING);
    expect(await sdk.head('empty', SENDING)).toMatchObject({ size: 0, sha256: empty.digest.base64 });
    expect(await direct.head('empty', SENDING)).toEqual(await sdk.head('empty', SENDING));
  });

  it('are not taken when the body is not what its digest says', async () => {
    for (const calls of [direct, sdk]) {
      const error: unknown = await calls
        .put({ ...newObject('wrong'), body: contentOf(100, 9) }, SENDING)
        .catch((e: unknown) => e);
      expect(sortS3Error(error, 'PUT')).toMatchObject({ kind: 'failure', error: { code: 'STORE_MISMATCH' } });
    }
    await expect(direct.head('wrong', SENDING)).rejects.toMatchObject({ name: 'NotFound' });
  });
});

describe('answers', () => {
  it('are read in full: version, checksum, time, metadata', async () => {
    const transport = new RecordingTransport();
    const calls = createDirectCalls(
      recordingClient({}).client,
      { Bucket: 'archive-bucket' },
      transport,
      unused,
    );
    const stated = {
      etag: '"abc"',
      'x-amz-version-id': 'v1',
      'x-amz-checksum-sha256': 'c3Vt',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
    };
    const expected = { etag: '"abc"', versionId: 'v1', sha256: 'c3Vt', at: Date.UTC(2026, 0, 1) };
    transport.headers.push(stated, stated, {
      ...stated,
      'content-length': '12',
      'content-type': 'audio/wav',
      'last-modified': 'Thu, 01 Jan 2026 00:00:01 GMT',
      'x-amz-meta-iv': 'AAEC',
      'x-amz-missing-meta': '0',
    });
    expect(await calls.put(newObject('key'), SENDING)).toEqual(expected);
    expect(await calls.uploadPart(newPart('key', 'id'), SENDING)).toEqual(expected);
    expect(await calls.head('key', SENDING)).toEqual({
      size: 12,
      metadata: { iv: 'AAEC' },
      contentType: 'audio/wav',
      etag: '"abc"',
      versionId: 'v1',
      sha256: 'c3Vt',
      lastModified: Date.UTC(2026, 0, 1, 0, 0, 1),
    });
    expect(await calls.put(newObject('key'), SENDING)).toEqual({
      etag: undefined,
      versionId: undefined,
      sha256: undefined,
      at: undefined,
    });
  });
});

interface Scripted {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of an answer. */
  readonly instead?: 'reset' | 'close' | 'silence' | 'nonsense' | 'half';
}

const xml = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>AKIDEXAMPLE some/key</Message></Error>`;

describe('failures', () => {
  let server: Server;
  let answer: Scripted = { status: 200 };
  let direct: ObjectCalls;
  let sdk: ObjectCalls;
  let patient: { direct: ObjectCalls; sdk: ObjectCalls };
  let impatient: typeof patient;
  const transports: Transport[] = [];
  let received: IncomingMessage['headers'][] = [];
  const credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'a-secret-key',
    sessionToken: 'a-session-token',
  };
  const common = { region: 'eu-central-1', credentials, forcePathStyle: true };

  beforeAll(async () => {
    server = createServer((request, response) => {
      received.push(request.headers);
      request.resume();
      request.on('end', () => {
        const { socket } = request;
        if (answer.instead === 'silence') return;
        if (answer.instead === 'reset') socket.resetAndDestroy();
        else if (answer.instead === 'close') socket.end();
        else if (answer.instead === 'nonsense') socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n');
        else if (answer.instead === 'half') {
          response.writeHead(answer.status, { 'content-length': '1000' });
          response.write('<Error>', () => socket.resetAndDestroy());
        } else response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const opened = (requestMs: number) => {
      const client = createS3Client({ ...common, endpoint, timeouts: { requestMs } });
      const transport = createTransport({ timeouts: { headersMs: requestMs } });
      transports.push(transport);
      return {
        direct: createDirectCalls(client, { Bucket: 'bucket' }, transport, unused),
        sdk: createSdkCalls(client, { Bucket: 'bucket' }),
      };
    };
    patient = opened(20_000);
    impatient = opened(100);
    ({ direct, sdk } = patient);
  });
  beforeEach(() => {
    received = [];
  });
  afterAll(async () => {
    for (const transport of transports) transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  type Call = 'put' | 'uploadPart' | 'head';

  async function failureOf(calls: ObjectCalls, call: Call) {
    const running =
      call === 'put'
        ? calls.put(newObject('some/key'), SENDING)
        : call === 'uploadPart'
          ? calls.uploadPart(newPart('some/key', 'the-upload-id'), SENDING)
          : calls.head('some/key', SENDING);
    const error: unknown = await running.then(
      () => {
        throw new Error('it was no failure');
      },
      (reason: unknown) => reason,
    );
    return { error, sorted: sortS3Error(error, call) };
  }

  /** What the store does about it. */
  async function judged(calls: ObjectCalls, call: Call) {
    const { sorted } = await failureOf(calls, call);
    if (sorted.kind === 'refusal') return sorted;
    const { error, ...rest } = sorted;
    return { ...rest, code: error.code, hint: error.hint, retryable: error.retryable };
  }

  function expectNoSecret(error: unknown): void {
    const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
    const [headers] = received;
    const signature = /Signature=([0-9a-f]{64})/.exec(headers?.authorization ?? '')?.[1] ?? 'no signature';
    expect(signature).toHaveLength(64);
    for (const secret of [
      ...Object.values(credentials),
      signature,
      'AWS4-HMAC',
      'some/key',
      'the-upload-id',
    ]) {
      expect(shown).not.toContain(secret);
    }
  }

  const CODED: [number, string][] = [
    [400, 'BadDigest'],
    [400, 'ExpiredToken'],
    [400, 'IncompleteBody'],
    [400, 'InvalidRequest'],
    [400, 'RequestTimeout'],
    [301, 'PermanentRedirect'],
    [307, 'TemporaryRedirect'],
    [403, 'AccessDenied'],
    [403, 'InvalidAccessKeyId'],
    [403, 'SignatureDoesNotMatch'],
    [404, 'NoSuchBucket'],
    [404, 'NoSuchKey'],
    [404, 'NoSuchUpload'],
    [409, 'ConditionalRequestConflict'],
    [412, 'PreconditionFailed'],
    [429, 'TooManyRequests'],
    [500, 'InternalError'],
    [501, 'NotImplemented'],
    [503, 'SlowDown'],
    [507, 'XMinioStorageFull'],
  ];

  it.each(CODED)('%i %s is judged as the SDK has it judged', async (status, code) => {
    answer = { status, body: xml(code), headers: { 'retry-after': '7', 'x-amz-request-id': 'REQ1' } };
    for (const call of ['put', 'uploadPart'] as const) {
      const ours = await judged(direct, call);
      expect(ours).toEqual(await judged(sdk, call));
      if (ours.kind === 'failure') expect(ours.retryAfter).toBe('7');
    }
    const { error, sorted } = await failureOf(direct, 'put');
    expectNoSecret(error);
    if (sorted.kind === 'failure') {
      expect(sorted.error.details).toMatchObject({ status, requestId: 'REQ1', reason: code });
      expectNoSecret(sorted.error);
    }
  });

  it.each([301, 400, 403, 404, 405, 409, 412, 429, 500, 501, 502, 503])(
    'a HEAD answered by %i is judged as the SDK has it judged',
    async (status) => {
      answer = { status, headers: { 'retry-after': '7' } };
      expect(await judged(direct, 'head')).toEqual(await judged(sdk, 'head'));
      expectNoSecret((await failureOf(direct, 'head')).error);
    },
  );

  it.each([400, 403, 409, 412, 429, 500, 502, 503, 504])(
    'a page of a proxy with %i counts by its status',
    async (status) => {
      answer = { status, body: '<html><body>the proxy says no</body>', headers: { 'retry-after': '7' } };
      const ours = await judged(direct, 'put');
      answer = { status, headers: { 'retry-after': '7' } };
      expect(ours).toEqual(await judged(sdk, 'put'));
      expect(await judged(direct, 'put')).toEqual(ours);
    },
  );

  it('an answer longer than any error of S3 counts by its status, and its connection is given up', async () => {
    answer = { status: 403, body: `${'x'.repeat(1024 * 1024)}${xml('SlowDown')}` };
    const { sorted } = await failureOf(direct, 'put');
    expect(sorted).toMatchObject({
      transient: false,
      error: { code: 'STORE_DENIED', details: { status: 403 } },
    });
    answer = { status: 412, body: 'x'.repeat(64 * 1024) };
    expect(await judged(direct, 'put')).toEqual({ kind: 'refusal', refusal: 'precondition' });
  });

  it('a code that is none of S3 does not reach the error', async () => {
    answer = { status: 403, body: xml('some/key AKIDEXAMPLE') };
    const { error, sorted } = await failureOf(direct, 'put');
    expectNoSecret(error);
    expect(sorted).toMatchObject({ error: { code: 'STORE_DENIED', details: { status: 403 } } });
  });

  it.each(['put', 'uploadPart', 'head'] as const)('%s: no answer is worth another attempt', async (call) => {
    for (const [instead, told] of [
      ['reset', 'ECONNRESET'],
      ['silence', 'TimeoutError'],
      ['close', 'NoAnswer'],
      ['nonsense', 'NoAnswer'],
    ] as const) {
      const { direct: ours, sdk: theirs } = instead === 'silence' ? impatient : patient;
      answer = { status: 200, instead };
      received = [];
      const { error, sorted } = await failureOf(ours, call);
      expect(sorted).toMatchObject({
        transient: true,
        unsure: true,
        error: { code: 'STORE_UNAVAILABLE', retryable: true, message: `${call}: ${told}` },
      });
      if (sorted.kind === 'failure') expectNoSecret(sorted.error);
      expectNoSecret(error);
      expect(await judged(ours, call)).toEqual(await judged(theirs, call));
    }
  });

  it('an error that breaks off is worth another attempt', async () => {
    answer = { status: 400, instead: 'half' };
    expect(await judged(direct, 'put')).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      transient: true,
      unsure: true,
    });
  });

  it('a server that is not there has not taken the request', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const client = createS3Client({ ...common, endpoint: `http://127.0.0.1:${port}` });
    const transport = createTransport();
    transports.push(transport);
    const calls = createDirectCalls(client, { Bucket: 'bucket' }, transport, unused);
    const { sorted } = await failureOf(calls, 'put');
    expect(sorted).toMatchObject({
      transient: true,
      unsure: false,
      error: { code: 'STORE_UNAVAILABLE', message: 'put: ECONNREFUSED' },
    });
  });
});
