import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ArchiveResult } from '../../src/archive/archive-request.ts';
import { idempotencyKey } from '../../src/record/identity.ts';
import { contextKey, objectKey } from '../../src/record/object-key.ts';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { keepContext, storeContext } from '../../src/archive/store-context.ts';
import { checkMark } from '../../src/record/writer-mark.ts';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { recordingLogger } from '../recording-logger.ts';
import { mapStore } from './map-store.ts';
import { idsAt } from './sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(1);
const KEY = objectKey({ ...ids, at: AT });
const secret = randomBytes(32);
const envelope = createStaticEnvelope(secret);

function setUp() {
  const store = mapStore();
  const logger = recordingLogger();
  let asked = 0;
  const describeAs =
    <T>(context: T) =>
    () => {
      asked += 1;
      return Promise.resolve(context);
    };
  return { store, logger, ports: { store, envelope, logger }, describeAs, asked: () => asked };
}

describe('the context of a recording', () => {
  it('stands beside it, with its channel', () => {
    expect(contextKey(KEY)).toBe(`context/2026/05/20/${ids.recordingId}.json.enc`);
    expect(contextKey('archive/2026/05/20/a.enc.1.enc')).toBe('context/2026/05/20/a.enc.1.json.enc');
  });

  it('is encrypted like it, and says whose it is', async () => {
    const { store, ports, describeAs } = setUp();
    expect(await storeContext(ports, { ids, key: KEY }, describeAs('{"queue":"sales"}'), unlimited)).toBe(
      true,
    );
    const stored = store.objects.get(contextKey(KEY));
    expect(stored?.stat).toMatchObject({
      contentType: 'application/octet-stream',
      metadata: { encryption: 'aes-256-gcm', 'gca-v': '1', 'gca-idem': idempotencyKey(ids) },
    });
    expect(stored?.body.toString('latin1')).not.toContain('sales');
    // it stands beside no recording here
    const read = await verifyRecording(
      { store, reader: createStaticReader(secret), unverified: true },
      contextKey(KEY),
      unlimited,
    );
    expect(read.bytes).toBe('{"queue":"sales"}'.length);
  });

  it('the first one stays, and the platform is not asked for another', async () => {
    const { store, ports, describeAs, asked } = setUp();
    await storeContext(ports, { ids, key: KEY }, describeAs('{}'), unlimited);
    const before = store.objects.get(contextKey(KEY))?.body;
    expect(await storeContext(ports, { ids, key: KEY }, describeAs('{"a":1}'), unlimited)).toBe(true);
    expect(asked()).toBe(1);
    expect(store.objects.get(contextKey(KEY))?.body).toBe(before);
  });

  it('is none where the platform has none any more', async () => {
    const { store, ports, describeAs } = setUp();
    expect(await storeContext(ports, { ids, key: KEY }, describeAs(undefined), unlimited)).toBe(false);
    expect(store.objects.size).toBe(0);
  });
});

describe('the context of a conversation', () => {
  const archived = (index: number): ArchiveResult => ({
    state: 'archived',
    ids: idsAt(index),
    key: objectKey({ ...idsAt(index), at: AT }),
    receiptKey: 'x',
    bytes: 1,
    stored: true,
    resumes: 0,
    restarts: 0,
  });
  const waiting: ArchiveResult = { state: 'not-ready', ids, status: 'uploading', retryAfterMs: 1 };
  const failed: ArchiveResult = { state: 'failed', ids, error: new ArchiveError('UNEXPECTED', 'x') };

  it('is asked for once, and stored beside each recording that is archived by now', async () => {
    const { store, ports, describeAs, asked, logger } = setUp();
    const results = [waiting, archived(1), failed, archived(2)];
    await keepContext(ports, results, describeAs({ queue: 'sales' }), unlimited);
    expect(asked()).toBe(1);
    const expected = [1, 2].map((index) => contextKey(objectKey({ ...idsAt(index), at: AT })));
    expect([...store.objects.keys()].toSorted()).toEqual(expected.toSorted());
    // one line of JSON, and the tag
    expect(store.objects.get(expected[0] ?? '')?.body.length).toBe('{"queue":"sales"}\n'.length + 16);
    await keepContext(ports, results, describeAs({}), unlimited);
    expect(asked()).toBe(1);
    expect(logger.lines).toEqual([]);
  });

  it('is not asked for when nothing is archived', async () => {
    const { ports, describeAs, asked } = setUp();
    await keepContext(ports, [waiting, failed], describeAs({}), unlimited);
    expect(asked()).toBe(0);
  });

  it('that the platform has no more is said for each recording', async () => {
    const { store, ports, describeAs, asked, logger } = setUp();
    await keepContext(ports, [archived(1), archived(2)], describeAs(undefined), unlimited);
    expect(asked()).toBe(1);
    expect(store.objects.size).toBe(0);
    expect(logger.lines).toHaveLength(2);
    expect(JSON.parse(logger.lines[1] ?? '')).toMatchObject({
      level: 'warn',
      message: 'the platform has no context of the conversation any more',
      recordingId: idsAt(2).recordingId,
      conversationId: idsAt(2).conversationId,
    });
  });
});

describe('the mark of a context', () => {
  it('is that of a context, and not of the recording beside it', async () => {
    const { store, ports, describeAs } = setUp();
    const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    await storeContext(
      { ...ports, signer, organizationId: 'o' },
      { ids, key: KEY },
      describeAs('{}'),
      unlimited,
    );
    const { metadata = {} } = store.objects.get(contextKey(KEY))?.stat ?? {};
    const keys = new Map([[signer.keyId, signer.publicKey]]);
    const marked = { key: contextKey(KEY), ids, organizationId: 'o', metadata };
    expect(checkMark({ ...marked, kind: 'context' }, keys)).toBe('valid');
    expect(checkMark({ ...marked, kind: 'media' }, keys)).toBe('invalid');
    expect(checkMark({ ...marked, kind: 'context', key: KEY }, keys)).toBe('invalid');
  });
});
