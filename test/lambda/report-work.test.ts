import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArchiveResult } from '../../src/archive/archive-request.ts';
import { ERROR_CODES } from '../../src/error-codes.ts';
import { ArchiveError, type ErrorCode } from '../../src/errors.ts';
import type { Metric } from '../../src/lambda/metrics.ts';
import { reportFailure, reportResult } from '../../src/lambda/report-work.ts';
import type { LogFields, LogLevel } from '../../src/log.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };
const work = { source: 'sqs', attempt: 3, messageId: 'm-1', durationMs: 1234 };
const known = { source: 'sqs', attempt: 3, requestId: 'm-1', durationMs: 1234 };
const archived = {
  state: 'archived',
  ids,
  key: 'archive/2026/05/20/r-1.enc',
  receiptKey: 'receipts/2026/05/20/r-1.json',
  bytes: 216,
  stored: true,
  resumes: 0,
  restarts: 0,
} as const;

function record() {
  const lines: { level: LogLevel; message: string; fields: LogFields | undefined }[] = [];
  const counted: Partial<Record<Metric, number>> = {};
  return {
    lines,
    counted,
    reporting: {
      logger: {
        log: (level: LogLevel, message: string, fields?: LogFields) =>
          void lines.push({ level, message, fields }),
      },
      metrics: {
        add: (metric: Metric, value: number) => {
          counted[metric] = (counted[metric] ?? 0) + value;
        },
      },
    },
  };
}

describe('the one line of a recording, and what it counts as', () => {
  it.each<[string, ArchiveResult, LogLevel, LogFields, Partial<Record<Metric, number>>]>([
    [
      'stored',
      archived,
      'info',
      { state: 'archived', key: archived.key, bytes: 216 },
      { archived: 1, bytes: 216 },
    ],
    [
      'found',
      { ...archived, stored: false },
      'info',
      { state: 'found', key: archived.key, bytes: 216 },
      { found: 1 },
    ],
    [
      'not ready',
      { state: 'not-ready', ids, status: 'processing', retryAfterMs: 60_000 },
      'info',
      { state: 'not-ready', code: 'MEDIA_NOT_READY', reason: 'processing', delayMs: 60_000 },
      { notReady: 1 },
    ],
    [
      'gone permanently',
      { state: 'gone', ids, reason: 'deleted', settled: true },
      'info',
      { state: 'gone', reason: 'deleted' },
      { gone: 1 },
    ],
    [
      'gone, and an operator must look',
      { state: 'gone', ids, reason: 'unknown', settled: false },
      'error',
      { state: 'gone', code: 'MEDIA_NOT_FOUND', reason: 'unknown' },
      { failed: 1 },
    ],
    [
      'failed',
      { state: 'failed', ids, error: new ArchiveError('MEDIA_TRUNCATED', 'it is short') },
      'error',
      { state: 'failed', code: 'MEDIA_TRUNCATED', retryable: true },
      { failed: 1 },
    ],
  ])('%s', (_, result, level, fields, counts) => {
    const { lines, counted, reporting } = record();
    reportResult(reporting, result, work);
    expect(lines).toEqual([
      { level, message: expect.any(String) as string, fields: { ...known, ...ids, ...fields } },
    ]);
    expect(counted).toEqual({ duration: 1234, ...counts });
  });

  it('a request that failed as a whole is named by what it asked for', () => {
    const error = new ArchiveError('GENESYS_FORBIDDEN', 'no');
    for (const [request, named] of [
      [{ dialect: 'media', mediaId: 'r-1', interactionId: 'c-1' }, ids],
      [{ dialect: 'recordings', conversationId: 'c-1', endedAt: 0 }, { conversationId: 'c-1' }],
      [{ dialect: 'recordings', conversationId: 'c-1', recordingId: 'r-1', endedAt: 0 }, ids],
      [undefined, {}],
    ] as const) {
      const { lines, reporting } = record();
      reportFailure(reporting, error, request, { ...work, attempt: undefined, messageId: undefined });
      expect(lines).toEqual([
        {
          level: 'error',
          message: 'no',
          fields: {
            source: 'sqs',
            durationMs: 1234,
            attempt: 1,
            ...named,
            state: 'failed',
            code: 'GENESYS_FORBIDDEN',
            retryable: false,
          },
        },
      ]);
    }
  });

  it('every failure counts as one, and as at most one kind that has an alarm of its own', () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[];
    fc.assert(
      fc.property(fc.constantFrom(...codes), (code) => {
        const { counted, reporting } = record();
        reportFailure(reporting, new ArchiveError(code, 'x'), undefined, work);
        const { failed, duration, ...kinds } = counted;
        expect([failed, duration]).toEqual([1, 1234]);
        expect(Object.values(kinds).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each<[ErrorCode, Metric]>([
    ['GENESYS_AUTH_REJECTED', 'authFailures'],
    ['GENESYS_FORBIDDEN', 'authFailures'],
    ['STORE_DENIED', 'authFailures'],
    ['KMS_DENIED', 'authFailures'],
    ['SECRET_DENIED', 'authFailures'],
    ['STORE_MISMATCH', 'verifyFailures'],
    ['KEY_COLLISION', 'verifyFailures'],
    ['OBJECT_UNPROVEN', 'verifyFailures'],
    ['RECEIPT_MISMATCH', 'verifyFailures'],
    ['GENESYS_THROTTLED', 'throttled'],
    ['STORE_THROTTLED', 'throttled'],
    ['KMS_THROTTLED', 'throttled'],
  ])('%s counts as %s', (code, metric) => {
    const { counted, reporting } = record();
    reportFailure(reporting, new ArchiveError(code, 'x'), undefined, work);
    expect(counted[metric]).toBe(1);
  });
});
