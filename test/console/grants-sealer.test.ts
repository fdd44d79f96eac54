import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGrantsSealer, newGrantId, type SealedGrant } from '../../src/console/grants-sealer.ts';
import { openText, sealText } from '../../src/console/session.ts';

const key = randomBytes(32);
const grants = createGrantsSealer(key);
const session = { id: '0123456789abcdef' };
const listen: SealedGrant<'listen'> = {
  id: newGrantId(),
  session: session.id,
  archive: null,
  from: 1_000,
  until: 2_000,
  recording: 'r-1',
  key: 'archive/r-1',
  contentType: 'audio/wav',
};
const at = { session, now: 1_500 };

describe('a sealed grant', () => {
  it('is opened as it was sealed, until it is over, in its session', () => {
    const sealed = grants.seal('listen', listen);
    expect(grants.open('listen', sealed, at)).toEqual(listen);
    expect(createGrantsSealer(key).open('listen', sealed, at)).toEqual(listen);
    expect(grants.open('listen', sealed, { ...at, now: listen.until })).toBeUndefined();
    expect(grants.open('listen', sealed, { ...at, session: { id: 'fedcba9876543210' } })).toBeUndefined();
  });

  it('is opened with no other key, for no other kind, and is no session', () => {
    const sealed = grants.seal('listen', listen);
    expect(createGrantsSealer(randomBytes(32)).open('listen', sealed, at)).toBeUndefined();
    expect(grants.open('evidence', sealed, at)).toBeUndefined();
    expect(openText(key, sealed)).toBeUndefined();
    // what the key of the sessions seals is no grant either, with the same content
    const forged = sealText(key, JSON.stringify(listen), 'listen');
    expect(grants.open('listen', forged, at)).toBeUndefined();
  });

  it('shows nothing of the recording', () => {
    const text = Buffer.from(grants.seal('listen', listen), 'base64url').toString('latin1');
    for (const secret of [listen.recording, listen.key, session.id]) expect(text).not.toContain(secret);
  });

  it('is not opened once anything of it was changed, cut, or put together of two', () => {
    const one = Buffer.from(grants.seal('listen', listen), 'base64url');
    const other = Buffer.from(grants.seal('listen', { ...listen, recording: 'r-2' }), 'base64url');
    const changed = fc.oneof(
      fc.tuple(fc.nat(one.length - 1), fc.integer({ min: 1, max: 255 })).map(([place, mask]) => {
        const copy = Buffer.from(one);
        copy.writeUInt8(copy.readUInt8(place) ^ mask, place);
        return copy;
      }),
      fc.nat(one.length - 1).map((length) => one.subarray(0, length)),
      fc
        .integer({ min: 1, max: one.length - 1 })
        .map((place) => Buffer.concat([one.subarray(0, place), other.subarray(place)])),
      fc.uint8Array({ maxLength: 400 }),
    );
    fc.assert(
      fc.property(changed, (bytes) => {
        const value = Buffer.from(bytes).toString('base64url');
        expect(grants.open('listen', value, at)).toBeUndefined();
      }),
    );
    for (const value of ['', '.', '../..', 'a'.repeat(100_000)])
      expect(grants.open('listen', value, at)).toBeUndefined();
  });
});
