import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import type { ArchiveConfig } from '../../src/config/config.ts';
import { DAY_MS } from '../../src/recording/time.ts';
import { keepRetention } from '../../src/serve/keep-retention.ts';

describe('serve', () => {
  it('applies the retention file daily: 40 days until a run succeeds, then those at which something may be known', async () => {
    let sleeps = 0;
    let release: () => void = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const clock = {
      now: () => 100 * DAY_MS + 5,
      random: () => 0,
      sleep: (_ms: number, signal?: AbortSignal) => {
        sleeps += 1;
        if (sleeps <= 3) return Promise.resolve();
        release();
        return new Promise<void>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new ArchiveError('INTERRUPTED', 'stopped')), {
            once: true,
          });
        });
      },
    };
    const asked: (readonly number[])[] = [];
    const config = { retentionFile: 'retention.json' } as ArchiveConfig;
    const kept = keepRetention(config, { clock, logger: silentLogger }, (days) => {
      asked.push(days);
      if (asked.length === 1) return Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'planted'));
      return Promise.resolve({ objects: 0, locked: 0, tagged: 0, takenOff: 0, waiting: 0 });
    });
    await waiting;
    await kept?.stop();
    expect(asked.map((days) => days.length)).toEqual([40, 40, 8]);
    expect(asked[2]).toContain(65 * DAY_MS);
    expect(keepRetention({} as ArchiveConfig, { clock, logger: silentLogger })).toBeUndefined();
  });
});
