import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { MediaItem } from '../../src/ports.ts';
import { archiveServed, wavOf } from './scripted-host.ts';

const LABELS = [undefined, 'audio/wav', 'application/octet-stream', 'text/plain; charset=utf-8', 'text/html'];
const utf16 = (text: string, mark = '\ufeff') => Buffer.from(mark + text, 'utf16le');
const swapped = (bytes: Buffer) => Buffer.from(bytes).swap16();
const PAGE = '<html><head><title>503</title></head><body>Service Unavailable</body></html>';
const ERRORS: readonly (readonly [string, Buffer])[] = [
  ['plain text', Buffer.from('Request has expired. Please request a new link.')],
  ['text that ends in a line feed', Buffer.from('Forbidden\r\n\r\n')],
  ['text behind blanks', Buffer.from(`${' \t\r\n'.repeat(100)}Access denied by policy`)],
  ['text of another script', Buffer.from('アクセスが拒否されました。もう一度お試しください。')],
  [
    'text in an 8-bit code',
    Buffer.from('Zugriff verweigert: der Link f\xfcr die Aufnahme ist ung\xfcltig', 'latin1'),
  ],
  ['text that begins like a recording', Buffer.from('RIFF files are not available for this account')],
  ['text that begins like another one', Buffer.from('ID3 tags and OggS pages cannot be delivered')],
  ['text behind nothing but blanks', Buffer.from(' '.repeat(3000))],
  ['an error in JSON', Buffer.from('{"message":"The link has expired","code":"gone","status":410}')],
  ['JSON behind a byte order mark', Buffer.from('\ufeff\n [{"error": "no such recording"}]')],
  ['guarded JSON', Buffer.from(`)]}',\n{"error":"no such recording"}`)],
  ['a heading', Buffer.from('<h1>503 Service Temporarily Unavailable</h1>')],
  ['a page', Buffer.from(PAGE)],
  ['a page behind 70 line feeds', Buffer.from('\n'.repeat(70) + PAGE)],
  ['a page behind 1,000 blanks', Buffer.from(' '.repeat(1000) + PAGE)],
  ['a page behind comments', Buffer.from(`<!-- a -->\n<!-- ${'b'.repeat(300)} -->\n${PAGE}`)],
  ['a page behind a byte order mark', Buffer.from(`\ufeff\r\n${PAGE}`)],
  ['a page in UTF-16', utf16(PAGE)],
  ['a page in UTF-16, big endian', swapped(utf16(PAGE))],
  ['a page in UTF-16 without a mark', utf16(PAGE, '')],
  ['a page in UTF-16 behind line feeds', utf16('\n'.repeat(200) + PAGE)],
  ['an XML document', Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')],
  ['XML of a name of its own', Buffer.from('<s:Envelope xmlns:s="urn:x"><s:Fault/></s:Envelope>')],
  ['a page that goes on in bytes', Buffer.concat([Buffer.from(PAGE), Buffer.alloc(500, 1)])],
  ['a page behind zeros', Buffer.from(`\0\0\0\r\n${PAGE}`)],
  ['text that ends in a zero', Buffer.from('Request has expired. Please request a new link.\0')],
  ['text with colours', Buffer.from(`\x1b[31mError:\x1b[0m ${'the recording is not available '.repeat(9)}`)],
  [
    'an upload with its signatures',
    Buffer.concat([Buffer.from('10000;chunk-signature=ad80\r\n'), wavOf(900)]),
  ],
  ['a PDF', Buffer.from('%PDF-1.7\n\xe2\xe3\xcf\xd3\n1 0 obj\0\x01', 'latin1')],
  ['an image', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')],
  ['an image in a container of films', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
  ['another one', Buffer.from('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf', 'latin1')],
  ['a TIFF image', Buffer.from('II\x2a\0\x08\0\0\0\x0b\0\x80\x9c', 'latin1')],
  ['a BMP image', Buffer.from('BM\x46\x0b\0\0\0\0\0\0\x36\0\0\0\x9c', 'latin1')],
  [
    'an icon',
    Buffer.concat([
      Buffer.from('00000100010010100000010020006804000016000000', 'hex'),
      Buffer.alloc(900, 0x9c),
    ]),
  ],
  ['a tape archive', Buffer.from(`${'a.wav'.padEnd(257, '\0')}ustar\x0000${'\0\x9c'.repeat(120)}`, 'latin1')],
  ['an LZ4 frame', Buffer.from(`\x04\x22\x4d\x18\x64\x40\xa7${'\x9c'.repeat(40)}`, 'latin1')],
  ['a WebAssembly module', Buffer.from('\0asm\x01\0\0\0\x01\x9c\x80\x80', 'latin1')],
  ['a compressed page', gzipSync(PAGE)],
  ['a ZIP archive', Buffer.from(`PK\x03\x04\x14\0${'\0'.repeat(80)}`, 'latin1')],
];

describe('what is no recording', () => {
  it.each(ERRORS)('%s is refused under any content type, however it ends', async (_, body) => {
    for (const [at, type] of LABELS.entries()) {
      const end = at % 2 === 0 ? 'length' : 'close';
      expect(await archiveServed([{ body, type, end }])).toMatchObject({ code: 'MEDIA_NOT_AUDIO' });
    }
  });

  it('is refused without a word of it in the message', async () => {
    const body = Buffer.from('the caller +49 30 1234567 is not available');
    const { message } = await archiveServed([{ body, type: 'audio/wav', end: 'length' }]);
    expect(message).toBe('the media host sent text, not a recording');
  });

  it('is data without a header where the type names a format that has one', async () => {
    const body = Buffer.alloc(5000, 0x81);
    for (const type of ['audio/wav', 'audio/x-wav', 'audio/ogg', 'video/webm', 'text/plain']) {
      expect(await archiveServed([{ body, type, end: 'length' }])).toMatchObject({ code: 'MEDIA_NOT_AUDIO' });
    }
  });
});

const padded = (text: string) => Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(3000, 0x9c)]);
const RECORDINGS: readonly (readonly [string, Buffer])[] = [
  ['WAV', wavOf(3000)],
  ['big-endian WAV', padded('RIFX\0\0\x0b\xb8WAVE')],
  ['Wave64', padded('riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb')],
  ['WebM', padded('\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01')],
  ['Ogg', padded('OggS\0\x02')],
  ['MP3 with a tag', padded('ID3\x04\0\0')],
  ['MP3', padded('\xff\xfb\x90\xc4')],
  ['MP3 of MPEG 2.5', padded('\xff\xe3\x18\xc4')],
  ['AAC', padded('\xff\xf1\x50\x80')],
  ['MP4', padded('\0\0\0\x18ftypM4A ')],
  ['3GP', padded('\0\0\0\x1cftyp3gp4')],
  ['FLAC', padded('fLaC\0\0\0\x22')],
  ['AMR', padded('#!AMR\n\x3c')],
  ['Sun audio', padded('.snd\0\0\0\x18')],
  ['AIFF', padded('FORM\0\0\x0b\xb8AIFF')],
  ['CAF', padded('caff\0\x01\0\0')],
  ['WMA', padded('\x30\x26\xb2\x75\x8e\x66\xcf\x11')],
  ['Creative Voice', padded('Creative Voice File\x1a')],
  [
    'SPHERE',
    Buffer.concat([Buffer.from('NIST_1A\n   1024\nsample_count -i 3000\nend_head\n'.padEnd(1024)), wavOf(9)]),
  ],
];

describe('a recording', () => {
  it.each(RECORDINGS)('%s is told by its bytes, though its type says text or nothing', async (_, body) => {
    for (const type of [...LABELS, 'application/json', 'application/xml', 'binary/octet-stream']) {
      expect(await archiveServed([{ body, type, end: 'length' }])).toMatchObject({
        archived: { contentLength: body.length },
      });
    }
  });

  it.each([
    ['A-law silence', Buffer.alloc(3000, 0x55)],
    ['µ-law silence', Buffer.alloc(3000, 0xff)],
    ['linear silence', Buffer.alloc(3000)],
    ['linear sound that begins quietly', Buffer.from('000001000100ffff02000100'.repeat(300), 'hex')],
    ['Dialogic ADPCM', Buffer.from('08800880'.repeat(500), 'hex')],
    [
      'µ-law speech',
      Buffer.from(Array.from({ length: 3000 }, (_unused, at) => (at * 89 + (at >> 3)) & 0xff)),
    ],
  ])('without a header is taken where no type denies it: %s', async (_, body) => {
    for (const type of [undefined, 'application/octet-stream', 'audio/basic', 'audio/PCMU']) {
      expect(await archiveServed([{ body, type, end: 'length' }])).toHaveProperty('archived');
    }
  });
});

describe('what the platform announces', () => {
  const announced = (kind: 'call' | 'chat' | 'email', extension: string): Partial<MediaItem> => ({
    file: { kind, extension },
  });
  const EML = Buffer.from('From: a@example.com\r\nSubject: hello\r\n\r\nWhere is my order?\r\n');
  const JSON_TEXT = Buffer.from('[{"from":"customer","body":"Where is my order?"}]');
  const ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

  it.each<[string, Partial<MediaItem>, Buffer, string, string]>([
    ['an e-mail', announced('email', 'eml'), EML, 'message/rfc822', 'archived'],
    ['an e-mail labelled as text', announced('email', 'eml'), EML, 'text/plain', 'archived'],
    ['a transcript', announced('chat', 'json'), JSON_TEXT, 'application/json', 'archived'],
    ['a transcript of a call', announced('call', 'json'), JSON_TEXT, 'application/json', 'archived'],
    ['a chat', announced('chat', 'zip'), ZIP, 'application/zip', 'archived'],
    [
      'a ZIP of media of a new kind',
      { ...announced('call', 'wav'), mediaType: 'hologram' },
      ZIP,
      'application/zip',
      'archived',
    ],
    [
      'a page instead of media of a new kind',
      { ...announced('call', 'wav'), mediaType: 'hologram' },
      Buffer.from(PAGE),
      'audio/wav',
      '',
    ],
    [
      'a ZIP instead of a call',
      { ...announced('call', 'wav'), mediaType: 'audio' },
      ZIP,
      'application/zip',
      '',
    ],
    ['a transcript where a call was asked for', announced('call', 'wav'), JSON_TEXT, 'application/json', ''],
    ['a transcript where nothing was announced', {}, JSON_TEXT, 'application/json', ''],
    ['an e-mail where nothing was announced', {}, EML, 'message/rfc822', ''],
    ['a page instead of a transcript', announced('chat', 'json'), Buffer.from(PAGE), 'application/json', ''],
    ['a page instead of an e-mail', announced('email', 'eml'), Buffer.from(PAGE), 'text/html', ''],
    ['an error instead of an e-mail', announced('email', 'eml'), JSON_TEXT, 'application/json', ''],
    ['text instead of a chat', announced('chat', 'zip'), EML, 'application/zip', ''],
    [
      'bytes instead of a WAV file',
      announced('call', 'wav'),
      Buffer.alloc(900, 0x81),
      'binary/octet-stream',
      '',
    ],
    ['a call in another container', announced('call', 'wav'), padded('OggS\0\x02'), 'audio/wav', 'archived'],
  ])('%s', async (_, item, body, type, expected) => {
    const outcome = await archiveServed([{ body, type, end: 'length' }], item);
    if (expected === '') expect(outcome).toMatchObject({ code: 'MEDIA_NOT_AUDIO' });
    else expect(outcome).toHaveProperty('archived');
  });
});

describe('a content encoding', () => {
  const body = wavOf(3000);
  const served = (encoding: string) =>
    archiveServed([{ body, end: 'length', type: 'audio/wav', headers: { 'content-encoding': encoding } }]);

  it.each([
    '',
    ' ',
    ',',
    'identity',
    'Identity',
    'aws-chunked',
    'AWS-Chunked',
    'aws-chunked,',
    ', aws-chunked',
    'identity, aws-chunked',
    'aws-chunked,identity',
    ' aws-chunked , identity ',
    'aws-chunked,aws-chunked',
    'none',
    'binary',
    'UTF-8',
  ])('that encodes nothing is no hindrance: %j', async (encoding) => {
    expect(await served(encoding)).toHaveProperty('archived');
  });

  it.each([
    'gzip',
    'br',
    'deflate',
    'x-gzip',
    'zstd',
    'aws-chunked, gzip',
    'gzip, aws-chunked',
    'pack200-gzip',
  ])('that may encode something is refused, and named: %s', async (encoding) => {
    const { code, message } = await served(encoding);
    expect({ code, message }).toEqual({
      code: 'MEDIA_NOT_AUDIO',
      message: `the media host answered 200 with a body in the encoding ${encoding.replace(/, aws-chunked|aws-chunked, /, '')}, not a recording`,
    });
  });
});
