import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../../src/genesys/recordings/answers.ts';
import {
  extensionOf,
  extensionOfType,
  formatQuery,
  kindOf,
  MAX_WAIT_MS,
  triage,
  waitForAppearance,
  waitForTranscoding,
} from '../../../src/genesys/recordings/policy.ts';
import { RECORDING_KINDS } from '../../../src/recording/facts.ts';
import { isSafeId } from '../../../src/recording/id.ts';

describe('kinds', () => {
  it.each([
    ['audio', 'Trunk', 'call'],
    ['audio', undefined, 'call'],
    ['audio', 'Screen', 'screen'],
    ['SCREEN', undefined, 'screen'],
    ['chat', undefined, 'chat'],
    ['email', undefined, 'email'],
    ['message', undefined, 'message'],
    ['messaging', undefined, 'message'],
    ['hologram', undefined, 'call'],
    [undefined, undefined, 'call'],
  ])('%s %s is %s', (media, subtype, kind) => {
    expect(kindOf(media, subtype)).toBe(kind);
  });

  it('only audio has a choice of formats', () => {
    const formats = RECORDING_KINDS.map((kind) => formatQuery(kind, 'OGG_OPUS')['formatId']);
    expect(formats).toEqual(['OGG_OPUS', 'WEBM', 'OGG_OPUS', 'OGG_OPUS', 'OGG_OPUS']);
  });
});

describe('states', () => {
  it.each([
    ['UPLOADING', 'wait'],
    ['RESTORING', 'wait'],
    ['ARCHIVED', 'restore'],
    ['DELETED', 'deleted'],
    ['ERROR', 'error'],
    ['AVAILABLE', 'fetch'],
    ['RESTORED', 'fetch'],
    ['SOMETHING_NEW', 'fetch'],
    [undefined, 'fetch'],
  ])('%s: %s', (state, what) => {
    expect(triage(state)).toBe(what);
  });
});

describe('waits', () => {
  it('are never longer than a queue can delay, never shorter than a minute, and grow with the age', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (one, other) => {
        const [young, old] = [Math.min(one, other), Math.max(one, other)];
        expect(waitForAppearance(young)).toBeLessThanOrEqual(waitForAppearance(old));
        expect(waitForAppearance(young)).toBeGreaterThanOrEqual(60_000);
        expect(waitForAppearance(old)).toBeLessThanOrEqual(MAX_WAIT_MS);
      }),
    );
  });

  it('for a file go by the platform’s estimate where there is one', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: false }), fc.integer({ min: 1, max: 100 }), (estimate, looks) => {
        const wait = waitForTranscoding(estimate, looks);
        expect(wait).toBeGreaterThanOrEqual(1000);
        expect(wait).toBeLessThanOrEqual(MAX_WAIT_MS);
        if (estimate >= 1000 && estimate <= MAX_WAIT_MS) expect(wait).toBeGreaterThanOrEqual(estimate);
      }),
    );
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((looks) => waitForTranscoding(undefined, looks) / 1000)).toEqual([
      5, 5, 10, 15, 30, 30, 60, 60,
    ]);
  });
});

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

describe('extensions', () => {
  it('are those of the formats that are asked for', () => {
    const formats = ['WAV', 'WAV_ULAW', 'WEBM', 'OGG_OPUS', 'OGG_VORBIS', 'MP3'] as const;
    expect(formats.map((format) => extensionOf('call', format))).toEqual([
      'wav',
      'wav',
      'webm',
      'opus',
      'ogg',
      'mp3',
    ]);
    expect(RECORDING_KINDS.map((kind) => extensionOf(kind, 'WAV'))).toEqual([
      'wav',
      'webm',
      'zip',
      'eml',
      'zip',
    ]);
  });

  it.each([
    ['audio/wav', 'wav'],
    ['audio/x-wav', 'wav'],
    ['Audio/WAVE; codecs=1', 'wav'],
    ['audio/vnd.wave', 'wav'],
    ['audio/mpeg', 'mp3'],
    ['audio/ogg', 'ogg'],
    ['audio/opus', 'opus'],
    ['video/webm', 'webm'],
    ['application/zip', 'zip'],
    ['application/json', 'json'],
    ['message/rfc822', 'eml'],
    ['application/octet-stream', 'bin'],
    ['application/vnd.ms-excel', 'bin'],
    ['audio/../../x', 'bin'],
    ['wav', 'bin'],
    ['', 'bin'],
    [undefined, 'bin'],
  ])('a file of type %s ends in .%s', (type, extension) => {
    expect(extensionOfType(type)).toBe(extension);
  });

  it('are always fit for a key', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__')), (type) => {
        for (const whole of [type, `audio/${type}`])
          expect(extensionOfType(whole)).toMatch(/^[a-z0-9]{1,8}$/);
      }),
    );
  });
});
