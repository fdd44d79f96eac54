import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { createTransport, type Transport } from '../../../src/http/transport.ts';
import type { S3Fault } from '../../../packages/simulator/src/s3/s3.ts';
import { bodyOf, contentOf, sha256 } from '../../store/bytes.ts';
import { FaultyS3, OPTIONS, SMALL } from '../../store/faulty-s3.ts';
import { PART_BYTES } from '../../store/s3-under-test.ts';

/** Three parts. */
const LARGE = contentOf(2 * PART_BYTES + 1);

const faulty = FaultyS3.forTests();

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
    faulty.fail('UploadPart', 'AccessDenied', 1, 1);
    const operations = await faulty.during(async () => {
      const refused = faulty.store.put(faulty.key, body(), OPTIONS, unlimited);
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
    faulty.s3.client.middlewareStack.add(
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
    const watched = faulty.s3.proxied({ client: faulty.s3.client, clock: faulty.clock });
    await expect(watched.put(faulty.key, body(), OPTIONS, unlimited)).rejects.toBe(failure);
    faulty.s3.client.middlewareStack.remove('watching');
    expect(atAbort).toEqual([0]);
  });

  it('aborts again when the abort itself fails, and says so when it cannot', async () => {
    faulty.fail('CompleteMultipartUpload', 'AccessDenied', 2);
    faulty.fail('AbortMultipartUpload', 'InternalError', 1);
    await expect(faulty.put(LARGE)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(faulty.s3.server.openUploads()).toEqual([]);
    expect(faulty.logged.filter(({ message }) => /abort.* failed/.test(message))).toEqual([]);

    faulty.fail('AbortMultipartUpload', 'AccessDenied', 1);
    await expect(faulty.put(LARGE)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(faulty.logged.at(-1)).toMatchObject({
      message: 'aborting a multipart upload failed',
      fields: { key: faulty.key, code: 'STORE_DENIED' },
    });
    expect(faulty.s3.server.openUploads()).toHaveLength(1);
    await faulty.abandonUploads();
  });

  it.for([
    ['AccessDenied', 'STORE_DENIED'],
    ['SignatureDoesNotMatch', 'STORE_DENIED'],
    ['NoSuchBucket', 'STORE_MISSING'],
    ['NotImplemented', 'STORE_DENIED'],
  ] as const)('%s is %s, asked once', async ([code, expected]) => {
    faulty.fail('PutObject', code, Number.POSITIVE_INFINITY);
    const operations = await faulty.during(async () => {
      await expect(faulty.put(SMALL)).rejects.toMatchObject({ code: expected, retryable: false });
    });
    expect(operations).toEqual(['PutObject']);
  });

  it('says nothing about the request: no credential, signature or URL', async () => {
    const { AWS_ACCESS_KEY_ID = '?', AWS_SECRET_ACCESS_KEY = '?' } = faulty.s3.server.environment();
    const faults: S3Fault[] = [
      { kind: 'error', code: 'AccessDenied' },
      { kind: 'error', code: 'SlowDown' },
      { kind: 'error', code: 'SignatureDoesNotMatch' },
      { kind: 'reset' },
    ];
    for (const fault of faults) {
      faulty.inject('PutObject', fault, 8);
      const error: unknown = await faulty.put(SMALL).catch((thrown: unknown) => thrown);
      faulty.s3.server.faults.clear();
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
        faulty.s3.server.faults.add({ fault: { kind: 'corrupt', how } });
        await expect(faulty.put(content)).rejects.toMatchObject({ code: 'STORE_MISMATCH', retryable: true });
        expect(await faulty.store.head(faulty.key, unlimited)).toBeUndefined();
        expect(await faulty.put(content)).toMatchObject({ outcome: 'stored' });
      },
    );
  }

  it('still reports the mismatch where removing is not permitted', async () => {
    faulty.s3.server.faults.add({ fault: { kind: 'corrupt', how: 'bit' } });
    faulty.fail('DeleteObject', 'AccessDenied');
    await expect(faulty.put(SMALL)).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
    expect(faulty.logged.at(-1)?.fields).toMatchObject({ key: faulty.key, code: 'STORE_DENIED' });
  });
});

describe('what is sent', () => {
  it('hashes a body once, natively, and asks for nothing else', async () => {
    faulty.s3.proxy.heads.length = 0;
    await faulty.put(SMALL);
    await faulty.store.put(`${faulty.key}-large`, bodyOf(LARGE), OPTIONS, unlimited);
    const bodies = faulty.s3.proxy.heads.filter((head) => head.startsWith('PUT '));
    expect(bodies).toHaveLength(4);
    const digest = Buffer.from(sha256(SMALL), 'base64');
    expect(bodies[0]).toContain(`x-amz-content-sha256: ${digest.toString('hex')}\r\n`);
    expect(bodies[0]).toContain(`x-amz-checksum-sha256: ${digest.toString('base64')}\r\n`);
    expect(bodies[0]).toContain('if-none-match: *\r\n');
    for (const head of faulty.s3.proxy.heads) expect(head).not.toMatch(/crc|md5|aws-chunked|^expect:/im);
    const completion = faulty.s3.proxy.heads.find((head) => /^POST .*uploadId=/.test(head));
    expect(completion).toContain('if-none-match: *\r\n');
    expect(completion).toContain(`x-amz-mp-object-size: ${LARGE.byteLength}\r\n`);
  });

  describe.for([
    ['small', SMALL],
    ['large', LARGE],
  ] as const)('digests of a %s body that its caller knows already', ([, content]) => {
    const digests = cutAt(content, PART_BYTES).map((piece) => createHash('sha256').update(piece).digest());

    it('are used', async () => {
      const asked: number[] = [];
      const leaves = {
        leafBytes: PART_BYTES,
        leafDigest: (index: number) => {
          asked.push(index);
          return digests[index];
        },
      };
      const put = faulty.store.put(faulty.key, bodyOf(content), { ...OPTIONS, leaves }, unlimited);
      expect(await put).toMatchObject({ outcome: 'stored' });
      expect(asked).toEqual([...digests.keys()]);
      await faulty.expectStored(content);
    });

    it('are believed, so that wrong ones are found by S3', async () => {
      const leaves = { leafBytes: PART_BYTES, leafDigest: () => Buffer.alloc(32) };
      const put = faulty.store.put(faulty.key, bodyOf(content), { ...OPTIONS, leaves }, unlimited);
      await expect(put).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
      expect(await faulty.store.head(faulty.key, unlimited)).toBeUndefined();
    });

    it('are of no use when the pieces are of another size', async () => {
      const leaves = { leafBytes: PART_BYTES - 1, leafDigest: () => Buffer.alloc(32) };
      await faulty.store.put(faulty.key, bodyOf(content), { ...OPTIONS, leaves }, unlimited);
      await faulty.expectStored(content);
    });
  });

  it('keeps at most queueSize parts in flight', async () => {
    const content = contentOf(6 * PART_BYTES, 1);
    let inFlight = 0;
    let most = 0;
    const counting = faulty.s3.proxied({ clock: faulty.clock, queueSize: 3 });
    const transport = createTransport();
    const send: Transport['send'] = async (request) => {
      if (!request.url.search.includes('partNumber=')) return transport.send(request);
      most = Math.max(most, ++inFlight);
      try {
        return await transport.send(request);
      } finally {
        inFlight -= 1;
      }
    };
    const counted = faulty.s3.proxied({
      clock: faulty.clock,
      queueSize: 3,
      transport: { send, close: () => transport.close() },
    });
    await counted.put(faulty.key, bodyOf(content), OPTIONS, unlimited);
    transport.close();
    expect(most).toBe(3);
    expect((await counting.head(faulty.key, unlimited))?.size).toBe(content.byteLength);
  });
});

function cutAt(content: Buffer, bytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.byteLength; at += bytes) pieces.push(content.subarray(at, at + bytes));
  return pieces;
}
