import { PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { abortReason, type Budget, type Clock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { LogFields, Logger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import type { S3ErrorCode, S3Fault, S3Operation } from '../../src/simulator/s3.ts';
import { createS3Client } from '../../src/store/s3-client.ts';
import { digestOf, withPayloadHash } from '../../src/store/s3-checksum.ts';
import { bodyOf, contentOf, readAll, sha256 } from './bytes.ts';
import { PART_BYTES } from './s3-under-test.ts';
import { type SimulatedS3, useSimulatedS3 } from './simulated-s3.ts';

const SMALL = contentOf(1000);
const LARGE = contentOf(2 * PART_BYTES + 1);
const options = { metadata: { iv: 'AAECAwQFBgcICQoL' }, contentType: 'audio/wav' };

let s3: SimulatedS3;
let store: ObjectStore;
let key: string;
let serial = 0;
/** Delays that were waited for, ms; they pass at once. */
let slept: number[];
let clock: Clock & { ahead: number };
let logged: { message: string; fields: LogFields }[];

beforeAll(async () => {
  s3 = await useSimulatedS3();
});
beforeEach(() => {
  key = `faults/${++serial}`;
  slept = [];
  logged = [];
  clock = {
    ahead: 0,
    now: () => Date.now() + clock.ahead,
    sleep: async (ms, signal) => {
      if (signal?.aborted === true) throw abortReason(signal);
      slept.push(ms);
      clock.ahead += ms;
    },
    random: () => 0.999,
  };
  const logger: Logger = { log: (_level, message, fields = {}) => logged.push({ message, fields }) };
  store = s3.proxied({ clock, logger });
});
afterEach(async () => {
  s3.server.faults.clear();
  s3.proxy.faults.length = 0;
  expect(await s3.leftovers()).toEqual([]);
});
afterAll(async () => {
  await s3.close();
});

const put = (content: Uint8Array, budget: Budget = unlimited) =>
  store.put(key, bodyOf(content), options, budget);
const inject = (operation: S3Operation, fault: S3Fault, times = 1, skip = 0) =>
  s3.server.faults.add({ operation, fault, times, skip });
const fail = (operation: S3Operation, code: S3ErrorCode, times = 1, skip = 0) =>
  inject(operation, { kind: 'error', code }, times, skip);
/** Operations the endpoint was asked for since `work` began. */
async function during(work: () => Promise<unknown>): Promise<(S3Operation | undefined)[]> {
  const before = s3.server.requests.length;
  await work();
  return s3.server.requests.slice(before).map(({ operation }) => operation);
}
const stands = async (content: Uint8Array) => {
  const got = await store.get(key, unlimited);
  expect(got.stat.metadata).toEqual(options.metadata);
  expect(sha256(await readAll(got.body))).toBe(sha256(content));
};

describe('throttling and outages', () => {
  // Defect 25: the tutorial looked at error.statusCode, which SDK v3 does not have, and multiplied the SDK's own retries.
  it('defect 25: waits longer and longer while S3 asks to slow down, each time once', async () => {
    fail('PutObject', 'SlowDown', 6);
    const operations = await during(() => put(SMALL));
    expect(operations).toEqual([...Array.from({ length: 7 }, () => 'PutObject'), 'HeadObject']);
    expect(slept).toHaveLength(6);
    for (const [index, ms] of slept.entries()) {
      expect(ms).toBeLessThanOrEqual(30_000);
      expect(ms).toBeGreaterThan(slept[index - 1] ?? 0);
    }
    await stands(SMALL);
  });

  it.for([
    'SlowDown',
    'ServiceUnavailable',
    'InternalError',
    'RequestTimeout',
    'ConditionalRequestConflict',
  ] as const)('repeats every request of an upload that is answered %s', async (code) => {
    for (const operation of ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const) {
      fail(operation, code, 2);
    }
    expect(await put(LARGE)).toMatchObject({ outcome: 'stored' });
    expect(slept).toHaveLength(6);
    await stands(LARGE);
  });

  it('gives up after eight attempts, with a retryable error', async () => {
    fail('PutObject', 'SlowDown', Number.POSITIVE_INFINITY);
    const operations = await during(async () => {
      await expect(put(SMALL)).rejects.toMatchObject({ code: 'STORE_THROTTLED', retryable: true });
    });
    expect(operations).toEqual(Array.from({ length: 8 }, () => 'PutObject'));
    s3.server.faults.clear();
    expect(await store.head(key, unlimited)).toBeUndefined();
  });

  it('honours Retry-After', async () => {
    inject('PutObject', { kind: 'error', code: 'SlowDown', retryAfter: 7 });
    await put(SMALL);
    expect(slept).toHaveLength(1);
    expect(slept[0]).toBeGreaterThanOrEqual(7000);
  });

  it('never waits past the deadline', async () => {
    fail('UploadPart', 'SlowDown', Number.POSITIVE_INFINITY);
    const deadline = clock.now() + 5000;
    const late = put(LARGE, { deadline, signal: unlimited.signal });
    await expect(late).rejects.toMatchObject({ code: 'STORE_THROTTLED', retryable: true });
    expect(slept.length).toBeGreaterThan(0);
    // the clock stands where the last wait ended
    expect(clock.now() - deadline).toBeLessThan(0);
  });

  it('stops waiting when the signal aborts', async () => {
    const controller = new AbortController();
    const reason = new ArchiveError('INTERRUPTED', 'made up');
    clock.sleep = async (_ms, signal) => {
      controller.abort(reason);
      throw abortReason(signal);
    };
    fail('UploadPart', 'SlowDown', Number.POSITIVE_INFINITY);
    const stopped = put(LARGE, { deadline: Number.POSITIVE_INFINITY, signal: controller.signal });
    await expect(stopped).rejects.toBe(reason);
  });

  it('repeats after a reset connection, and after one that is refused', async () => {
    inject('PutObject', { kind: 'reset', afterBytes: 0 });
    inject('PutObject', { kind: 'reset', afterBytes: 500 });
    expect(await put(SMALL)).toMatchObject({ outcome: 'stored' });
    await stands(SMALL);
    const nobody = createS3Client({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      forcePathStyle: true,
    });
    const unreachable = s3.proxied({ client: nobody, clock });
    await expect(unreachable.put(key, bodyOf(SMALL), options, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
  });

  it('repeats a request that is not answered in time', async () => {
    inject('PutObject', { kind: 'slow', delayMs: 5000 });
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = s3.server.environment();
    const impatient = createS3Client({
      endpoint: s3.server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
      timeouts: { idleMs: 100 },
    });
    const hasty = s3.proxied({ client: impatient, clock });
    expect(await hasty.put(key, bodyOf(SMALL), options, unlimited)).toMatchObject({ outcome: 'stored' });
    expect(slept).toHaveLength(1);
    impatient.destroy();
  });
});

describe('writes whose answer is lost', () => {
  it('PutObject: recognises its own object when the repeat finds the key taken', async () => {
    inject('PutObject', { kind: 'lost-answer' });
    const operations = await during(async () =>
      expect(await put(SMALL)).toMatchObject({ outcome: 'stored' }),
    );
    expect(operations).toEqual(['PutObject', 'PutObject', 'HeadObject']);
    await stands(SMALL);
  });

  it('PutObject: recognises that the object is another writer’s', async () => {
    inject('PutObject', { kind: 'reset', afterBytes: 500 });
    clock.sleep = async () => {
      // the other writer comes between the two attempts
      clock.sleep = async () => {};
      await s3.store.put(key, bodyOf(contentOf(1000, 9)), options, unlimited);
    };
    expect(await put(SMALL)).toEqual({ outcome: 'exists' });
  });

  it('CompleteMultipartUpload: recognises its own object when the upload is gone', async () => {
    inject('CompleteMultipartUpload', { kind: 'lost-answer' });
    expect(await put(LARGE)).toMatchObject({ outcome: 'stored', stat: { size: LARGE.byteLength } });
    await stands(LARGE);
  });

  it('CompleteMultipartUpload: an answer 200 that turns out to be an error is one', async () => {
    inject('CompleteMultipartUpload', { kind: 'error', code: 'InternalError', inside200: true }, 2);
    expect(await put(LARGE)).toMatchObject({ outcome: 'stored' });
    expect(slept).toHaveLength(2);
    await stands(LARGE);
  });

  it('CompleteMultipartUpload: an upload that somebody ended is retryable, and no object', async () => {
    fail('CompleteMultipartUpload', 'NoSuchUpload');
    await expect(put(LARGE)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await store.head(key, unlimited)).toBeUndefined();
  });

  it('UploadPart: sends the part again', async () => {
    inject('UploadPart', { kind: 'lost-answer' }, 2, 1);
    expect(await put(LARGE)).toMatchObject({ outcome: 'stored' });
    await stands(LARGE);
  });

  it('an answer cut off in the middle counts as lost', async () => {
    s3.proxy.faults.push({ request: /^POST .*uploadId=/, cutResponseAfter: 40 });
    expect(await put(LARGE)).toMatchObject({ outcome: 'stored' });
    await stands(LARGE);
  });
});

describe('failures that are final', () => {
  it('a refused part stops the upload at once, even while the body stalls', async () => {
    let closed = false;
    async function* body() {
      try {
        yield* bodyOf(LARGE);
        await new Promise((resolve) => {
          setTimeout(resolve, 2000).unref();
        });
        yield Buffer.alloc(1);
      } finally {
        closed = true;
      }
    }
    fail('UploadPart', 'AccessDenied', 1, 1);
    const operations = await during(async () => {
      const refused = store.put(key, body(), options, unlimited);
      await expect(refused).rejects.toMatchObject({ code: 'STORE_DENIED', retryable: false });
    });
    expect(operations.at(-1)).toBe('AbortMultipartUpload');
    // the body was not waited for
    expect(closed).toBe(false);
  });

  it('aborts the upload only once no part is under way any more', async () => {
    const failure = new ArchiveError('MEDIA_TRUNCATED', 'made up');
    async function* body() {
      yield* bodyOf(LARGE);
      throw failure;
    }
    let inFlight = 0;
    const atAbort: number[] = [];
    s3.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'AbortMultipartUploadCommand') atAbort.push(inFlight);
        if (context.commandName !== 'UploadPartCommand') return next(args);
        inFlight += 1;
        try {
          return await next(args);
        } finally {
          // a request that was cut off is over some time after it was told to be
          await new Promise((resolve) => setTimeout(resolve, 50));
          inFlight -= 1;
        }
      },
      { step: 'initialize', name: 'watching' },
    );
    const watched = s3.proxied({ client: s3.client, clock });
    await expect(watched.put(key, body(), options, unlimited)).rejects.toBe(failure);
    s3.client.middlewareStack.remove('watching');
    expect(atAbort).toEqual([0]);
  });

  it('aborts again when the abort itself fails, and says so when it cannot', async () => {
    fail('CompleteMultipartUpload', 'AccessDenied', 2);
    fail('AbortMultipartUpload', 'InternalError', 1);
    await expect(put(LARGE)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(s3.server.openUploads()).toEqual([]);
    expect(logged.filter(({ message }) => /abort.* failed/.test(message))).toEqual([]);

    fail('AbortMultipartUpload', 'AccessDenied', 1);
    await expect(put(LARGE)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(logged.at(-1)).toMatchObject({
      message: 'aborting a multipart upload failed',
      fields: { key, code: 'STORE_DENIED' },
    });
    expect(s3.server.openUploads()).toHaveLength(1);
    await abandonUploads();
  });

  it.for([
    ['AccessDenied', 'STORE_DENIED'],
    ['SignatureDoesNotMatch', 'STORE_DENIED'],
    ['NoSuchBucket', 'STORE_MISSING'],
    ['NotImplemented', 'STORE_DENIED'],
  ] as const)('%s is %s, asked once', async ([code, expected]) => {
    fail('PutObject', code, Number.POSITIVE_INFINITY);
    const operations = await during(async () => {
      await expect(put(SMALL)).rejects.toMatchObject({ code: expected, retryable: false });
    });
    expect(operations).toEqual(['PutObject']);
  });

  it('tells a missing bucket from a missing object', async () => {
    const elsewhere = s3.proxied({ bucket: 'no-such-bucket', clock });
    await expect(elsewhere.head(key, unlimited)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(elsewhere.get(key, unlimited)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(elsewhere.put(key, bodyOf(SMALL), options, unlimited)).rejects.toMatchObject({
      code: 'STORE_MISSING',
    });
    await expect(elsewhere.put(key, bodyOf(LARGE), options, unlimited)).rejects.toMatchObject({
      code: 'STORE_MISSING',
    });
    await expect(elsewhere.list('', unlimited)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'STORE_MISSING',
    });
  });

  it('refuses a bucket of another account', async () => {
    const foreign = s3.proxied({ expectedBucketOwner: '999999999999' });
    for (const content of [SMALL, LARGE]) {
      await expect(foreign.put(key, bodyOf(content), options, unlimited)).rejects.toMatchObject({
        code: 'STORE_DENIED',
      });
    }
    await expect(foreign.get(key, unlimited)).rejects.toMatchObject({ code: 'STORE_DENIED' });
  });

  it('says nothing about the request: no credential, signature or URL', async () => {
    const { AWS_ACCESS_KEY_ID = '?', AWS_SECRET_ACCESS_KEY = '?' } = s3.server.environment();
    const faults: S3Fault[] = [
      { kind: 'error', code: 'AccessDenied' },
      { kind: 'error', code: 'SlowDown' },
      { kind: 'error', code: 'SignatureDoesNotMatch' },
      { kind: 'reset' },
    ];
    for (const fault of faults) {
      inject('PutObject', fault, 8);
      const error: unknown = await put(SMALL).catch((thrown: unknown) => thrown);
      s3.server.faults.clear();
      expect(error).toBeInstanceOf(ArchiveError);
      const { message, stack, cause, details } = error as ArchiveError;
      const told = JSON.stringify({ message, stack: stack?.split('\n')[0], details, error });
      expect(cause).toBeUndefined();
      for (const secret of [
        AWS_ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY,
        'AWS4-HMAC',
        'Authorization',
        'http:',
      ]) {
        expect(told).not.toContain(secret);
      }
    }
  });
});

describe('verification after the write', () => {
  for (const [size, content] of [
    ['small', SMALL],
    ['large', LARGE],
  ] as const) {
    it.for(['bit', 'truncated', 'metadata'] as const)(
      `finds a ${size} object with changed %s, and removes it`,
      async (how) => {
        s3.server.faults.add({ fault: { kind: 'corrupt', how } });
        await expect(put(content)).rejects.toMatchObject({ code: 'STORE_MISMATCH', retryable: true });
        expect(await store.head(key, unlimited)).toBeUndefined();
        expect(await put(content)).toMatchObject({ outcome: 'stored' });
      },
    );
  }

  it('still reports the mismatch where removing is not permitted', async () => {
    s3.server.faults.add({ fault: { kind: 'corrupt', how: 'bit' } });
    fail('DeleteObject', 'AccessDenied');
    await expect(put(SMALL)).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
    expect(logged.at(-1)?.fields).toMatchObject({ key, code: 'STORE_DENIED' });
  });
});

describe('what is sent', () => {
  it('hashes a body once, natively, and asks for nothing else', async () => {
    s3.proxy.heads.length = 0;
    await put(SMALL);
    await store.put(`${key}-large`, bodyOf(LARGE), options, unlimited);
    const bodies = s3.proxy.heads.filter((head) => head.startsWith('PUT '));
    expect(bodies).toHaveLength(4);
    const digest = Buffer.from(sha256(SMALL), 'base64');
    expect(bodies[0]).toContain(`x-amz-content-sha256: ${digest.toString('hex')}\r\n`);
    expect(bodies[0]).toContain(`x-amz-checksum-sha256: ${digest.toString('base64')}\r\n`);
    expect(bodies[0]).toContain('if-none-match: *\r\n');
    for (const head of s3.proxy.heads) expect(head).not.toMatch(/crc|md5|aws-chunked|^expect:/im);
    const completion = s3.proxy.heads.find((head) => /^POST .*uploadId=/.test(head));
    expect(completion).toContain('if-none-match: *\r\n');
    expect(completion).toContain(`x-amz-mp-object-size: ${LARGE.byteLength}\r\n`);
  });

  it('signs the digest it is given instead of hashing again', async () => {
    const command = new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: SMALL });
    const sent = s3.client.send(withPayloadHash(command, digestOf(LARGE)));
    await expect(sent).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
  });

  it('keeps at most queueSize parts in flight', async () => {
    const content = contentOf(6 * PART_BYTES, 1);
    let inFlight = 0;
    let most = 0;
    const counting = s3.proxied({ clock, queueSize: 3 });
    const { client } = s3;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== 'UploadPartCommand') return next(args);
        most = Math.max(most, ++inFlight);
        try {
          return await next(args);
        } finally {
          inFlight -= 1;
        }
      },
      { step: 'initialize', name: 'counting' },
    );
    const counted = s3.proxied({ client, clock, queueSize: 3 });
    await counted.put(key, bodyOf(content), options, unlimited);
    client.middlewareStack.remove('counting');
    expect(most).toBe(3);
    expect((await counting.head(key, unlimited))?.size).toBe(content.byteLength);
  });
});

describe('reading', () => {
  it('a connection that falls silent is an error', async () => {
    await put(LARGE);
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = s3.server.environment();
    const impatient = createS3Client({
      endpoint: s3.server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
      timeouts: { idleMs: 100 },
    });
    inject('GetObject', { kind: 'cut', afterBytes: 100_000, silent: true });
    const { body } = await s3.proxied({ client: impatient }).get(key, unlimited);
    await expect(readAll(body)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    impatient.destroy();
  });

  it('opens again after a failure before the first byte', async () => {
    await put(SMALL);
    fail('GetObject', 'InternalError', 2);
    inject('GetObject', { kind: 'reset' });
    await stands(SMALL);
    expect(slept).toHaveLength(3);
  });
});

describe('any mixture of faults', () => {
  const faults: fc.Arbitrary<{ operation: S3Operation; fault: S3Fault; skip: number }> = fc.record({
    operation: fc.constantFrom<S3Operation[]>(
      'PutObject',
      'CreateMultipartUpload',
      'UploadPart',
      'CompleteMultipartUpload',
      'HeadObject',
      'AbortMultipartUpload',
    ),
    fault: fc.oneof(
      fc
        .constantFrom<S3ErrorCode[]>(
          'SlowDown',
          'InternalError',
          'ConditionalRequestConflict',
          'AccessDenied',
        )
        .map((code): S3Fault => ({ kind: 'error', code })),
      fc.constant<S3Fault>({ kind: 'reset' }),
      fc.constant<S3Fault>({ kind: 'lost-answer' }),
    ),
    skip: fc.integer({ min: 0, max: 3 }),
  });

  it('ends in one whole object, after as many tries as it takes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(faults, { maxLength: 8 }),
        fc.constantFrom(SMALL, LARGE),
        async (rules, content) => {
          key = `faults/${++serial}`;
          for (const rule of rules) s3.server.faults.add(rule);
          let tries = 0;
          for (; tries < 12; tries += 1) {
            // an error says nothing about the fate of the write; the object, if there is one, is whole
            const result = await put(content).catch((error: unknown) => error);
            if (!(result instanceof ArchiveError)) break;
            expect(result.code).toMatch(/^STORE_(DENIED|UNAVAILABLE|THROTTLED)$/);
          }
          s3.server.faults.clear();
          expect(tries).toBeLessThan(12);
          await stands(content);
          await abandonUploads();
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});

/** Those whose creation was answered by silence, or whose abort was refused: a lifecycle rule's business. */
async function abandonUploads(): Promise<void> {
  const { AbortMultipartUploadCommand, ListMultipartUploadsCommand } = await import('@aws-sdk/client-s3');
  const open = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }));
  for (const { Key, UploadId } of open.Uploads ?? []) {
    await s3.client.send(new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key, UploadId }));
  }
}
