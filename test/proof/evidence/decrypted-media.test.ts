import { describe, expect, it } from 'vitest';
import { extensionOf } from '../../../src/proof/evidence/decrypted-media.ts';

const extension = (contentType: string | undefined, stated?: string, source: object | undefined = {}) =>
  extensionOf({
    stat: { contentType },
    receipt: source && { source: stated === undefined ? source : { contentType: stated } },
  } as never);

describe('the ending of a decrypted recording', () => {
  it.each([
    ['wav', 'audio/wav', undefined],
    ['wav', ' Audio/X-WAV ; codecs=1', undefined],
    ['mp3', 'audio/ogg', 'audio/mpeg'],
    ['mp3', 'audio/ogg', ' Audio/MPEG ;a=b'],
    ['ogg', 'audio/ogg', 'application/octet-stream'],
    ['bin', 'application/octet-stream', undefined],
    ['bin', undefined, undefined],
    ['webm', undefined, 'video/webm'],
  ])('is %s of an object of type %j whose media host stated %j', (ending, type, stated) => {
    expect(extension(type, stated)).toBe(ending);
  });

  it('is that of the object where no receipt, or no source, says more', () => {
    expect(extensionOf({ stat: { contentType: 'audio/ogg' } } as never)).toBe('ogg');
    expect(extensionOf({ stat: { contentType: 'audio/ogg' }, receipt: {} } as never)).toBe('ogg');
  });
});
