import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { parseReceipt, type SignedReceipt } from '../../src/record/receipt/schema.ts';
import { formatReceipt } from '../../src/record/receipt/receipt.ts';
import { getSmall, putSmall } from '../../src/record/small-object.ts';
import { compareWithKey } from '../../src/audit/compare-with-receipt.ts';
import { createLayout } from '../../src/record/layout.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import type { RecordingIds } from '../../src/ports.ts';
import { createPrivateKey } from 'node:crypto';
import { idsAt, makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';

let archive: SealedArchive;
let next = 50;
beforeAll(async () => {
  archive = await makeSealedArchive(1);
});
afterAll(() => archive.remove());

const AT = Date.UTC(2026, 4, 21, 9);
const DAY_MS = 86_400_000;

async function removed(): Promise<{ readonly key: string; readonly ids: RecordingIds }> {
  next += 1;
  const ids = idsAt(next);
  const key = await archive.add(ids, AT);
  for (const one of [key, receiptKey(key)]) {
    await rm(archive.fileOf(one));
    await rm(archive.recordOf(one), { force: true });
  }
  return { key, ids };
}

/** A terminal receipt that was really signed, for a recording that is really gone, put in the place of another. */
async function hide(key: string, ids: RecordingIds, at: number, withKey: boolean): Promise<void> {
  const signer = createReceiptSigner(createPrivateKey(archive.privateKeyPem));
  const own = objectKey({ ...ids, at });
  const issuer = { store: archive.store, clock: systemClock, format: '', signer, organizationId: 'org' };
  await issueTerminalReceipt(issuer, { ids, key: own, at, reason: 'deleted' }, unlimited);
  const text = (await getSmall(archive.store, receiptKey(own), 100_000, unlimited)) ?? '';
  const { signature: _, object, ...rest } = parseReceipt(text, own);
  const stated = withKey && object !== undefined ? { ...rest, object } : rest;
  if (own === key) return;
  await putSmall(archive.store, receiptKey(key), await formatReceipt(stated, signer), unlimited);
}

const kinds = async (key: string) =>
  (await verifyAgainstReceipt(archive.ports, key, 'head', unlimited)).findings.map(({ kind }) => kind);

describe('a terminal receipt in the place of an object that was removed', () => {
  it.each([true, false])(
    'hides nothing when it names another recording (it states its key: %s)',
    async (withKey) => {
      const { key } = await removed();
      next += 1;
      await hide(key, idsAt(next), AT, withKey);
      expect(await kinds(key)).toEqual(['swapped']);
    },
  );

  it('hides nothing when it is of another day or channel', async () => {
    const one = await removed();
    await hide(one.key, one.ids, AT + DAY_MS, false);
    expect(await kinds(one.key)).toEqual(['swapped']);
    const other = await removed();
    await hide(other.key, { ...other.ids, channel: '1' }, AT, false);
    expect(await kinds(other.key)).toEqual(['swapped']);
  });

  it('that was changed to fit has no valid signature', async () => {
    const { key, ids } = await removed();
    next += 1;
    await hide(key, idsAt(next), AT, false);
    await archive.editReceipt(key, (text) =>
      text
        .replaceAll(idsAt(next).recordingId, ids.recordingId)
        .replaceAll(idsAt(next).conversationId, ids.conversationId),
    );
    expect(await kinds(key)).toEqual(['bad-signature']);
  });

  it('is as it should be when it is that of the recording', async () => {
    next += 1;
    const ids = idsAt(next);
    const key = objectKey({ ...ids, at: AT });
    await hide(key, ids, AT, true);
    expect(await kinds(key)).toEqual([]);
  });
});

describe('a receipt is compared whole', () => {
  const receipt = (change: Partial<SignedReceipt> = {}): SignedReceipt => ({
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: { conversation: idsAt(1).conversationId, recording: idsAt(1).recordingId, organization: 'org' },
    times: { recorded: new Date(AT).toISOString(), issued: new Date(AT).toISOString() },
    tool: { name: 'genesys-media-archive', version: '0.0.0' },
    ...change,
  });
  const key = objectKey({ ...idsAt(1), at: AT });
  const compare = (change: Partial<SignedReceipt>, context = {}, at = key) =>
    compareWithKey(at, receipt(change), context).map(({ kind }) => kind);

  it('with the organization and the place it was stored in, where they are known', () => {
    expect(compare({})).toEqual([]);
    expect(compare({}, { organizationId: 'ORG' })).toEqual(['organization']);
    expect(compare({}, { organizationId: 'org', location: 's3://b' })).toEqual([]);
    const object = { key, store: 's3://a' };
    expect(compare({ object }, { location: 's3://b' })).toEqual(['moved']);
    expect(compare({ object }, { location: 's3://a' })).toEqual([]);
  });

  it('by ids, whose letter case says nothing where they are UUIDs', () => {
    const ids = {
      conversation: idsAt(1).conversationId.toUpperCase(),
      recording: idsAt(1).recordingId.toUpperCase(),
      organization: '0C2F9A6E-52A4-4A8B-9C55-1F3F6A1A9B77',
    };
    expect(compare({ ids }, { organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77' })).toEqual([]);
    const custom = objectKey({ recordingId: 'abc', at: AT });
    expect(compare({ ids: { conversation: 'c', recording: 'ABC' } }, {}, custom)).toEqual(['swapped']);
  });

  it('by the conversation too, where the layout writes it into the key', () => {
    const layout = createLayout({ name: 'genesys-export', organizationId: 'org' });
    const named = layout.keyOf({ ids: idsAt(1), at: AT, extension: 'wav' });
    expect(compare({}, { layout }, named)).toEqual([]);
    const ids = { recording: idsAt(1).recordingId, conversation: idsAt(2).conversationId };
    expect(compare({ ids }, { layout }, named)).toEqual(['swapped']);
  });
});
