import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abortReason, unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { S3ErrorCode, S3Fault, S3Operation } from '../../../packages/simulator/src/s3/s3.ts';
import { createTransport } from '../../../src/http/transport.ts';
import { createS3Client } from '../../../src/store/s3/client.ts';
import { bodyOf, contentOf, readAll } from '../../store/bytes.ts';
import { FaultyS3, LARGE, OPTIONS, SMALL } from '../../store/faulty-s3.ts';

const faulty = FaultyS3.forTests();

describe('throttling and outages', () => {
  // Defect 25: the tutorial looked at error.statusCode, which SDK v3 does not have, and multiplied the SDK's own retries.
  it('defect 25: waits longer and longer while S3 asks to slow down, each time once', async () => {
    faulty.fail('PutObject', 'SlowDown', 6);
    const operations = await faulty.during(() => faulty.put(SMALL));
    expect(operations).toEqual([...Array.from({ length: 7 }, () => 'PutObject'), 'HeadObject']);
    expect(faulty.slept).toHaveLength(6);
    for (const [index, ms] of faulty.slept.entries()) {
      expect(ms).toBeLessThanOrEqual(30_000);
      expect(ms).toBeGreaterThan(faulty.slept[index - 1] ?? 0);
    }
    await faulty.expectStored(SMALL);
  });

  it.for([
    'SlowDown',
    'ServiceUnavailable',
    'InternalError',
    'RequestTimeout',
    'ConditionalRequestConflict',
  ] as const)('repeats every request of an upload that is answered %s', async (code) => {
    for (const operation of ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const) {
      faulty.fail(operation, code, 2);
    }
    expect(await faulty.put(LARGE)).toMatchObject({ outcome: 'stored' });
    expect(faulty.slept).toHaveLength(6);
    await faulty.expectStored(LARGE);
  });

  it('gives up after eight attempts, with a retryable error', async () => {
    faulty.fail('PutObject', 'SlowDown', Number.POSITIVE_INFINITY);
    const operations = await faulty.during(async () => {
      await expect(faulty.put(SMALL)).rejects.toMatchObject({ code: 'STORE_THROTTLED', retryable: true });
    });
    expect(operations).toEqual(Array.from({ length: 8 }, () => 'PutObject'));
    faulty.s3.server.faults.clear();
    expect(await faulty.store.head(faulty.key, unlimited)).toBeUndefined();
  });

  it('honours Retry-After', async () => {
    faulty.inject('PutObject', { kind: 'error', code: 'SlowDown', retryAfter: 7 });
    await faulty.put(SMALL);
    expect(faulty.slept).toHaveLength(1);
    expect(faulty.slept[0]).toBeGreaterThanOrEqual(7000);
  });

  it('never waits past the deadline', async () => {
    faulty.fail('UploadPart', 'SlowDown', Number.POSITIVE_INFINITY);
    const deadline = faulty.clock.now() + 5000;
    const late = faulty.put(LARGE, { deadline, signal: unlimited.signal });
    await expect(late).rejects.toMatchObject({ code: 'STORE_THROTTLED', retryable: true });
    expect(faulty.slept.length).toBeGreaterThan(0);
    // the faulty.clock stands where the last wait ended
    expect(faulty.clock.now() - deadline).toBeLessThan(0);
  });

  it('stops waiting when the signal aborts', async () => {
    const controller = new AbortController();
    const reason = new ArchiveError('INTERRUPTED', 'made up');
    faulty.sleep = async (_ms, signal) => {
      controller.abort(reason);
      throw abortReason(signal);
    };
    faulty.fail('UploadPart', 'SlowDown', Number.POSITIVE_INFINITY);
    const stopped = faulty.put(LARGE, { deadline: Number.POSITIVE_INFINITY, signal: controller.signal });
    await expect(stopped).rejects.toBe(reason);
  });

  it('repeats after a reset connection, and after one that is refused', async () => {
    faulty.inject('PutObject', { kind: 'reset', afterBytes: 0 });
    faulty.inject('PutObject', { kind: 'reset', afterBytes: 500 });
    expect(await faulty.put(SMALL)).toMatchObject({ outcome: 'stored' });
    await faulty.expectStored(SMALL);
    const unreachableClient = createS3Client({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      forcePathStyle: true,
    });
    const unreachable = faulty.s3.proxied({ client: unreachableClient, clock: faulty.clock });
    await expect(unreachable.put(faulty.key, bodyOf(SMALL), OPTIONS, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
  });

  it('repeats a request that is not answered in time', async () => {
    faulty.inject('PutObject', { kind: 'slow', delayMs: 5000 });
    const impatient = faulty.impatientClient(500);
    const transport = createTransport({ timeouts: { headersMs: 500 } });
    const hasty = faulty.s3.proxied({ client: impatient, clock: faulty.clock, transport });
    expect(await hasty.put(faulty.key, bodyOf(SMALL), OPTIONS, unlimited)).toMatchObject({
      outcome: 'stored',
    });
    expect(faulty.slept).toHaveLength(1);
    impatient.destroy();
    transport.close();
  });
});

describe('writes whose answer is lost', () => {
  it('PutObject: recognises its own object when the repeat finds the key taken', async () => {
    faulty.inject('PutObject', { kind: 'lost-answer' });
    const operations = await faulty.during(async () =>
      expect(await faulty.put(SMALL)).toMatchObject({ outcome: 'stored' }),
    );
    expect(operations).toEqual(['PutObject', 'PutObject', 'HeadObject']);
    await faulty.expectStored(SMALL);
  });

  it('PutObject: recognises that the object is another writer’s', async () => {
    faulty.inject('PutObject', { kind: 'reset', afterBytes: 500 });
    faulty.sleep = async () => {
      // the other writer comes between the two attempts
      faulty.sleep = async () => {};
      await faulty.s3.store.put(faulty.key, bodyOf(contentOf(1000, 9)), OPTIONS, unlimited);
    };
    expect(await faulty.put(SMALL)).toEqual({ outcome: 'exists' });
  });

  it('CompleteMultipartUpload: recognises its own object when the upload is gone', async () => {
    faulty.inject('CompleteMultipartUpload', { kind: 'lost-answer' });
    expect(await faulty.put(LARGE)).toMatchObject({ outcome: 'stored', stat: { size: LARGE.byteLength } });
    await faulty.expectStored(LARGE);
  });

  it('CompleteMultipartUpload: an answer 200 that turns out to be an error is one', async () => {
    faulty.inject('CompleteMultipartUpload', { kind: 'error', code: 'InternalError', inside200: true }, 2);
    expect(await faulty.put(LARGE)).toMatchObject({ outcome: 'stored' });
    expect(faulty.slept).toHaveLength(2);
    await faulty.expectStored(LARGE);
  });

  it('CompleteMultipartUpload: an upload that was ended is retryable, and no object', async () => {
    faulty.fail('CompleteMultipartUpload', 'NoSuchUpload');
    await expect(faulty.put(LARGE)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await faulty.store.head(faulty.key, unlimited)).toBeUndefined();
  });

  it('UploadPart: sends the part again', async () => {
    faulty.inject('UploadPart', { kind: 'lost-answer' }, 2, 1);
    expect(await faulty.put(LARGE)).toMatchObject({ outcome: 'stored' });
    await faulty.expectStored(LARGE);
  });

  it('an answer cut off in the middle counts as lost', async () => {
    faulty.s3.proxy.faults.push({ request: /^POST .*uploadId=/, cutResponseAfter: 40 });
    expect(await faulty.put(LARGE)).toMatchObject({ outcome: 'stored' });
    await faulty.expectStored(LARGE);
  });
});

describe('reading', () => {
  it('a connection that falls silent is an error', async () => {
    await faulty.put(LARGE);
    const impatient = faulty.impatientClient(500);
    faulty.inject('GetObject', { kind: 'cut', afterBytes: 100_000, silent: true });
    const { body } = await faulty.s3.proxied({ client: impatient }).get(faulty.key, unlimited);
    await expect(readAll(body)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    impatient.destroy();
  });

  it('opens again after a failure before the first byte', async () => {
    await faulty.put(SMALL);
    faulty.fail('GetObject', 'InternalError', 2);
    faulty.inject('GetObject', { kind: 'reset' });
    await faulty.expectStored(SMALL);
    expect(faulty.slept).toHaveLength(3);
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
          faulty.renewKey();
          for (const rule of rules) faulty.s3.server.faults.add(rule);
          let tries = 0;
          for (; tries < 12; tries += 1) {
            // an error says nothing about the fate of the write; the object, if there is one, is whole
            const result = await faulty.put(content).catch((error: unknown) => error);
            if (!(result instanceof ArchiveError)) break;
            expect(result.code).toMatch(/^STORE_(DENIED|UNAVAILABLE|THROTTLED)$/);
          }
          faulty.s3.server.faults.clear();
          expect(tries).toBeLessThan(12);
          await faulty.expectStored(content);
          await faulty.abandonUploads();
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
