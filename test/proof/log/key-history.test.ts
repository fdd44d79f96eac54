import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { findKeyChange, readCurrentVkey, readLogFile } from '../../../src/proof/log/key-history.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { formatRecord, type LogFile } from '../../../src/proof/formats/records.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, DAY } from '../archive-fixture.ts';
import { LOG_SIGNER, ORIGIN, placeIn, signerFrom } from '../log-fixture.ts';

const NEXT = createLogSigner(ORIGIN, signerFrom('the next key'));
const THIRD = createLogSigner(ORIGIN, signerFrom('a third key'));
let fixture: ArchiveFixture;
let log: LogFile;
/** Sizes of the log after each of its seals. */
let sizes: number[];

/** A log of three seals: with the first key, with the next one, and with a third. */
beforeEach(async () => {
  fixture = new ArchiveFixture();
  await fixture.init();
  sizes = [];
  for (const signers of [[LOG_SIGNER], [NEXT, LOG_SIGNER], [THIRD, NEXT]] as const) {
    const day = new Date(fixture.now - DAY).toISOString().slice(0, 10);
    for (let at = 0; at < 11; at += 1) await fixture.archive(`call ${sizes.length} ${at}`, day);
    sizes.push((await sealDays(fixture.ports([...signers]), {}, unlimited)).head.size);
    fixture.now += DAY;
  }
  log = await readLogFile(place(), unlimited);
});

const place = () => placeIn(fixture.store, [THIRD, NEXT, LOG_SIGNER]);
const current = (size: number) => readCurrentVkey(place(), log, size, unlimited);
const keyFiles = () => [...fixture.store.objects.keys()].filter((key) => key.includes('/keys/')).sort();

describe('the key that a log names', () => {
  it('is that of its beginning, and after each change the new one', async () => {
    expect(keyFiles()).toHaveLength(2);
    expect(await Promise.all(sizes.map(current))).toEqual(
      [LOG_SIGNER, NEXT, THIRD].map(({ key }) => key.vkey),
    );
    expect(await current(0)).toBe(LOG_SIGNER.key.vkey);
  });

  it('is not known where the record was changed, exchanged or removed, or stands where no key is logged', async () => {
    const [first = '', second = ''] = keyFiles();
    const kept = fixture.store.bodyOf(first);
    const size = sizes.at(-1) ?? 0;
    const wrong = `${first} is not the change of keys that the log holds`;
    for (const body of [
      fixture.store.bodyOf(second),
      Buffer.from('{}\n'),
      Buffer.concat([kept, Buffer.from(' ')]),
    ]) {
      fixture.store.plant(first, body);
      expect(await failure(current(size))).toMatchObject({ code: 'LOG_MALFORMED', message: wrong });
    }
    fixture.store.plant(first, kept);
    const stray = first.replace(/\d{12}/, '000000000000');
    fixture.store.plant(stray, kept);
    expect(await failure(current(size))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `${stray} is not the change of keys that the log holds`,
    });
    fixture.store.objects.delete(stray);
    // what has no place in its name is no record, and one behind the end of the log is none yet
    fixture.store.plant(first.replace(/\d{12}/, 'notes'), kept);
    fixture.store.plant(`${second}.bak`, kept);
    fixture.store.plant(first.replace(/\d{12}/, String(size).padStart(12, '0')), kept);
    expect(await current(size)).toBe(THIRD.key.vkey);
  });

  it('is not known where a record is gone since it was listed', async () => {
    const [, second = ''] = keyFiles();
    const { store } = fixture;
    const racing = {
      ...store,
      get: (...given: Parameters<typeof store.get>) => {
        if (given[0] === second) store.objects.delete(second);
        return store.get(...given);
      },
    };
    const size = sizes.at(-1) ?? 0;
    expect(await failure(readCurrentVkey({ ...place(), store: racing }, log, size, unlimited))).toMatchObject(
      {
        code: 'LOG_MALFORMED',
        message: `${second} is not the change of keys that the log holds`,
      },
    );
  });
});

describe('a change of keys', () => {
  const change = (
    signers: readonly [typeof NEXT, ...(typeof NEXT)[]],
    given: Partial<{ unvouched: boolean; log: LogFile }> = {},
  ) =>
    findKeyChange(
      { ...place(), signers },
      {
        log,
        current: LOG_SIGNER.key.vkey,
        now: Date.parse('2026-03-09T23:59:59.999Z'),
        unvouched: false,
        ...given,
      },
    );

  it('is none while the first signer is the key that the log names, also where another one signs beside it', () => {
    expect(change([LOG_SIGNER])).toBeUndefined();
    expect(change([LOG_SIGNER, NEXT])).toBeUndefined();
  });

  it('is vouched for by the key before, or the recovery key, and says what takes the place of what, and when', () => {
    const made = change([NEXT, LOG_SIGNER]);
    const file = formatRecord({
      schema: 'genesys-media-archive/log-key/v1',
      organization: place().organization,
      vkey: NEXT.key.vkey,
      replaces: LOG_SIGNER.key.vkey,
      at: '2026-03-09T23:59:59.999Z',
    });
    expect(made).toEqual({ entry: { kind: 'key', day: '2026-03-09', sha256: sha256Hex(file) }, file });
    const recovering = { ...log, recoveryVkey: THIRD.key.vkey };
    expect(change([NEXT, THIRD], { log: recovering })).toEqual(made);
  });

  it('without either is refused, unless it is asked for', () => {
    for (const signers of [[NEXT], [NEXT, THIRD]] as const) {
      expect(() => change([...signers])).toThrow('is not the key that its log names');
      expect(change([...signers], { unvouched: true })).toBeDefined();
    }
    try {
      change([NEXT]);
    } catch (error) {
      expect(error).toMatchObject({ code: 'LOG_KEY_UNKNOWN' });
      expect(String((error as { hint?: string }).hint)).toMatch(
        /second of ARCHIVE_PROOF_KEY_FILE.*--unvouched-key/,
      );
    }
  });
});

describe('where a log began', () => {
  it('is read of this log alone', async () => {
    expect(log).toMatchObject({ origin: ORIGIN, vkey: LOG_SIGNER.key.vkey, first: '2026-03-02' });
    for (const other of [{ origin: 'another.example.com/log' }, { organization: 'another' }] as {
      origin?: string;
    }[]) {
      const error = await failure(readLogFile({ ...place(), ...other }, unlimited));
      expect([error.code, error.message, error.hint]).toEqual([
        'CONFIG_INVALID',
        `the log here is ${ORIGIN}, and not ${other.origin ?? ORIGIN}`,
        'the origin of a log never changes: set ARCHIVE_PROOF_ORIGIN as it was when the log was begun',
      ]);
    }
    const { keys } = place();
    fixture.store.plant(keys.log, 'nothing');
    expect(await failure(readLogFile(place(), unlimited))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `${keys.log} is no record of a log`,
    });
    fixture.store.objects.delete(keys.log);
    expect(await failure(readLogFile(place(), unlimited))).toMatchObject({
      code: 'LOG_MISSING',
      message: `there is no ${keys.log} in plain:`,
    });
  });
});

describe('the signer of a log', () => {
  it('is not the key that signs receipts: what archives must not be able to seal', async () => {
    const signer = signerFrom('signs both');
    expect(() => createLogSigner(ORIGIN, signer, [NEXT.key.publicKey, signer.publicKey])).toThrow(
      'the key of the log is also the key that signs receipts',
    );
    const made = createLogSigner(ORIGIN, signer, [NEXT.key.publicKey]);
    expect(await made.sign(Buffer.from('text'), unlimited)).toEqual(
      await signer.sign(Buffer.from('text'), unlimited),
    );
    try {
      createLogSigner(ORIGIN, signer, [signer.publicKey]);
    } catch (error) {
      expect(error).toMatchObject({
        code: 'CONFIG_INVALID',
        hint: 'make the log a key of its own (docs/keys.md, "The key of the log"): what archives must not be able to seal',
      });
    }
  });
});
