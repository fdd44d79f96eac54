import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extensionFor, FileNames, sniffExtension } from '../../../src/cli/restore/file-names.ts';
import { placeIn } from '../../../src/cli/restore/directory.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';

const names = () => new FileNames(DATE_LAYOUT);

describe('names of restored files', () => {
  it('have id and channel in them', () => {
    const book = names();
    expect(book.claim('archive/2026/05/20/abc.enc')).toBe('abc');
    expect(book.claim('archive/2026/05/20/abc.1.enc')).toBe('abc.1');
    expect(book.claim('archive/2026/05/20/a=2Eb.left.enc')).toBe('a.b.left');
    expect(book.claim('context/2026/05/20/abc.json.enc')).toBe('abc.context');
  });

  it('differ for objects of other days, in letter case only, and of no layout', () => {
    const book = names();
    const keys = [
      'archive/2026/05/20/abc.enc',
      'archive/2026/05/21/abc.enc',
      'archive/2026/05/21/ABC.enc',
      'archive/2026/05/21/DEF.enc',
      'archive/2026/05/21/def.enc',
      'elsewhere/abc.enc',
      'elsewhere/2/abc.enc',
      'elsewhere/a.b.enc',
      'elsewhere/a_b.enc',
      'elsewhere/a b.enc',
    ];
    const given = keys.map((key) => book.claim(key));
    expect(given.slice(0, 2)).toEqual(['abc', 'abc.2026-05-21']);
    expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(keys.length);
  });

  it('lie within the directory, and are no hidden files, options or devices, for any key', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 300 });
    const parts = fc.constantFrom('..', '.', '/', '\\', '-rf', 'con', '\0', '\n', '~', 'archive/', '.enc');
    const keys = fc.oneof(
      hostile,
      fc.array(fc.oneof(parts, hostile), { maxLength: 6 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 8 }), (all) => {
        const book = names();
        const given = all.map((key) => book.claim(key));
        expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(all.length);
        for (const name of given) {
          expect(name).toMatch(/^[A-Za-z0-9_=][A-Za-z0-9._=-]{0,239}$/);
          expect(name).not.toMatch(/^(?:con|nul|aux|prn)(?:\.|$)/i);
          expect(path.dirname(placeIn('/out', `${name}.wav`))).toBe('/out');
        }
      }),
    );
  });

  it.each(['../x', 'a/b', '..', '.', '', '/etc/passwd'])('a file named %j is written nowhere', (name) => {
    expect(() => placeIn('/out', name)).toThrow('is not the name of a file');
  });
});

describe('the extension of a restored file', () => {
  it.each([
    ['audio/wav', 'wav'],
    ['audio/x-wav', 'wav'],
    ['Audio/WAV; codecs=1', 'wav'],
    ['audio/ogg; codecs=opus', 'ogg'],
    ['audio/opus', 'opus'],
    ['audio/mpeg', 'mp3'],
    ['audio/webm', 'webm'],
    ['video/webm', 'webm'],
    ['video/mp4', 'mp4'],
    ['application/json', 'json'],
    ['application/json;charset=UTF-8', 'json'],
    ['application/vnd.genesys.transcript+json', 'json'],
    ['application/zip', 'zip'],
    ['message/rfc822', 'eml'],
  ])('is that of %s', (type, extension) => {
    expect(extensionFor(type, 'archive/2026/05/20/a.enc')).toBe(extension);
  });

  it('is that of the key where the layout writes one, and the receipt does not say', () => {
    const key = 'org/year=2026/month=5/day=20/hour=1/conversation_id=c/a.opus';
    expect(extensionFor('application/octet-stream', key)).toBe('opus');
    expect(extensionFor(undefined, key)).toBe('opus');
    expect(extensionFor('audio/wav', key)).toBe('wav');
  });

  it.each([
    'application/x-msdownload',
    'application/hta',
    'text/html',
    'application/exe',
    '../../x',
    'audio/exe',
  ])('is never chosen by a host that says %s', (type) => {
    expect(extensionFor(type, 'archive/2026/05/20/a.exe.enc')).toBeUndefined();
  });

  it.each([
    ['RIFF\x24\0\0\0WAVEfmt ', 'wav'],
    [`OggS${'\0'.repeat(24)}OpusHead`, 'opus'],
    [`OggS${'\0'.repeat(24)}\x01vorbis`, 'ogg'],
    ['\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm', 'webm'],
    ['\0\0\0\x18ftypisom', 'mp4'],
    ['ID3\x04\0', 'mp3'],
    ['\xff\xfb\x90\x64', 'mp3'],
    ['PK\x03\x04', 'zip'],
    ['{"transcripts":[]}', 'json'],
    [' [\n {"a":1}]', 'json'],
    ['\x80\x81\x82\x83', undefined],
    ['', undefined],
  ])('without a receipt is told by the first bytes %j', (head, extension) => {
    expect(sniffExtension(Buffer.from(head, 'latin1'))).toBe(extension);
  });
});
