import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { initLog } from '../../src/proof/init-log.ts';
import { failure } from '../failure.ts';
import { LOG_SIGNER, ORGANIZATION, ORIGIN, placeIn, signerFrom } from './log-fixture.ts';
import { createLogSigner } from '../../src/proof/log/signer.ts';
import { plainStore } from './plain-store.ts';

const { vkey } = LOG_SIGNER.key;
const beginning = { first: '2026-03-02', vkey, now: Date.parse('2026-03-03T03:00:00Z') };

describe('a log that is begun', () => {
  it('says once and for all where it began, with which key, and which key may vouch for another', async () => {
    const store = plainStore();
    const recoveryVkey = createLogSigner(ORIGIN, signerFrom('kept offline')).key.vkey;
    const made = await initLog(placeIn(store), { ...beginning, recoveryVkey }, unlimited);
    expect(made).toEqual({
      isNew: true,
      log: {
        schema: 'genesys-media-archive/log/v1',
        organization: ORGANIZATION,
        origin: ORIGIN,
        first: '2026-03-02',
        vkey,
        recoveryVkey,
        created: '2026-03-03T03:00:00.000Z',
      },
    });
    const again = await initLog(placeIn(store), { ...beginning, first: '2026-01-01' }, unlimited);
    expect(again).toEqual({ isNew: false, log: made.log });
  });

  it('needs a name that a log can have, and a recovery key of its own name', async () => {
    const store = plainStore();
    for (const origin of [
      'https://example.com/log',
      'with space',
      'with+plus',
      '',
      'genesys-media-archive/x',
    ]) {
      const error = await failure(initLog({ ...placeIn(store), origin }, beginning, unlimited));
      expect([origin, error.code, error.message]).toEqual([
        origin,
        'CONFIG_INVALID',
        'ARCHIVE_PROOF_ORIGIN is not a name that a log can have',
      ]);
      expect(error.hint).toContain('recordings.example.com/proof/ORGANIZATION');
    }
    const strange = createLogSigner('another.example.com/log', signerFrom('kept offline')).key.vkey;
    for (const recoveryVkey of [strange, 'no key', '']) {
      const error = await failure(initLog(placeIn(store), { ...beginning, recoveryVkey }, unlimited));
      expect([error.code, error.message]).toEqual([
        'CONFIG_INVALID',
        'the recovery key is no public key of this log',
      ]);
      expect(error.hint).toContain('kept offline');
    }
    expect([...store.objects.keys()]).toEqual([]);
  });
});
