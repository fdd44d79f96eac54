import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exportDayPrefix,
  exportKey,
  exportMetadata,
  parseExportKey,
  sidecarKey,
} from '../../src/record/genesys-export.ts';
import { instructionKey } from '../../src/record/instruction-file.ts';

const file = {
  organizationId: '32aa07aa-db1b-4987-abd0-9483601ec29d',
  conversationId: '2f7bf00a-0fc2-4d6a-9b56-92238191433e',
  recordingId: 'a1b2c3d4-5678-90ab-cdef-1234567890ab',
  startedAt: Date.UTC(2025, 8, 7, 5, 59, 59),
  extension: 'opus',
};

describe('the layout of the platform’s own export', () => {
  it('is partitioned by the UTC start of the conversation, without leading zeros', () => {
    expect(exportKey(file)).toBe(
      '32aa07aa-db1b-4987-abd0-9483601ec29d/year=2025/month=9/day=7/hour=5/' +
        'conversation_id=2f7bf00a-0fc2-4d6a-9b56-92238191433e/a1b2c3d4-5678-90ab-cdef-1234567890ab.opus',
    );
    expect(exportKey({ ...file, channel: '0' })).toMatch(/\/a1b2c3d4-5678-90ab-cdef-1234567890ab\.0\.opus$/);
  });

  it('gives different files different keys, all of them fit for a store', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/).filter((id) => id !== '.' && id !== '..');
    const times = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) - 1 });
    const some = fc.record({
      organizationId: part,
      conversationId: part,
      recordingId: part,
      startedAt: times,
      channel: fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), { nil: undefined }),
      extension: fc.stringMatching(/^[a-z0-9]{1,8}$/),
    });
    fc.assert(
      fc.property(some, some, (one, other) => {
        const [first, second] = [exportKey(one), exportKey(other)];
        expect(first).toMatch(/^[A-Za-z0-9._=-]+(\/[A-Za-z0-9._=-]+){6}$/);
        if (one.recordingId !== other.recordingId || one.channel !== other.channel) {
          expect(first).not.toBe(second);
        }
        const date = new Date(one.startedAt).toISOString().slice(0, 10);
        const { recordingId, channel, organizationId } = one;
        expect(parseExportKey(first)).toEqual({ recordingId, channel, date });
        expect(parseExportKey(first, organizationId)).toEqual({ recordingId, channel, date });
        expect(parseExportKey(first, `${organizationId}x`)).toBeUndefined();
        expect(first.startsWith(exportDayPrefix(organizationId, one.startedAt))).toBe(true);
      }),
    );
  });

  it.each([
    { recordingId: '../x' },
    { organizationId: '' },
    { channel: 'a/b' },
    { channel: 'wav_metadata' },
    { extension: '..' },
    { extension: 'WAV' },
    { extension: 'instruction' },
    { startedAt: 0 },
  ])('%o is refused', (wrong) => {
    let thrown: unknown;
    try {
      exportKey({ ...file, ...wrong });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringMatching(/is not fit for a key$|is not within 2000 to 2099$/) as unknown,
    });
  });

  it('has a sidecar with the members that the platform writes', () => {
    const metadata = exportMetadata({
      kind: 'call',
      subtype: 'Trunk',
      provider: 'Edge',
      userIds: ['b', 'a', 'b'],
      conversationId: file.conversationId,
      recordingId: file.recordingId,
      startedAt: Date.UTC(2023, 7, 29, 23, 19, 4, 873),
      endedAt: Date.UTC(2023, 7, 29, 23, 20, 4, 873),
      direction: 'INBOUND',
    });
    expect(metadata).toEqual({
      mediaType: 'Call',
      mediaSubtype: 'Trunk',
      provider: 'edge',
      userIds: ['a', 'b'],
      conversationId: file.conversationId,
      recordingId: file.recordingId,
      startTime: '2023-08-29T23:19:04.873+0000',
      endTime: '2023-08-29T23:20:04.873+0000',
      durationMs: 60_000,
      initialDirection: 'inbound',
    });
  });

  it('leaves unknown members out of the sidecar', () => {
    const { conversationId, recordingId } = file;
    const known = { kind: 'email', conversationId, recordingId } as const;
    const stated = { mediaType: 'Email', conversationId, recordingId };
    expect(exportMetadata(known)).toStrictEqual(stated);
    expect(exportMetadata({ ...known, startedAt: 0 })).toStrictEqual({
      ...stated,
      startTime: '1970-01-01T00:00:00.000+0000',
    });
    expect(exportMetadata({ ...known, endedAt: 1 })).toStrictEqual({
      ...stated,
      endTime: '1970-01-01T00:00:00.001+0000',
    });
  });

  it.each([
    ['a sidecar', sidecarKey(exportKey(file))],
    ['an instruction file', instructionKey(exportKey(file))],
    ['a day of no calendar', exportKey(file).replace('month=9/day=7', 'month=2/day=30')],
    ['a month with a zero before it', exportKey(file).replace('month=9', 'month=09')],
    ['an hour of no day', exportKey(file).replace('hour=5', 'hour=24')],
    ['a file without extension', exportKey(file).replace('.opus', '')],
    ['a deeper folder', exportKey(file).replace('/a1b2', '/x/a1b2')],
    ['that of no organization', exportKey(file).replace(file.organizationId, '..')],
    ['that of no conversation', exportKey(file).replace(file.conversationId, '..')],
    ['that of no name', exportKey(file).replace(file.recordingId, '=2E=2E')],
    ['an object of the tutorial', 'archive/2026/05/20/a1b2.enc'],
  ])('%s is no recording', (_, key) => {
    expect(parseExportKey(key)).toBeUndefined();
  });
});
