import { ListObjectsV2Command, type ListObjectsV2CommandInput, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET, createClient, failureOf, startEndpoint } from './s3-fixture.ts';

async function start(keys: readonly string[]) {
  const { s3 } = await startEndpoint();
  const client = createClient(s3);
  await Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }))));
  const list = async (extra: Partial<ListObjectsV2CommandInput> = {}) => {
    const page = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, ...extra }));
    return {
      ...page,
      keys: (page.Contents ?? []).map(({ Key }) => Key),
      prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
    };
  };
  /** Everything, in pages. */
  const listAll = async (extra: Partial<ListObjectsV2CommandInput>) => {
    const listed: (string | undefined)[] = [];
    let pages = 0;
    let token: string | undefined;
    do {
      const page = await list({ ...extra, ...(token === undefined ? {} : { ContinuationToken: token }) });
      listed.push(...page.prefixes, ...page.keys);
      pages += 1;
      token = page.NextContinuationToken;
      expect(page.IsTruncated).toBe(token !== undefined);
    } while (token !== undefined);
    return { listed, pages };
  };
  return { client, list, listAll };
}

const inByteOrder = (keys: readonly string[]) =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

describe('ListObjectsV2', () => {
  it('lists 200 keys that were written at once, in byte order, in any page size', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `receipts/2026/11/${(index * 37) % 200}.json`);
    const { list, listAll } = await start(keys);
    const whole = await list();
    expect(whole.keys).toEqual(inByteOrder(keys));
    expect(whole.KeyCount).toBe(200);
    expect(whole.Contents?.[0]).toMatchObject({
      Size: whole.keys[0]?.length,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: ['CRC32'],
    });
    for (const [MaxKeys, pages] of [
      [7, 29],
      [100, 2],
      [200, 1],
    ] as const) {
      expect(await listAll({ MaxKeys })).toEqual({ listed: inByteOrder(keys), pages });
    }
    expect((await list({ MaxKeys: 0 })).keys).toEqual([]);
  });

  it('orders by UTF-8 bytes, where JavaScript would not', async () => {
    // U+FF5A sorts after U+1F600 in UTF-16, before it in UTF-8.
    const keys = ['\u{1F600}', '\uFF5A', 'z', 'é', 'Z', 'a/b', 'a', 'a-b', 'a b'];
    const { list } = await start(keys);
    expect((await list()).keys).toEqual(['Z', 'a', 'a b', 'a-b', 'a/b', 'z', 'é', '\uFF5A', '\u{1F600}']);
  });

  it('filters by prefix, starts after a key and rolls up at a delimiter', async () => {
    const keys = ['archive/2025/a', 'archive/2026/a', 'archive/2026/b', 'archive/x', 'receipts/a', 'top'];
    const { list, listAll } = await start(keys);
    expect((await list({ Prefix: 'archive/2026/' })).keys).toEqual(['archive/2026/a', 'archive/2026/b']);
    expect((await list({ StartAfter: 'archive/2026/b' })).keys).toEqual(['archive/x', 'receipts/a', 'top']);
    const rolled = await list({ Prefix: 'archive/', Delimiter: '/' });
    expect(rolled.prefixes).toEqual(['archive/2025/', 'archive/2026/']);
    expect(rolled.keys).toEqual(['archive/x']);
    expect(rolled.KeyCount).toBe(3);
    const paged = await listAll({ Delimiter: '/', MaxKeys: 1 });
    expect(paged).toEqual({ listed: ['archive/', 'receipts/', 'top'], pages: 3 });
    expect((await list({ Prefix: 'nothing' })).keys).toEqual([]);
  });

  it('returns keys that XML cannot carry, encoded on request', async () => {
    const keys = ['a&b<c>"d"', 'control\u0001', 'plus+space and%25', 'ünï/😀'];
    const { list } = await start(keys);
    const encoded = await list({ EncodingType: 'url' });
    expect(encoded.keys).toEqual([
      'a%26b%3Cc%3E%22d%22',
      'control%01',
      'plus%2Bspace+and%2525',
      '%C3%BCn%C3%AF/%F0%9F%98%80',
    ]);
    expect((await list({ Prefix: 'a&' })).keys).toEqual(['a&b<c>"d"']);
  });

  it('refuses a continuation token that is none, and another page size', async () => {
    const { list } = await start(['a']);
    expect(await failureOf(list({ ContinuationToken: 'x' }))).toEqual({
      name: 'InvalidArgument',
      status: 400,
    });
    expect(await failureOf(list({ MaxKeys: -1 }))).toEqual({ name: 'InvalidArgument', status: 400 });
  });
});
