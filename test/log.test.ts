import { describe, expect, it } from 'vitest';
import { allowedFields, jsonLogger, type LogFields } from '../src/log.ts';

/** As a caller from JavaScript could pass them. */
const foreign = {
  recordingId: 'r-1',
  token: 'canary',
  __proto__polluted: 'canary',
  constructor: 'canary',
  toString: 'canary',
  code: undefined,
} as unknown as LogFields;

describe('the allow-list of the log', () => {
  it('lets through what it names and has a value, and nothing else', () => {
    expect(allowedFields(foreign)).toEqual({ recordingId: 'r-1' });
    const lines: string[] = [];
    jsonLogger(
      (line) => lines.push(line),
      () => 0,
    ).log('warn', 'x', foreign);
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"x","recordingId":"r-1"}',
    ]);
  });
});
