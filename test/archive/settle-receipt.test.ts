import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveAgain } from '../../src/archive/archive-again.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { issuerOf } from '../../src/archive/issuer.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import { idempotencyMetadata } from '../../src/record/identity.ts';
import { checkSignature, createReceiptSigner, formatReceipt } from '../../src/record/receipt/receipt.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { MARK } from '../../src/record/writer-mark.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticReader } from '../../src/envelope/static-gcm.ts';
import { failure } from '../failure.ts';
import { OCCURRED, only, setUpArchive } from './set-up.ts';

let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.map((close) => close()));
  open = [];
});

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = createReceiptSigner(privateKey);
const keys = new Map([[signer.keyId, publicKey]]);
const stranger = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);

/** `signs`: with a signing key. `opens`: with the key that opens what it writes, as a writer with the static key. */
async function setUp({ signs = true, opens = true } = {}) {
  const all = await setUpArchive({
    simulator: { recordings: [{ bytes: 30_000 }, { bytes: 30_000 }], statesStartTime: false },
  });
  open.push(all.close);
  const { ports: bare, recording, reader, simulator, dir } = all;
  const ports: ArchivePorts = {
    ...bare,
    ...(signs ? { signer } : {}),
    ...(opens ? { reader, opens: new Set(['static'] as const) } : {}),
  };
  const other = simulator.recordings[1];
  if (other === undefined) throw new Error('there is one recording only');
  const keyOf = (id: string) => objectKey({ recordingId: id, at: OCCURRED });
  const key = keyOf(recording.id);
  const pathOf = (name: string) => `${dir}/${name}`;
  const remove = async (name: string) => {
    await rm(pathOf(name));
    await rm(pathOf(`${name}.metadata.json`));
  };
  const requestOf = (of: typeof recording) => ({
    dialect: 'media' as const,
    mediaId: of.id,
    interactionId: of.interactionId,
    occurredAt: OCCURRED,
  });
  const copy = async (
    from: string,
    to: string,
    change: (metadata: Readonly<Record<string, string>>) => object = (same) => same,
  ) => {
    const { stat, body } = await all.store.get(from, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const options = {
      metadata: change(stat.metadata) as Record<string, string>,
      contentType: 'application/octet-stream',
    };
    await all.store.put(to, Buffer.concat(chunks), options, unlimited);
  };
  return {
    ...all,
    ports,
    key,
    other,
    keyOf,
    pathOf,
    remove,
    copy,
    requestOf,
    deliver: (of = recording, using: Partial<ArchivePorts> = {}) =>
      only(archiveRequest({ ...ports, ...using }, requestOf(of), unlimited)),
    again: (using: Partial<ArchivePorts> = {}) =>
      archiveAgain(
        { ...ports, reader, opens: new Set(['static'] as const), ...using },
        requestOf(recording),
        { reason: 'a copy was put back', locate: () => Promise.resolve(key) },
        unlimited,
      ),
    receipt: async (of = key) => parseReceipt(await readFile(pathOf(receiptKey(of)), 'utf8'), of),
    verify: async (of = key) =>
      (await verifyAgainstReceipt({ store: all.store, keys, reader }, of, 'full', unlimited)).findings,
    kept: async (of = key) => readFile(pathOf(of)),
    downloads: () => all.count('GET /genesys-media/{id}'),
  };
}

describe('an object whose attempt was interrupted before its receipt', () => {
  it('is completed by its mark: decrypted, hashed, signed, and verify finds nothing', async () => {
    const { deliver, remove, key, receipt, verify, recording, downloads } = await setUp();
    await deliver();
    const before = await receipt();
    await remove(receiptKey(key));
    expect(await deliver()).toMatchObject({ state: 'archived', stored: false });
    const after = await receipt();
    expect(after).toMatchObject({
      kind: 'completed',
      completion: { proof: 'mark', plaintext: 'decrypted' },
      plaintext: { bytes: recording.bytes, sha256: await recording.sha256() },
      ciphertext: before.ciphertext,
      object: before.object,
      envelope: before.envelope,
    });
    expect(checkSignature(after, keys)).toBe('valid');
    expect(await verify()).toEqual([]);
    expect(downloads()).toBe(1);
  });

  it('is completed by a second download where the writer cannot open it, and no hash of its body is signed', async () => {
    const { deliver, remove, key, receipt, verify, recording, downloads } = await setUp({ opens: false });
    await deliver();
    await remove(receiptKey(key));
    await deliver();
    const after = await receipt();
    expect(after).toMatchObject({
      kind: 'completed',
      completion: { proof: 'mark', plaintext: 'second-download' },
      plaintext: { bytes: recording.bytes, sha256: await recording.sha256() },
      ciphertext: { bytes: recording.bytes + 16 },
    });
    expect(Object.keys(after.object ?? {}).sort()).toEqual(['key', 'store']);
    expect(Object.keys(after.ciphertext ?? {})).toEqual(['bytes']);
    expect(downloads()).toBe(2);
    expect(await verify()).toEqual([]);
  });

  it('leaves the plaintext out where the platform no longer has it, or serves another version', async () => {
    const gone = await setUp({ opens: false });
    await gone.deliver();
    await gone.remove(receiptKey(gone.key));
    await gone.deliver(gone.recording, {
      resolver: { resolve: () => Promise.resolve({ state: 'gone', reason: 'deleted' }) },
    });
    expect(await gone.receipt()).toMatchObject({ completion: { proof: 'mark', plaintext: 'unknown' } });
    expect((await gone.receipt()).plaintext).toBeUndefined();
    expect(await gone.verify()).toEqual([]);

    const changed = await setUp({ opens: false });
    await changed.deliver();
    await changed.remove(receiptKey(changed.key));
    const { opener } = changed.ports;
    await changed.deliver(changed.recording, {
      opener: { open: async (...asked) => ({ ...(await opener.open(...asked)), etag: '"another"' }) },
    });
    expect(await changed.receipt()).toMatchObject({ completion: { plaintext: 'unknown' } });
  });

  it('waits for the receipt that its writer is about to write', async () => {
    const { deliver, remove, key, receipt, ports, clock, pathOf, downloads } = await setUp({ opens: false });
    await deliver();
    const text = await readFile(pathOf(receiptKey(key)));
    await remove(receiptKey(key));
    const slow = {
      ...clock,
      sleep: async (ms: number, signal?: AbortSignal) => {
        await clock.sleep(ms, signal);
        const options = { metadata: {}, contentType: 'application/json' };
        if (ms >= 400) await ports.store.put(receiptKey(key), text, options, unlimited);
      },
    };
    await deliver(undefined, { clock: slow });
    expect((await receipt()).kind).toBe('archived');
    expect(downloads()).toBe(1);
  });

  it('does not wait longer than its time allows', async () => {
    const { deliver, remove, key, ports, requestOf, recording, clock } = await setUp();
    await deliver();
    await remove(receiptKey(key));
    const before = clock.slept.length;
    const budget = { ...unlimited, deadline: clock.now() + 40 };
    await archiveRequest(ports, requestOf(recording), budget).catch(() => undefined);
    expect(clock.slept.slice(before).filter((ms) => ms >= 50)).toEqual([]);
  });
});

describe('an object that nothing proves', () => {
  const forgeries: [string, (all: Awaited<ReturnType<typeof setUp>>) => Promise<void>][] = [
    [
      'another recording under its key, with a recomputed hash of ids',
      async ({ deliver, other, copy, keyOf, key, recording, store, remove }) => {
        await deliver();
        const own = (await store.head(key, unlimited))?.metadata['gca-idem'] ?? '';
        await remove(key);
        await remove(receiptKey(key));
        await deliver(other);
        expect(recording.id).not.toBe(other.id);
        await copy(keyOf(other.id), key, (metadata) => ({ ...metadata, 'gca-idem': own }));
      },
    ],
    [
      'its own object without its mark',
      async ({ deliver, copy, key, remove }) => {
        await deliver();
        await copy(key, `${key}.copy`, ({ [MARK]: _mark, ...rest }: Record<string, string>) => rest);
        await remove(key);
        await remove(receiptKey(key));
        await copy(`${key}.copy`, key);
        await remove(`${key}.copy`);
      },
    ],
    [
      'its own metadata around another body',
      async ({ deliver, key, remove, store }) => {
        await deliver();
        const stat = await store.head(key, unlimited);
        await remove(key);
        await remove(receiptKey(key));
        const options = { metadata: stat?.metadata ?? {}, contentType: 'application/octet-stream' };
        await store.put(key, randomBytes(stat?.size ?? 0), options, unlimited);
      },
    ],
  ];
  it.each(forgeries)('is kept and never signed for: %s', async (_name, forge) => {
    const all = await setUp();
    await forge(all);
    const before = await all.kept();
    const error = await failure(all.deliver());
    expect(error).toMatchObject({ code: 'OBJECT_UNPROVEN', retryable: false });
    expect(error.hint).toContain('archive --again');
    expect(await all.kept()).toEqual(before);
    await expect(all.receipt()).rejects.toThrow('ENOENT');
    expect(all.logger.lines.filter((line) => line.includes('OBJECT_UNPROVEN'))).toHaveLength(1);
  });

  it('is kept where nothing is signed either, when it is not what the platform serves', async () => {
    const all = await setUp({ signs: false });
    await forgeries[0]?.[1](all);
    const before = await all.kept();
    expect(await failure(all.deliver())).toMatchObject({ code: 'OBJECT_UNPROVEN', retryable: false });
    expect(await all.kept()).toEqual(before);
    await expect(all.receipt()).rejects.toThrow('ENOENT');
  });

  it('where nothing is signed, an object that is what the platform serves has its receipt completed', async () => {
    const { deliver, remove, key, receipt, recording, downloads } = await setUp({ signs: false });
    await deliver();
    await remove(receiptKey(key));
    await deliver();
    expect(await receipt()).toMatchObject({
      kind: 'completed',
      completion: { proof: 'comparison', plaintext: 'decrypted' },
      plaintext: { sha256: await recording.sha256() },
    });
    expect(downloads()).toBe(2);
  });

  it('where nothing is signed and the platform has no recording to compare with, it is adopted, unsigned', async () => {
    const { deliver, remove, key, receipt, recording } = await setUp({ signs: false });
    await deliver();
    await remove(receiptKey(key));
    await deliver(recording, {
      resolver: { resolve: () => Promise.resolve({ state: 'gone', reason: 'deleted' }) },
    });
    expect((await receipt()).kind).toBe('adopted');
    expect((await receipt()).signature).toBeUndefined();
  });
});

describe('a receipt that stands there already', () => {
  type All = Awaited<ReturnType<typeof setUp>>;
  const put = async ({ store, key, remove }: All, text: Buffer) => {
    await remove(receiptKey(key)).catch(() => undefined);
    await store.put(receiptKey(key), text, { metadata: {}, contentType: 'application/json' }, unlimited);
  };
  const restated =
    (
      change: (receipt: Awaited<ReturnType<All['receipt']>>) => object,
      by: typeof signer | 'nobody' = signer,
    ) =>
    async (all: All) => {
      const { signature: _signature, ...rest } = await all.receipt();
      await put(
        all,
        await formatReceipt({ ...rest, ...change({ ...rest }) }, by === 'nobody' ? undefined : by),
      );
    };
  const cases: [string, (all: All) => Promise<void>][] = [
    ['of a stranger’s key', restated(() => ({}), stranger)],
    ['that is not signed', restated(() => ({}), 'nobody')],
    ['of another recording', restated(({ ids }) => ({ ids: { ...ids, recording: 'another' } }))],
    ['of another conversation', restated(({ ids }) => ({ ids: { ...ids, conversation: 'another' } }))],
    ['of another channel', restated(({ ids }) => ({ ids: { ...ids, channel: '1' } }))],
    ['of another key', restated(({ object }) => ({ object: { ...object, key: 'archive/x.enc' } }))],
    ['of another size', restated(() => ({ ciphertext: { bytes: 7 } }))],
    [
      'of other metadata',
      restated(({ envelope }) => ({ envelope: { ...envelope, metadataSha256: '0'.repeat(64) } })),
    ],
    [
      'that says that there is nothing to archive',
      async (all) => {
        const { key, ports, recording } = all;
        await all.remove(receiptKey(key));
        const ids = { recordingId: recording.id, conversationId: recording.interactionId };
        await issueTerminalReceipt(issuerOf(ports), { ids, key, at: OCCURRED, reason: 'r' }, unlimited);
      },
    ],
    ['that is none', (all) => put(all, Buffer.from('{}\n'))],
  ];

  it.each(cases)('%s is not believed: the recording is not reported as archived', async (_name, exchange) => {
    const all = await setUp();
    await all.deliver();
    await exchange(all);
    const text = await readFile(all.pathOf(receiptKey(all.key)), 'utf8');
    expect(await failure(all.deliver())).toMatchObject({ code: 'RECEIPT_MISMATCH', retryable: false });
    expect(await readFile(all.pathOf(receiptKey(all.key)), 'utf8')).toBe(text);
    expect(all.downloads()).toBe(1);
  });

  it.each(cases)('%s is not believed by the writer of the object either', async (_name, exchange) => {
    const all = await setUp();
    await all.deliver();
    await exchange(all);
    await all.remove(all.key);
    // the receipt was there first
    expect(await failure(all.deliver())).toMatchObject({ code: 'RECEIPT_MISMATCH', retryable: false });
  });

  it('is believed when an earlier key of the archive has signed it, and that key is listed', async () => {
    const all = await setUp();
    await all.deliver(undefined, { signer: stranger });
    const mismatch = await failure(all.deliver());
    expect(mismatch.hint).toContain('ARCHIVE_RECEIPT_PUBLIC_KEYS');
    const receiptKeys = new Map([[stranger.keyId, stranger.publicKey]]);
    expect(await all.deliver(undefined, { receiptKeys })).toMatchObject({ state: 'archived', stored: false });
  });

  it('of a terminal recording states its key, and cannot stand for another', async () => {
    const all = await setUp();
    const { key, ports, recording } = all;
    const ids = { recordingId: recording.id, conversationId: recording.interactionId };
    await issueTerminalReceipt(issuerOf(ports), { ids, key, at: OCCURRED, reason: 'r' }, unlimited);
    expect(await all.receipt()).toMatchObject({
      kind: 'terminal',
      object: { key, store: ports.store.location },
    });
  });
});

describe('a recording that the platform has deleted since', () => {
  it('keeps its object, whose receipt is completed: none says that there is nothing to archive', async () => {
    const all = await setUp({ opens: false });
    const { ports, recording, receipt } = all;
    const ids = { recordingId: recording.id, conversationId: recording.interactionId };
    const request = { dialect: 'recordings', conversationId: ids.conversationId } as const;
    const items = await ports.resolver.resolve(all.requestOf(recording), unlimited);
    const ready = { resolve: () => Promise.resolve(items) };
    const archived = await only(archiveRequest({ ...ports, resolver: ready }, request, unlimited));
    if (archived.state !== 'archived') throw new Error('it is not archived');
    await all.remove(archived.receiptKey);
    const terminal = [{ ids, reason: 'deleted', status: 'deleted', permanent: true }] as const;
    const gone = { resolve: () => Promise.resolve({ state: 'ready', items: [], terminal } as const) };
    expect(await only(archiveRequest({ ...ports, resolver: gone }, request, unlimited))).toMatchObject({
      state: 'archived',
      key: archived.key,
    });
    expect(await receipt(archived.key)).toMatchObject({
      kind: 'completed',
      completion: { plaintext: 'unknown' },
    });
  });

  it('is not settled by a receipt that a stranger has put there', async () => {
    const all = await setUp();
    const { ports, recording, store, key } = all;
    const ids = { recordingId: recording.id, conversationId: recording.interactionId };
    const options = { metadata: {}, contentType: 'application/json' };
    await store.put(receiptKey(key), Buffer.from('{}'), options, unlimited);
    const told = issueTerminalReceipt(issuerOf(ports), { ids, key, at: OCCURRED, reason: 'r' }, unlimited);
    expect(await failure(told)).toMatchObject({ code: 'RECEIPT_MISMATCH' });
  });
});

describe('archive --again', () => {
  const forgeries = (all: Awaited<ReturnType<typeof setUp>>) => ({
    withoutMark: async () => {
      await all.deliver();
      const { stat } = await all.store.get(all.key, unlimited);
      const body = await all.kept();
      await all.remove(all.key);
      await all.remove(receiptKey(all.key));
      const { [MARK]: _mark, ...metadata } = stat.metadata;
      await all.store.put(all.key, body, { metadata, contentType: 'application/octet-stream' }, unlimited);
    },
  });

  it('proves an object that is what the platform serves, says why, and writes the reference', async () => {
    const all = await setUp();
    await forgeries(all).withoutMark();
    await all.remove(`links/2026/05/20/${all.recording.id}.json`);
    expect(await failure(all.deliver())).toMatchObject({ code: 'OBJECT_UNPROVEN' });
    expect(await all.again()).toMatchObject([{ state: 'completed', key: all.key }]);
    const receipt = await all.receipt();
    expect(receipt).toMatchObject({
      kind: 'completed',
      completion: { proof: 'comparison', plaintext: 'decrypted' },
      reason: 'a copy was put back',
      times: { recorded: new Date(OCCURRED).toISOString() },
      plaintext: { sha256: await all.recording.sha256() },
    });
    expect(checkSignature(receipt, keys)).toBe('valid');
    expect(await all.verify()).toEqual([]);
    expect(await all.deliver()).toMatchObject({ state: 'archived', stored: false });
    expect(await all.again()).toMatchObject([{ state: 'present' }]);
  });

  it('changes nothing when it decrypts to something else, and says what differs', async () => {
    const all = await setUp();
    await all.deliver(all.other);
    const idem = await (async () => {
      await all.deliver();
      return (await all.store.head(all.key, unlimited))?.metadata['gca-idem'] ?? '';
    })();
    await all.remove(all.key);
    await all.remove(receiptKey(all.key));
    await all.copy(all.keyOf(all.other.id), all.key, (metadata) => ({ ...metadata, 'gca-idem': idem }));
    const before = await all.files();
    const error = await failure(all.again());
    expect(error).toMatchObject({
      code: 'OBJECT_UNPROVEN',
      message: expect.stringContaining('another plaintext') as unknown,
    });
    expect(error.hint).not.toContain('--again');
    expect(await all.files()).toEqual(before);
  });

  it('changes nothing when the object cannot be decrypted, or no key is there to try', async () => {
    const all = await setUp();
    await forgeries(all).withoutMark();
    const before = await all.files();
    const wrong = { reader: createStaticReader(randomBytes(32)) };
    expect(await failure(all.again(wrong))).toMatchObject({
      code: 'OBJECT_UNPROVEN',
      message: expect.stringContaining('does not decrypt') as unknown,
    });
    expect(await failure(all.again({ reader: undefined }))).toMatchObject({ code: 'OBJECT_UNPROVEN' });
    expect(await all.files()).toEqual(before);
  });

  it('needs an object, a recording to compare with, and a receipt that is not a stranger’s', async () => {
    const all = await setUp();
    expect(await failure(all.again())).toMatchObject({ code: 'OBJECT_NOT_FOUND' });
    await forgeries(all).withoutMark();
    const gone = { resolve: () => Promise.resolve({ state: 'gone', reason: 'deleted' } as const) };
    expect(await failure(all.again({ resolver: gone }))).toMatchObject({ code: 'MEDIA_NOT_FOUND' });
    await writeFile(all.pathOf(receiptKey(all.key)), '{}');
    await writeFile(all.pathOf(`${receiptKey(all.key)}.metadata.json`), '{}');
    expect(['RECEIPT_MISMATCH', 'OBJECT_MALFORMED']).toContain((await failure(all.again())).code);
  });
});

describe('the same ids in another letter case', () => {
  it('name the same recording: one object, one receipt, under the id in lower case', async () => {
    const all = await setUp();
    const { recording, ports, key } = all;
    const upper = {
      dialect: 'media' as const,
      mediaId: recording.id.toUpperCase(),
      interactionId: recording.interactionId.toUpperCase(),
      occurredAt: OCCURRED,
    };
    const first = await only(archiveRequest(ports, upper, unlimited));
    expect(first).toMatchObject({ state: 'archived', stored: true, key });
    expect(await all.deliver()).toMatchObject({ state: 'archived', stored: false, key });
    expect(await only(archiveRequest(ports, upper, unlimited, { isFirst: true }))).toMatchObject({
      stored: false,
      key,
    });
    expect((await all.files()).filter((name) => name.endsWith('.enc'))).toHaveLength(1);
    expect((await all.receipt()).ids).toMatchObject({ recording: recording.id });
    expect(all.simulator.interaction(recording.interactionId)).toHaveProperty('s3_archive_key', key);
  });

  it('find an object that an earlier version has named as the event spelled it', async () => {
    const all = await setUp();
    const { recording, ports } = all;
    const upper = recording.id.toUpperCase();
    const old = objectKey({ recordingId: upper, at: OCCURRED });
    const sealer = await ports.envelope.seal({ recordingId: upper, conversationId: 'c' });
    const ids = { recordingId: upper, conversationId: recording.interactionId };
    const metadata = { ...sealer.metadata, ...idempotencyMetadata(ids) };
    const options = { metadata, contentType: 'application/octet-stream' };
    await all.store.put(
      old,
      Buffer.concat([sealer.update(Buffer.from('x')), sealer.final()]),
      options,
      unlimited,
    );
    const request = { ...all.requestOf(recording), mediaId: upper };
    expect(await failure(only(archiveRequest(ports, request, unlimited)))).toMatchObject({
      code: 'OBJECT_UNPROVEN',
      message: expect.stringContaining(old) as unknown,
    });
    expect((await all.files()).filter((name) => name.endsWith('.enc'))).toHaveLength(1);
  });
});
