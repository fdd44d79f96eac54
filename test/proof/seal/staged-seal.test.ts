import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import type { Statement } from '../../../src/proof/formats/statement.ts';
import {
  formatRecord,
  parseSealFile,
  type SealFile,
  sealText,
  type UnsignedSeal,
} from '../../../src/proof/formats/records.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { findHead } from '../../../src/proof/log/head.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { readStagedSeal, stageSeal, type StatementPlace } from '../../../src/proof/seal/staged-seal.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { dayAt, LOG_SIGNER, ORGANIZATION, ORIGIN, placeIn, sealingDays, signerFrom } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';
import { aStatement } from '../statement-fixture.ts';

const { keys } = placeIn(plainStore());
let store: PlainStore;
let staged: UnsignedSeal;

/** A log of four entries, and the seal of the next five, which is staged and no more. */
beforeEach(async () => {
  const whole = plainStore();
  await sealLog(placeIn(whole), sealingDays([3, 4]), unlimited);
  store = plainStore();
  await sealLog(placeIn(store), sealingDays([3]), unlimited);
  store.plant(keys.seal(4), whole.bodyOf(keys.seal(4)));
  const parsed = parseSealFile(gunzipSync(store.bodyOf(keys.seal(4))).toString());
  if (parsed === undefined) throw new Error('no staged seal');
  const { signature: _, ...unsigned } = parsed;
  staged = unsigned;
});

/** Signs what the key of the log, stolen or mistaken, would stage. */
async function plant(seal: UnsignedSeal, signer = LOG_SIGNER): Promise<void> {
  const value = Buffer.from(await signer.sign(Buffer.from(sealText(seal)), unlimited)).toString('base64');
  const signature: SealFile['signature'] = { id: signer.key.id, value };
  store.plant(keys.seal(4), gzipSync(formatRecord({ ...seal, signature })));
}

const read = () => readStagedSeal(placeIn(store), 4, unlimited);
const FORGED = (what: string) => ({ code: 'SEAL_FORGED', message: `${keys.seal(4)} ${what}` });

describe('a staged seal', () => {
  it('is read as it was staged, or is not there', async () => {
    const seal = await read();
    expect(seal).toEqual({
      from: 4,
      to: 9,
      root: Buffer.from(staged.root, 'base64'),
      entries: staged.entries.map((entry) => Buffer.from(`${entry}\n`)),
      objects: staged.objects,
    });
    expect(await readStagedSeal(placeIn(store), 9, unlimited)).toBeUndefined();
  });

  it('that is none, in its one spelling, packed as one, is forged', async () => {
    const text = gunzipSync(store.bodyOf(keys.seal(4))).toString();
    for (const body of [Buffer.from(text), gzipSync(`${text} `), gzipSync(''), gzipSync('{}'), Buffer.of()]) {
      store.plant(keys.seal(4), body);
      expect(await failure(read())).toMatchObject(FORGED('is no staged seal'));
    }
  });

  it('of another key, or changed after it was signed, is forged', async () => {
    await plant(staged, createLogSigner(ORIGIN, signerFrom('a stranger')));
    expect(await failure(read())).toMatchObject(FORGED('is not signed with the key of the log'));
    await plant(staged);
    const text = gunzipSync(store.bodyOf(keys.seal(4))).toString();
    store.plant(keys.seal(4), gzipSync(text.replace('archived', 'adopted')));
    expect(await failure(read())).toMatchObject(FORGED('is not signed with the key of the log'));
  });

  it.each([
    ['begins elsewhere', { from: 5 }],
    ['ends elsewhere', { to: 10 }],
    ['is of another organization', { organization: 'another' }],
    ['has an entry that is none', { entries: ['archived 2026-03-02 none'] }],
  ] as const)('of the real key that %s does not continue the log', async (_what, change) => {
    const entries =
      'entries' in change ? [...staged.entries.slice(0, -1), ...change.entries] : staged.entries;
    await plant({ ...staged, ...change, entries });
    expect(await failure(read())).toMatchObject(FORGED('does not continue the log'));
  });

  it('of another log, with a key of the same bytes, is none of this one', async () => {
    const other = createLogSigner('another.example.com/log', signerFrom('test vector, never use'));
    await plant({ ...staged, origin: 'another.example.com/log' }, other);
    const place = { ...placeIn(store), trusted: [LOG_SIGNER.key, other.key] };
    expect(await failure(readStagedSeal(place, 4, unlimited))).toMatchObject(
      FORGED('does not continue the log'),
    );
  });

  it('holds no object but the statements and changes of keys that its own entries name', async () => {
    const [object] = staged.objects;
    if (object === undefined) throw new Error('no statement is staged');
    const { key, text } = object;
    const [, sha256 = ''] = /([0-9a-f]{64})$/.exec(staged.entries.at(-1) ?? '') ?? [];
    expect(sha256).toBe(sha256Hex(text));
    for (const objects of [
      [{ key, text: `${text} ` }],
      [object, { key: 'checkpoint', text }],
      [object, { key: `x/${key}`, text }],
      [object, { key: `${key}.bak`, text }],
      // of a place that is not in this seal
      [{ key: key.replace('000000000008', '000000000003'), text }],
      [{ key: key.replace('000000000008', '000000000009'), text }],
      // of an entry that is no statement, or none of that day
      [{ key: key.replace('000000000008', '000000000004'), text }],
      [{ key: key.replace(/\d{4}\/\d{2}\/\d{2}/, '2026/03/09'), text }],
      [{ key: 'keys/000000000008.json', text }],
    ]) {
      await plant({ ...staged, objects });
      expect(await failure(read())).toMatchObject(FORGED('holds an object that its entries do not name'));
    }
    // a receipt that an entry names is no statement, under whichever name
    const receipt = '{"hello":"receipt"}\n';
    const entries = [`archived ${dayAt(1)} ${sha256Hex(receipt)}`, ...staged.entries.slice(1)];
    for (const name of [`days/${dayAt(1).replaceAll('-', '/')}`, 'keys']) {
      await plant({ ...staged, entries, objects: [{ key: `${name}/000000000004.json`, text: receipt }] });
      expect(await failure(read())).toMatchObject(FORGED('holds an object that its entries do not name'));
    }
  });
});

describe('a seal that is staged', () => {
  const stage = async (statement: (place: StatementPlace) => Statement, keyFiles: readonly string[] = []) => {
    store.objects.delete(keys.seal(4));
    const head = await findHead(placeIn(store), unlimited);
    const draft = {
      entries: keyFiles.map((text) => ({ kind: 'key', day: dayAt(1), sha256: sha256Hex(text) }) as const),
      keyFiles,
      statements: [statement],
    };
    return stageSeal(
      { ...placeIn(store), signer: LOG_SIGNER },
      { head, previous: undefined, draft },
      unlimited,
    );
  };
  const fit = ({ previous, ...log }: StatementPlace): Statement =>
    aStatement({
      organization: ORGANIZATION,
      day: dayAt(1),
      log: { ...log, origin: ORIGIN, first: dayAt(0), through: dayAt(1) },
      ...(previous === undefined ? {} : { previous }),
    });

  it('decides once: where one is there, the second is not stored', async () => {
    expect(await stage(fit)).toBe('stored');
    const head = await findHead(placeIn(store), unlimited);
    const draft = { entries: [], keyFiles: [], statements: [fit] };
    const place = { ...placeIn(store), signer: LOG_SIGNER };
    expect(await stageSeal(place, { head, previous: undefined, draft }, unlimited)).toBe('exists');
  });

  it('holds each change of keys under the place of its own entry', async () => {
    await stage(fit, ['first\n', 'second\n']);
    const seal = await read();
    expect(seal?.objects.map(({ key, text }) => [key, text.slice(0, 7)])).toEqual([
      ['keys/000000000004.json', 'first\n'],
      ['keys/000000000005.json', 'second\n'],
      [expect.stringMatching(/^days\/.*\/000000000006\.json$/), '{"archi'],
    ]);
  });

  it('has its statements one behind the other, each of which names the one before it', async () => {
    store.objects.delete(keys.seal(4));
    const head = await findHead(placeIn(store), unlimited);
    const later = (place: StatementPlace): Statement => ({ ...fit(place), day: dayAt(2) });
    const draft = { entries: [], keyFiles: [], statements: [fit, later] };
    const previous = { index: 3, sha256: '0'.repeat(64) };
    await stageSeal({ ...placeIn(store), signer: LOG_SIGNER }, { head, previous, draft }, unlimited);
    const texts = (await read())?.objects.map(({ text }) => JSON.parse(text) as Statement) ?? [];
    expect(texts.map(({ log, previous: before }) => [log.index, before])).toEqual([
      [4, previous],
      [5, { index: 4, sha256: sha256Hex((await read())?.objects[0]?.text ?? '') }],
    ]);
  });

  it('has no statement that a reader would refuse: what is staged stays', async () => {
    for (const [statement, why] of [
      [(place: StatementPlace) => ({ ...fit(place), revision: -1 }), 'its form'],
      [
        (place: StatementPlace) => {
          const made = fit(place);
          return { ...made, archive: { ...made.archive, receipts: 11 } };
        },
        'receipts',
      ],
    ] as const) {
      const error = await failure(stage(statement));
      expect([error.code, error.retryable]).toEqual(['UNEXPECTED', false]);
      expect(error.message).toContain(`the statement of ${dayAt(1)} is not fit for the log: `);
      expect(error.message).toContain(why);
      expect(store.objects.has(keys.seal(4))).toBe(false);
    }
  });
});
