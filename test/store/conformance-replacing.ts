import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStat, ObjectStore } from '../../src/ports.ts';
import { bodyOf, readAll } from './bytes.ts';
import type { RunningSuite } from './conformance-suite.ts';

const bytes = (text: string) => Buffer.from(text);
const options = { metadata: { 'x-amz-crypto-instr-file': 'true' }, contentType: 'application/json' };

/** Small objects and metadata can be exchanged, by whoever knows what stands there, and at once. */
export function describeReplacing(suite: RunningSuite): void {
  const methods = () => {
    const { replace, replaceMetadata } = suite.store as Required<ObjectStore>;
    return { replace, replaceMetadata };
  };
  const put = async (text: string): Promise<ObjectStat> => {
    const key = `${suite.newScope()}/archive/a.enc.instruction`;
    const result = await suite.store.put(key, bodyOf(bytes(text)), options, unlimited);
    if (result.outcome !== 'stored') throw new Error('there is an object already');
    return result.stat;
  };
  const read = async (key: string) => {
    const { stat, body } = await suite.subject.reopen().get(key, unlimited);
    return { metadata: stat.metadata, text: String(await readAll(body)) };
  };

  describe('replacing', () => {
    it('puts another body in the place of the expected one', async () => {
      const stat = await put('{"old": true}');
      const metadata = { 'x-amz-crypto-instr-file': 'true', more: '1' };
      const replaced = await methods().replace(
        stat,
        bytes('{"new": 1}'),
        { ...options, metadata },
        unlimited,
      );
      expect(replaced).toMatchObject({ outcome: 'replaced', stat: { key: stat.key, size: 10, metadata } });
      expect(await read(stat.key)).toEqual({ metadata, text: '{"new": 1}' });
      const head = await suite.subject.reopen().head(stat.key, unlimited);
      expect(replaced.outcome === 'replaced' && replaced.stat).toEqual(head);
      expect(await suite.keys(stat.key)).toEqual([stat.key]);
    });

    it('replaces again and again', async () => {
      let stat = await put('0');
      for (const text of ['1', '22', '333']) {
        const replaced = await methods().replace(stat, bytes(text), options, unlimited);
        if (replaced.outcome !== 'replaced') throw new Error(replaced.outcome);
        ({ stat } = replaced);
        expect((await read(stat.key)).text).toBe(text);
      }
    });

    it('does not touch an object that is another one by now, or gone', async () => {
      const stat = await put('first');
      await methods().replace(stat, bytes('second'), options, unlimited);
      expect(await methods().replace(stat, bytes('third'), options, unlimited)).toEqual({
        outcome: 'changed',
      });
      expect((await read(stat.key)).text).toBe('second');
      const absent = { ...stat, key: `${suite.newScope()}/absent` };
      expect(await methods().replace(absent, bytes('x'), options, unlimited)).toEqual({ outcome: 'changed' });
      expect(await suite.keys(absent.key)).toEqual([]);
    });

    it('gives every reader the one or the other, whole', async () => {
      let stat = await put('a'.repeat(1000));
      const stopped = new AbortController();
      const seen = new Set<string>();
      const reading = (async () => {
        while (!stopped.signal.aborted) seen.add((await read(stat.key)).text);
      })();
      for (const letter of 'bcdefgh') {
        const replaced = await methods().replace(stat, bytes(letter.repeat(1000)), options, unlimited);
        if (replaced.outcome === 'replaced') ({ stat } = replaced);
      }
      stopped.abort();
      await reading;
      expect([...seen].filter((text) => !/^([a-h])\1{999}$/.test(text))).toEqual([]);
    });
  });

  describe('replacing metadata', () => {
    it('leaves the body as it is', async () => {
      const stat = await put('the body');
      const metadata = { 'x-amz-3': 'AAAA', 'x-amz-w': '02' };
      const replaced = await methods().replaceMetadata(stat, metadata, unlimited);
      expect(replaced).toMatchObject({ outcome: 'replaced', stat: { metadata, size: stat.size } });
      expect(await read(stat.key)).toEqual({ metadata, text: 'the body' });
      expect(replaced.outcome === 'replaced' && replaced.stat.contentType).toBe('application/json');
      // radosgw loses it with a copy; what it keeps has to be right
      expect([stat.checksum, undefined]).toContainEqual(
        replaced.outcome === 'replaced' && replaced.stat.checksum,
      );
    });

    it('does not touch an object that is another one by now, or gone', async () => {
      const stat = await put('first');
      await methods().replace(stat, bytes('second'), options, unlimited);
      const refused = await methods().replaceMetadata(stat, { a: '1' }, unlimited);
      expect(refused).toEqual({ outcome: 'changed' });
      expect((await read(stat.key)).metadata).toEqual(options.metadata);
      const absent = { ...stat, key: `${suite.newScope()}/absent` };
      expect(await methods().replaceMetadata(absent, {}, unlimited)).toEqual({ outcome: 'changed' });
    });

    it('refuses what cannot be a header, and changes nothing', async () => {
      const stat = await put('first');
      const attempt = (async () => methods().replaceMetadata(stat, { note: 'zwölf' }, unlimited))();
      await expect(attempt).rejects.toMatchObject({ code: 'OBJECT_MALFORMED' });
      expect((await read(stat.key)).metadata).toEqual(options.metadata);
    });
  });
}
