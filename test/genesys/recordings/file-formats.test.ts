import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  extensionOf,
  extensionOfType,
  formatQuery,
  kindOf,
} from '../../../src/genesys/recordings/file-formats.ts';
import { AUDIO_FORMATS, RECORDING_KINDS } from '../../../src/recording/facts.ts';

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

describe('extensions', () => {
  it('are those of the formats that are asked for', () => {
    expect(AUDIO_FORMATS.map((format) => extensionOf('call', format))).toEqual([
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
