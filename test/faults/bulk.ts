import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlimited } from '../../src/clock.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { start } from '../lambda/start.ts';
import { seededRandom } from './simulated-time.ts';

const CONCURRENCY = 50;

export interface BulkReport {
  readonly deliveries: number;
  /** Deliveries that were not answered with a key, each with its reason. */
  readonly failures: readonly string[];
  /** Keys of objects that were another file when a later delivery reported them. */
  readonly replaced: readonly string[];
  /** Different keys that were reported. */
  readonly reported: number;
  /** Objects in the store afterwards, by the first part of their keys. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Names of temporary files that were left behind. */
  readonly leftovers: readonly string[];
}

/** Delivers the events of `count` recordings 1 to 5 times each, in any order, 50 at once, to a handler with everything real in it. */
export async function deliverInBulk(count: number): Promise<BulkReport> {
  const random = seededRandom(20_260_520);
  // short ones: it is their number that matters here
  const recordings = Array.from({ length: count }, () => ({ bytes: 600 + Math.floor(random() * 3000) }));
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

    const kinds: Record<string, number> = {};
    for await (const { key } of createDirectoryStore(running.dir).list('', unlimited)) {
      const kind = key.split('/')[0] ?? '';
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    const names = await readdir(running.dir, { recursive: true });
    const leftovers = names.filter((name) => name.endsWith('.partial'));
    return {
      deliveries: deliveries.length,
      failures,
      replaced,
      reported: firstSeen.size,
      kinds,
      leftovers,
    };
  } finally {
    await running.close();
  }
}
