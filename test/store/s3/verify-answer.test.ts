import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import type { PutOptions } from '../../../src/ports.ts';
import type { Corruption } from '../../../packages/simulator/src/s3/s3.ts';
import { type ProxiedS3, useProxiedS3 } from '../answer-proxy.ts';
import { bodyOf, contentOf, readAll, sha256 } from '../bytes.ts';
import type { S3UnderTest } from '../s3-under-test.ts';
import type { SimulatedS3 } from '../simulated-s3.ts';

const CONTENT = contentOf(1000);
const SMALL: PutOptions = { metadata: {}, contentType: 'application/json', verify: 'answer' };
const CHECKSUM = 'x-amz-checksum-sha256';
const OTHER = sha256(contentOf(1000, 1));

describe('a write that may be verified by its answer', () => {
  let s3: SimulatedS3;
  let proxied: ProxiedS3;
  let subject: S3UnderTest;
  let change: (headers: IncomingHttpHeaders) => void = () => {};
  let serial = 0;

  beforeAll(async () => {
    proxied = await useProxiedS3((headers) => change(headers));
    ({ s3, subject } = proxied);
  });
  afterEach(() => {
    change = () => {};
    s3.server.faults.clear();
  });
  afterAll(async () => {
    await proxied.close();
  });

  /** Writes one object, and tells what the server was asked for. */
  async function put(options: PutOptions = SMALL) {
    const key = `answers/${++serial}.json`;
    const before = s3.server.requests.length;
    const outcome = await subject.store.put(key, bodyOf(CONTENT), options, unlimited).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    const operations = s3.server.requests.slice(before).map(({ operation }) => operation);
    return { key, operations, ...outcome };
  }

  async function expectStored(key: string): Promise<void> {
    const { body } = await subject.store.get(key, unlimited);
    expect((await readAll(body)).equals(CONTENT)).toBe(true);
  }

  it('is one request when the answer states the right checksum, and tells what a HEAD would', async () => {
    const written = await put();
    expect(written.operations).toEqual(['PutObject']);
    await expectStored(written.key);
    const { lastModified, ...stat } = (await subject.store.head(written.key, unlimited)) ?? {
      lastModified: 0,
    };
    expect(written).toMatchObject({ result: { outcome: 'stored', stat } });
    // both are of the server's clock, in whole seconds
    const seen = 'result' in written && written.result.outcome === 'stored' ? written.result.stat : undefined;
    expect(Math.abs((seen?.lastModified ?? 0) - lastModified)).toBeLessThanOrEqual(10_000);
    expect(Object.keys(seen ?? {}).toSorted()).toEqual([...Object.keys(stat), 'lastModified'].toSorted());
  });

  it.each<[string, (headers: IncomingHttpHeaders) => void]>([
    ['no checksum', (headers) => delete headers[CHECKSUM]],
    ['no ETag, by which it could be removed again', (headers) => delete headers.etag],
  ])('is read back when the answer states %s', async (_, without) => {
    change = without;
    const { key, operations, ...outcome } = await put();
    expect(operations).toEqual(['PutObject', 'HeadObject']);
    const stat = await subject.store.head(key, unlimited);
    expect(stat?.checksum?.sha256).toBe(sha256(CONTENT));
    expect(outcome).toEqual({ result: { outcome: 'stored', stat } });
    await expectStored(key);
  });

  it('is no success when the answer states another checksum, even if a HEAD finds the right one', async () => {
    change = (headers) => {
      headers[CHECKSUM] = OTHER;
    };
    const { key, operations, ...outcome } = await put();
    expect(operations).toEqual(['PutObject', 'HeadObject', 'DeleteObject']);
    expect(outcome).toMatchObject({
      error: { code: 'STORE_MISMATCH', retryable: true, details: { key, sent: 1000, stored: 1000 } },
    });
    expect(await subject.store.head(key, unlimited)).toBeUndefined();
  });

  it.each<Corruption>(['bit', 'truncated', 'metadata'])(
    'is no success when the answer states no checksum and something else is kept: %s',
    async (how) => {
      change = (headers) => delete headers[CHECKSUM];
      s3.server.faults.add({ operation: 'PutObject', fault: { kind: 'corrupt', how } });
      const { key, operations, ...outcome } = await put({ ...SMALL, metadata: { iv: 'AAECAwQFBgcICQoL' } });
      expect(operations).toEqual(['PutObject', 'HeadObject', 'DeleteObject']);
      expect(outcome).toMatchObject({ error: { code: 'STORE_MISMATCH', retryable: true } });
      expect(await subject.store.head(key, unlimited)).toBeUndefined();
    },
  );

  it('leaves an object alone that it cannot name by its ETag', async () => {
    change = (headers) => {
      headers[CHECKSUM] = OTHER;
      delete headers.etag;
    };
    const { key, operations, ...outcome } = await put();
    expect(operations).toEqual(['PutObject', 'HeadObject']);
    expect(outcome).toMatchObject({ error: { code: 'STORE_MISMATCH' } });
    expect(await subject.store.head(key, unlimited)).toBeDefined();
  });

  it.each<[string, PutOptions['verify']]>([
    ['asked to', 'read-back'],
    ['not asked for anything', undefined],
  ])('is read back for any answer, when the store is %s', async (_, verify) => {
    const { verify: __, ...rest } = SMALL;
    const { operations, ...outcome } = await put(verify === undefined ? rest : { ...rest, verify });
    expect(operations).toEqual(['PutObject', 'HeadObject']);
    expect(outcome).toMatchObject({ result: { outcome: 'stored' } });
  });

  it('is not taken for stored when the key was taken', async () => {
    const { key } = await put();
    const before = s3.server.requests.length;
    const again = await subject.store.put(key, bodyOf(contentOf(10)), SMALL, unlimited);
    expect(again).toEqual({ outcome: 'exists' });
    expect(s3.server.requests.slice(before).map(({ operation }) => operation)).toEqual(['PutObject']);
    await expectStored(key);
  });
});
