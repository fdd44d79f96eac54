import { afterEach, describe, expect, it, vi } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { createScheduledHandler } from '../../src/lambda/scheduled.ts';
import { recordingLogger } from '../recording-logger.ts';

/** What the platform gives, and what was written. */
function start() {
  const counted: string[] = [];
  const written: (readonly string[])[] = [];
  const logger = { ...recordingLogger(), setLevel: () => {}, setContext: vi.fn() };
  const metrics = {
    add: (metric: string, value: number) => counted.push(`${metric} ${value}`),
    flush: () => written.push(counted.splice(0)),
  };
  return { logger, metrics, written };
}

afterEach(() => vi.useRealTimers());

describe('a function that a schedule starts', () => {
  it('ends its work before the platform ends it, and writes what was counted', async () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const { logger, metrics, written } = start();
    const handler = createScheduledHandler(
      20_000,
      async ({ budget, event, metrics: own }) => {
        expect(event).toEqual({ days: 3 });
        expect(budget.deadline).toBe(1_000_000 + 60_000 - 20_000);
        own.add('sampleFindings', 7);
        await new Promise((resolve) => budget.signal.addEventListener('abort', resolve));
        return 'ended';
      },
      { logger, metrics },
    );
    const context = { getRemainingTimeInMillis: () => 60_000, awsRequestId: 'r' };
    const outcome = handler({ days: 3 }, context);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(await outcome).toBe('ended');
    expect(written).toEqual([['sampleFindings 7']]);
    expect(logger.setContext).toHaveBeenCalledWith(context);
  });

  it('throws a failure under its code, after it was logged, and counts refused credentials', async () => {
    const { logger, metrics, written } = start();
    const refuse = (): Promise<never> => {
      throw new ArchiveError('STORE_DENIED', 'the bucket refuses', { hint: 'let the role in' });
    };
    const handler = createScheduledHandler(0, refuse, { logger, metrics });
    await expect(handler({})).rejects.toMatchObject({
      name: 'STORE_DENIED',
      message: 'the bucket refuses (let the role in)',
    });
    expect(logger.lines).toEqual([expect.stringContaining('"code":"STORE_DENIED"') as unknown]);
    expect(written).toEqual([['authFailures 1']]);
  });

  it('repeats no foreign text', async () => {
    const { logger, metrics, written } = start();
    const fail = () => Promise.reject(new Error('token=secret-canary'));
    const handler = createScheduledHandler(0, fail, { logger, metrics });
    await expect(handler({})).rejects.toMatchObject({ name: 'UNEXPECTED' });
    expect(logger.lines.join('\n')).not.toContain('secret-canary');
    expect(written).toEqual([[]]);
  });
});
