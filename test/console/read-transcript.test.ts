import { describe, expect, it } from 'vitest';
import { readTranscript } from '../../src/console/read-transcript.ts';

const phrase = (startTimeMs: number, text: string, more: object = {}) => ({
  text,
  startTimeMs,
  duration: { milliseconds: 1_500 },
  participantPurpose: 'internal',
  ...more,
});
const fileOf = (phrases: readonly unknown[], more: object = {}) => ({
  startTime: 1_700_000_000_000,
  transcripts: [{ language: 'de-de', phrases }],
  ...more,
});

describe('a transcript of the platform', () => {
  it('becomes turns in seconds of the recording, in their order, whether times are absolute or not', () => {
    expect(
      readTranscript(
        fileOf([
          phrase(1_700_000_004_000, 'Twelve.', { participantPurpose: 'external', decoratedText: '12.' }),
          phrase(1_700_000_001_000, 'How many?', { confidence: 0.9 }),
        ]),
      ),
    ).toEqual({
      language: 'de-de',
      turns: [
        { channel: 'internal', start: 1, end: 2.5, text: 'How many?', confidence: 0.9 },
        { channel: 'external', start: 4, end: 5.5, text: '12.' },
      ],
    });
    const relative = readTranscript(fileOf([phrase(2_000, 'Yes.')], { startTime: '2026-03-05T08:00:00Z' }));
    expect(relative?.turns).toMatchObject([{ start: 2, end: 3.5 }]);
  });

  it('loses a phrase that is malformed, and not the others; what is no transcript is none', () => {
    expect(readTranscript(fileOf([{ text: 7 }, phrase(1, 'ok')]))?.turns).toHaveLength(1);
    expect(readTranscript({})).toBeUndefined();
    expect(readTranscript(undefined)).toBeUndefined();
  });
});
