import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { failureOf, openBucket, sampleBytes } from './s3-fixture.ts';

describe('conditional writes', () => {
  it('lets exactly one of 16 racing writers win, whose object stays', async () => {
    const { put, read, data } = await openBucket();
    const bodies = Array.from({ length: 16 }, (_, index) => sampleBytes(30_000, index));
    const outcomes = await Promise.all(
      bodies.map(async (body, index) => {
        try {
          await put('a', body, { IfNoneMatch: '*', Metadata: { writer: String(index) } });
          return 'stored';
        } catch (error) {
          return (error as Error).name;
        }
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'PreconditionFailed')).toHaveLength(15);
    const got = await read('a');
    const winner = outcomes.indexOf('stored');
    expect(got.Metadata).toEqual({ writer: String(winner) });
    expect(got.bytes.equals(bodies[winner] ?? Buffer.alloc(0))).toBe(true);
    expect(await data()).toHaveLength(1);
  });

  it('refuses before the body is sent when the client waits for 100 Continue', async () => {
    const { put } = await openBucket();
    await put('a', Buffer.from('first'), { IfNoneMatch: '*' });
    let pulled = 0;
    const body = Readable.from(
      (function* () {
        for (let index = 0; index < 64; index += 1) {
          pulled += 1;
          yield Buffer.alloc(1024 * 1024);
        }
      })(),
      { objectMode: false },
    );
    const failure = await failureOf(put('a', body, { IfNoneMatch: '*', ContentLength: 64 * 1024 * 1024 }));
    expect(failure).toEqual({ name: 'PreconditionFailed', status: 412 });
    expect(pulled).toBeLessThan(10);
  });

  it('answers a client that sends its body without waiting, too', async () => {
    const { put, client } = await openBucket({ expectContinueHeader: false });
    await put('a', Buffer.from('first'), { IfNoneMatch: '*' });
    const body = sampleBytes(3 * 1024 * 1024);
    for (let round = 0; round < 10; round += 1) {
      expect(await failureOf(put('a', body, { IfNoneMatch: '*' }))).toEqual({
        name: 'PreconditionFailed',
        status: 412,
      });
    }
    expect(client.config.expectContinueHeader).toBe(false);
  });

  it('replaces without the condition, and frees the old body', async () => {
    const { put, read, data } = await openBucket();
    await put('a', Buffer.from('first'));
    await put('a', Buffer.from('second'));
    expect((await read('a')).bytes.toString()).toBe('second');
    expect(await data()).toHaveLength(1);
  });

  it.each([{ IfNoneMatch: '"x"' }, { IfMatch: '"x"', IfNoneMatch: '*' }])(
    'does not have %o',
    async (extra) => {
      const { put } = await openBucket();
      expect(await failureOf(put('a', Buffer.from('x'), extra))).toEqual({
        name: 'NotImplemented',
        status: 501,
      });
    },
  );
});
