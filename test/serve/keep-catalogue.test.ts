import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import { keepCatalogue } from '../../src/serve/keep-catalogue.ts';
import type { ArchiveConfig } from '../../src/config/config.ts';

describe('serve', () => {
  it('brings the catalogue up to date every hour, 35 days at first, and goes on after a failure', async () => {
    const waits: number[] = [];
    const scopes: (string | undefined)[] = [];
    let release: () => void = () => {};
    const clock = {
      now: () => 0,
      random: () => 0,
      sleep: (ms: number, signal?: AbortSignal) => {
        waits.push(ms);
        if (waits.length <= 3) return Promise.resolve();
        release();
        return new Promise<void>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new ArchiveError('INTERRUPTED', 'stopped')), {
            once: true,
          });
        });
      },
    };
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const kept = keepCatalogue({} as ArchiveConfig, { clock, logger: silentLogger }, (scope) => {
      scopes.push(scope);
      if (scopes.length === 1) return Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'planted'));
      return Promise.resolve();
    });
    await waiting;
    await kept.stop();
    expect(waits).toEqual([60_000, 3_600_000, 3_600_000, 3_600_000]);
    expect(scopes).toEqual(['recent', 'recent', undefined]);
  });
});
