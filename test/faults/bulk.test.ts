import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createDirectoryStore } from '../../src/store/directory-store.ts';
import { start } from '../lambda/start.ts';
import { seededRandom } from './simulated-time.ts';

const RECORDINGS = 1000;
const CONCURRENCY = 50;

describe('1,000 recordings', () => {
  it('delivered 1 to 5 times each, 50 at once: exactly 1,000 objects, none of them ever replaced', {
    timeout: 240_000,
  }, async () => {
    const random = seededRandom(20_260_520);
    // short ones: it is their number that matters here
    const recordings = Array.from({ length: RECORDINGS }, () => ({
      bytes: 600 + Math.floor(random() * 3000),
    }));
    const running = await start({ simulator: { recordings } });
    try {
      const deliveries = running.simulator.recordings
        .flatMap(({ id }) => Array.from({ length: 1 + Math.floor(random() * 5) }, () => id))
        .map((id) => ({ id, order: random() }))
        .sort((one, other) => one.order - other.order);
      const queue = deliveries.values();
      const failures: string[] = [];
      /** Which file an object was when a delivery first reported it. */
      const firstSeen = new Map<string, string>();
      const replaced: string[] = [];
      const work = async () => {
        for (const { id } of queue) {
          try {
            const answer = await running.handle(running.simulator.event(id, 'bare'));
            const { s3Key } = JSON.parse('body' in answer ? answer.body : '{}') as { s3Key: string };
            const { ino, mtimeMs, size } = await stat(join(running.dir, s3Key));
            const identity = `${ino} ${mtimeMs} ${size}`;
            if ((firstSeen.get(s3Key) ?? identity) !== identity) replaced.push(s3Key);
            firstSeen.set(s3Key, identity);
          } catch (error) {
            failures.push(`${id}: ${String(error)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      expect(failures).toEqual([]);
      expect(deliveries.length).toBeGreaterThan(2 * RECORDINGS);
      expect(replaced).toEqual([]);
      expect(firstSeen.size).toBe(RECORDINGS);

      const store = createDirectoryStore(running.dir);
      const kinds: Record<string, number> = {};
      for await (const { key } of store.list('', unlimited)) {
        const kind = key.split('/')[0] ?? '';
        kinds[kind] = (kinds[kind] ?? 0) + 1;
      }
      expect(kinds).toEqual({ archive: RECORDINGS, receipts: RECORDINGS, links: RECORDINGS });
      const names = await readdir(running.dir, { recursive: true });
      expect(names.filter((name) => name.endsWith('.partial'))).toEqual([]);
    } finally {
      await running.close();
    }
  });
});
