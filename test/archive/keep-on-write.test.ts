import { afterEach, describe, expect, it } from 'vitest';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { KeepOnWrite } from '../../src/ports.ts';
import type { RetentionAtWrite } from '../../src/record/keep-on-write.ts';
import { DAY_MS } from '../../src/recording/time.ts';
import { OCCURRED, setUpArchive } from './set-up.ts';

describe('archiving with retention', () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(() => close?.());

  async function archive(retention: RetentionAtWrite | undefined) {
    const set = await setUpArchive();
    close = set.close;
    const writes: (readonly [key: string, keep: KeepOnWrite | undefined])[] = [];
    const store: typeof set.store = {
      ...set.store,
      put: (key, body, options, budget) => {
        writes.push([key.split('/')[0] ?? '', options.keep]);
        return set.store.put(key, body, options, budget);
      },
    };
    const clock = { ...set.clock, now: () => OCCURRED + DAY_MS };
    await archiveRequest({ ...set.ports, store, clock, retention }, set.request, unlimited);
    return writes;
  }

  it('says it with the write of the recording, from the time of the recording, and with no other write', async () => {
    expect(await archive({ by: 'compliance', days: { audio: 30 } })).toEqual([
      ['archive', { lock: 'compliance', until: OCCURRED + 30 * DAY_MS }],
      ['receipts', undefined],
      ['links', undefined],
    ]);
  });

  it('writes as ever where no rule is for the medium, or none at all', async () => {
    const none = [
      ['archive', undefined],
      ['receipts', undefined],
      ['links', undefined],
    ];
    expect(await archive({ by: 'tags', days: { video: 30 } })).toEqual(none);
    await close?.();
    expect(await archive(undefined)).toEqual(none);
  });

  it('is configured in the form that the rules are printed in, and in no other', () => {
    const env = {
      GENESYS_ENVIRONMENT: 'mypurecloud.com',
      GENESYS_CLIENT_ID: 'client',
      GENESYS_CLIENT_SECRET: 'client-secret-of-some-length',
      ENCRYPTION_KEY_HEX: '0'.repeat(63) + '1',
    };
    const read = (text: string) =>
      loadConfig({ env: { ...env, ARCHIVE_RETENTION_AT_WRITE: text } }, 'archive').retentionAtWrite;
    expect(read('governance audio=30 other=5')).toEqual({ by: 'governance', days: { audio: 30, other: 5 } });
    for (const wrong of [
      'audio=30',
      'legal audio=30',
      'tags',
      'tags audio=0',
      'tags audio=30 ',
      'tags call=3',
      'tags audio=3 video=5 audio=4',
    ])
      expect(() => read(wrong)).toThrow('ARCHIVE_RETENTION_AT_WRITE');
  });
});
