import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../../src/genesys/recordings/answers.ts';
import { isSafeId } from '../../../src/recording/id.ts';

describe('answers', () => {
  it('of any form have a safe id or are none, and only usable files', () => {
    const names = ['id', 'media', 'fileState', 'mediaUris', 'archiveDate', 'startTime', 'outputDurationMs'];
    const values = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.uuid(),
      fc.dictionary(
        fc.constantFrom('S', '0', '1', '../x', '__proto__'),
        fc.record({ mediaUri: fc.anything() }),
      ),
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...names), values)), (answer) => {
        const recording = readRecording(answer);
        if (recording === undefined) return;
        expect(isSafeId(recording.id)).toBe(true);
        for (const { channel, url } of recording.files) {
          expect(channel).toMatch(/^[A-Za-z0-9_-]{1,32}$/);
          expect(url).not.toBe('');
        }
      }),
    );
  });

  it('the start of the whole recording is its time, also where only a part of it may be seen', () => {
    const [original, start, creation] = [
      '2026-05-20T10:00:00Z',
      '2026-05-20T10:05:00Z',
      '2026-05-20T10:10:00Z',
    ];
    const id = 'r';
    const at = (fields: object) => readRecording({ id, ...fields })?.recordedAt;
    expect(at({ originalRecordingStartTime: original, startTime: start, creationTime: creation })).toBe(
      Date.parse(original),
    );
    expect(at({ startTime: start, creationTime: creation })).toBe(Date.parse(start));
    expect(at({ startTime: null, creationTime: creation })).toBe(Date.parse(creation));
    expect(at({})).toBeUndefined();
  });
});
