import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { readForLog, type ReceiptPorts } from '../../../src/proof/day/read-receipts.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { MAX_RECEIPT_BYTES } from '../../../src/record/receipt/schema.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, type FixtureOptions, type Planted } from '../archive-fixture.ts';

const D = '2026-03-02';

async function start(options: FixtureOptions = {}) {
  const fixture = new ArchiveFixture();
  const planted = await fixture.hold('call', D, options);
  return { fixture, planted };
}

function read(
  fixture: ArchiveFixture,
  { key }: Pick<Planted, 'key'>,
  change: Partial<ReceiptPorts> = {},
  day = D,
) {
  const listed = { key: receiptKey(key), size: 1, lastModified: 0 };
  return readForLog({ ...fixture.ports(), ...change }, { key, listed, day }, unlimited);
}

/** What a receipt says instead, in its canonical spelling or not. */
function rewrite({ store }: ArchiveFixture, { key }: Planted, edit: (text: string) => string): void {
  store.plant(receiptKey(key), edit(store.bodyOf(receiptKey(key)).toString()));
}

describe('a receipt', () => {
  it.each(['archived', 'adopted', 'completed', 'terminal'] as const)(
    'of the kind %s becomes an entry: kind, day and the hash of its bytes, and what it states of the object',
    async (kind) => {
      const { fixture, planted } = await start({ kind });
      const bytes = fixture.store.bodyOf(receiptKey(planted.key));
      const isTerminal = kind === 'terminal';
      expect(await read(fixture, planted)).toEqual({
        state: 'fit',
        entry: { kind, day: D, sha256: createHash('sha256').update(bytes).digest('hex') },
        stated: {
          kind,
          reason: isTerminal ? 'deleted' : undefined,
          key: planted.key,
          bytes: isTerminal ? undefined : 'encrypted call'.length,
        },
        isUnsigned: false,
      });
    },
  );

  it('that is gone since it was listed is gone, and no other error of the store is taken for that', async () => {
    const { fixture, planted } = await start();
    fixture.store.objects.delete(receiptKey(planted.key));
    expect(await read(fixture, planted)).toEqual({ state: 'gone' });
    const get = () => Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'no'));
    expect((await failure(read(fixture, planted, { store: { ...fixture.store, get } }))).code).toBe(
      'STORE_UNAVAILABLE',
    );
  });

  it('that is none, is not canonical, or is larger than any, is malformed', async () => {
    const { fixture, planted } = await start();
    for (const edit of [
      () => 'nothing',
      () => '',
      (text: string) => `${text} `,
      (text: string) => text.replace(',', ', '),
      (text: string) => text + 'x'.repeat(MAX_RECEIPT_BYTES),
    ]) {
      const { fixture: other, planted: one } = await start();
      rewrite(other, one, edit);
      expect(await read(other, one)).toEqual({ state: 'refused', reason: 'malformed' });
    }
    expect(await read(fixture, planted)).toMatchObject({ state: 'fit' });
  });

  it('of another recording, another object, or another day than its key is not logged there', async () => {
    const { fixture, planted } = await start();
    const other = await fixture.hold('another call', D);
    fixture.store.plant(receiptKey(other.key), fixture.store.bodyOf(receiptKey(planted.key)));
    const refused = { state: 'refused', reason: 'other-day' };
    expect(await read(fixture, other)).toEqual(refused);
    expect(await read(fixture, planted, {}, '2026-03-03')).toEqual(refused);
    const elsewhere = planted.key.replace('/02/', '/03/');
    fixture.store.plant(receiptKey(elsewhere), fixture.store.bodyOf(receiptKey(planted.key)));
    expect(await read(fixture, { key: elsewhere })).toEqual(refused);
  });

  it('of another organization is not logged', async () => {
    const { fixture, planted } = await start({ organization: 'ffffffff-ffff-4fff-8fff-ffffffffffff' });
    expect(await read(fixture, planted)).toEqual({ state: 'refused', reason: 'other-organization' });
  });

  it('without a signature is logged as such, unless it says that there is nothing: that could be guessed', async () => {
    const { fixture, planted } = await start({ isUnsigned: true });
    expect(await read(fixture, planted)).toMatchObject({ state: 'fit', isUnsigned: true });
    const terminal = await start({ isUnsigned: true, kind: 'terminal' });
    const refused = { state: 'refused', reason: 'unsigned-terminal' };
    expect(await read(terminal.fixture, terminal.planted)).toEqual(refused);
    expect(await read(terminal.fixture, terminal.planted, { receiptKeys: new Map() })).toEqual(refused);
  });

  it('whose signature is wrong is not logged where public keys are known, and is not judged without any', async () => {
    const { fixture, planted } = await start();
    rewrite(fixture, planted, (text) => text.replace('0.0.0-test', '0.0.1-test'));
    expect(await read(fixture, planted)).toEqual({ state: 'refused', reason: 'signature' });
    expect(await read(fixture, planted, { receiptKeys: new Map() })).toMatchObject({
      state: 'fit',
      isUnsigned: false,
    });
  });
});
