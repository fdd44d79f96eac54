import { describe, expect, it } from 'vitest';
import { createTransport } from '../../src/http/transport.ts';
import { DEFAULT_TIMEOUTS } from '../../src/http/timeouts.ts';
import { unlimited } from '../../src/clock.ts';
import { startFaultyHost } from './faulty-host.ts';
import { seededRandom, SimulatedTime } from './simulated-time.ts';
import { recordingFile, runTruncationMatrix } from './truncation.ts';

describe('truncation matrix', { timeout: 240_000 }, () => {
  it('9 kinds of broken downloads, 20 of each: none becomes an object', async () => {
    const reports = await runTruncationMatrix(20, 1);
    expect(reports.flatMap(({ bad }) => bad)).toEqual([]);
    expect(reports).toHaveLength(9);
    for (const { kind, refused, archived } of reports) {
      expect.soft({ kind, refused: refused >= 4, archived: archived > 0 }).toEqual({
        kind,
        refused: true,
        archived: true,
      });
    }
  });

  it.each([0, 1, 100, 5999])('a stall after %i bytes is found within 16 s of simulated time', async (at) => {
    const host = await startFaultyHost(recordingFile());
    const time = new SimulatedTime(Date.UTC(2026, 4, 20), seededRandom(at));
    const transport = createTransport({ guard: { allowLoopback: true } });
    const url = new URL(host.add({ kind: 'stall', at, times: 1 }));
    const restore = time.install();
    try {
      const request = { method: 'GET', headers: {}, failure: 'MEDIA_UNAVAILABLE' } as const;
      const response = await transport.send({ ...request, url, signal: unlimited.signal });
      const seen = { bytes: 0, error: undefined as unknown };
      const read = async () => {
        try {
          for await (const chunk of response.body) seen.bytes += chunk.byteLength;
        } catch (error) {
          seen.error = error;
        }
      };
      const reading = read();
      // what was sent arrives over a real socket: no time passes meanwhile
      while (seen.bytes < at) await new Promise((resolve) => setImmediate(resolve));
      const stalledAt = time.now;
      await time.run(() => seen.error !== undefined, stalledAt + 16_000, 50);
      await reading;
      expect(seen.error).toMatchObject({ code: 'MEDIA_UNAVAILABLE', retryable: true });
      expect(time.now - stalledAt).toBe(DEFAULT_TIMEOUTS.idleMs);
    } finally {
      restore();
      transport.close();
      await host.close();
    }
  });
});
