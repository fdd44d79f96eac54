import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { archiveAgain } from '../../src/archive/archive-again.ts';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import {
  findCurrentRecordings,
  findRecording,
  listCurrentRecordings,
} from '../../src/audit/find-recording.ts';
import { readRange } from '../../src/audit/read-range.ts';
import { openChecked } from '../../src/audit/open-checked.ts';
import { verifyArchive } from '../../src/audit/verify-archive.ts';
import { type Verification, verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createRewrapper } from '../../src/envelope/rewrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { ArchiveError } from '../../src/errors.ts';
import { adoptRecording } from '../../src/rekey/adopt-recordings.ts';
import { rewrapRecording } from '../../src/rekey/rewrap-recordings.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { findCurrentVersion } from '../../src/record/current-version.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import { checkSignature, createReceiptSigner, formatReceipt } from '../../src/record/receipt/receipt.ts';
import { keyOfVersion } from '../../src/record/versions.ts';
import { MARK } from '../../src/record/writer-mark.ts';
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

async function setUp({ signs = true }: { readonly signs?: boolean } = {}) {
  const all = await setUpArchive({ simulator: { recordings: [{ bytes: 30_000 }] } });
  open.push(all.close);
  const { ports: bare, recording, reader, simulator, dir, store } = all;
  const written: string[] = [];
  const references: ArchivePorts['references'] = {
    write: (_ids, { key: linked }) => {
      written.push(linked);
      return Promise.resolve();
    },
  };
  const ports: ArchivePorts = {
    ...bare,
    references,
    ...(signs ? { signer } : {}),
    reader,
    opens: new Set(['static'] as const),
  };
  const key = objectKey({ recordingId: recording.id, at: OCCURRED });
  const request = {
    dialect: 'media' as const,
    mediaId: recording.id,
    interactionId: recording.interactionId,
    occurredAt: OCCURRED,
  };
  const pathOf = (name: string) => `${dir}/${name}`;
  const trust = { store, keys: signs ? keys : undefined };
  return {
    ...all,
    ports,
    key,
    second: keyOfVersion(key, 2),
    third: keyOfVersion(key, 3),
    /** Keys that the platform was told. */
    written,
    trust,
    deliver: () => only(archiveRequest(ports, request, unlimited)),
    again: (changed: Partial<ArchivePorts> = {}) =>
      archiveAgain(
        { ...ports, ...changed },
        request,
        { reason: 'the call was redacted', locate: () => Promise.reject(new Error('it is stated')) },
        unlimited,
      ),
    /** The platform serves another sound from now on. */
    changeSource: () =>
      simulator.faults.add({ on: 'download', fault: { kind: 'change-etag', etag: 'changed' } }),
    flipBit: async (name: string) => {
      const body = await readFile(pathOf(name));
      body.writeUInt8(body.readUInt8(100) ^ 1, 100);
      await writeFile(pathOf(name), body);
    },
    remove: async (name: string) => {
      await rm(pathOf(name));
      await rm(pathOf(`${name}.metadata.json`));
    },
    receiptOf: async (name: string) => {
      const place = receiptKey(name);
      return parseReceipt(await readFile(pathOf(place), 'utf8'), place);
    },
    current: async () => (await findCurrentVersion(trust, key, unlimited)).key,
    find: (more: object = {}) => findRecording(store, recording.id, { keys: trust.keys, ...more }, unlimited),
    verify: (name: string) =>
      verifyAgainstReceipt({ store, reader, keys: trust.keys }, name, 'full', unlimited),
    verifyAll: async () => {
      const found: Verification[] = [];
      await verifyArchive(
        { store, reader, keys: trust.keys },
        { depth: 'full', concurrency: 1 },
        {
          onVerified: (verified) => {
            if (verified.state === 'failed') throw verified.error;
            found.push(verified.verification);
          },
        },
        unlimited,
      );
      return found;
    },
    plant: async (name: string, change: (metadata: Record<string, string>) => Record<string, string>) => {
      const { stat, body } = await store.get(key, unlimited);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(Buffer.from(chunk));
      const metadata = change({ ...stat.metadata });
      const options = { metadata, contentType: 'application/octet-stream' };
      await store.put(name, Buffer.concat(chunks), options, unlimited);
    },
  };
}

describe('archive --again of a recording that is archived', () => {
  it('writes nothing when the platform serves what is archived and the object verifies', async () => {
    const all = await setUp();
    await all.deliver();
    const before = await all.files();
    expect(await all.again()).toMatchObject([{ state: 'present', key: all.key }]);
    expect(await all.files()).toEqual(before);
  });

  it('stores a successor when the source has changed, and touches nothing of the first object', async () => {
    const all = await setUp();
    await all.deliver();
    const first = await readFile(`${all.dir}/${all.key}`);
    const firstReceipt = await all.receiptOf(all.key);
    all.changeSource();
    expect(await all.again()).toMatchObject([
      { state: 'successor', key: all.second, predecessor: all.key, receiptKey: receiptKey(all.second) },
    ]);
    expect(await readFile(`${all.dir}/${all.key}`)).toEqual(first);
    expect(await all.receiptOf(all.key)).toEqual(firstReceipt);
    const receipt = await all.receiptOf(all.second);
    expect(receipt).toMatchObject({
      kind: 'archived',
      object: { key: all.second },
      predecessor: { key: all.key, receiptSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
      reason: 'the call was redacted',
      times: { recorded: firstReceipt.times.recorded },
    });
    expect(checkSignature(receipt, keys)).toBe('valid');
    expect(receipt.plaintext?.sha256).not.toBe(firstReceipt.plaintext?.sha256);
    expect(await all.again()).toMatchObject([{ state: 'present', key: all.second }]);
  });

  it.each<[string, (all: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>]>([
    ['a bit of it was flipped', (all) => all.flipBit(all.key)],
    ['it was cut', (all) => writeFile(`${all.dir}/${all.key}`, randomBytes(100))],
    [
      'its metadata were exchanged',
      async (all) => {
        const file = `${all.dir}/${all.key}.metadata.json`;
        const text = await readFile(file, 'utf8');
        const iv = (await all.store.head(all.key, unlimited))?.metadata['iv'] ?? '-';
        expect(text).toContain(iv);
        await writeFile(file, text.replace(iv, randomBytes(12).toString('base64')));
      },
    ],
    ['it is gone', (all) => all.remove(all.key)],
  ])('stores a successor that restores when the object is damaged: %s', async (_what, damage) => {
    const all = await setUp();
    await all.deliver();
    await damage(all);
    expect(await all.again()).toMatchObject([{ state: 'successor', key: all.second, predecessor: all.key }]);
    expect(await all.decrypt(all.second)).toBe(await all.recording.sha256());
    expect((await all.verify(all.second)).findings).toEqual([]);
    expect(await all.find()).toBe(all.second);
  });

  it('tells the platform the current one, also when an earlier event is delivered again', async () => {
    const all = await setUp();
    await all.deliver();
    all.changeSource();
    await all.again();
    await all.remove(`links/2026/05/20/${all.recording.id}.v2.json`);
    expect(await all.deliver()).toMatchObject({ state: 'archived', stored: false, key: all.second });
    expect(all.written).toEqual([all.key, all.second, all.second]);
    await all.deliver();
    expect(all.written).toHaveLength(3);
  });

  it('goes on from version to version, each of which names the one before', async () => {
    const all = await setUp();
    await all.deliver();
    for (const key of [all.second, all.third, keyOfVersion(all.key, 4)]) {
      await all.flipBit(await all.current());
      expect(await all.again()).toMatchObject([{ state: 'successor', key }]);
    }
    expect((await all.receiptOf(all.third)).predecessor?.key).toBe(all.second);
    expect(await all.find()).toBe(keyOfVersion(all.key, 4));
  });

  it('by two at once: one successor, whichever is faster', async () => {
    const all = await setUp();
    await all.deliver();
    await all.flipBit(all.key);
    const results = (await Promise.all([all.again(), all.again(), all.again()])).flat();
    expect(results.map(({ key }) => key)).toEqual([all.second, all.second, all.second]);
    expect(results.filter(({ state }) => state === 'successor')).toHaveLength(1);
    expect((await all.files()).filter((name) => name.endsWith('.v3.enc'))).toEqual([]);
    expect(checkSignature(await all.receiptOf(all.second), keys)).toBe('valid');
  });

  it('is finished by the next delivery, or by itself, when it is interrupted before the receipt', async () => {
    for (const heal of ['deliver', 'again'] as const) {
      const all = await setUp();
      await all.deliver();
      await all.flipBit(all.key);
      const dying: ObjectStore = {
        ...all.store,
        location: all.store.location,
        head: (name, budget) => all.store.head(name, budget),
        get: (name, budget, range) => all.store.get(name, budget, range),
        list: (prefix, budget) => all.store.list(prefix, budget),
        put: (name, ...rest) =>
          name.endsWith('.v2.json')
            ? Promise.reject(new ArchiveError('INTERRUPTED', 'killed'))
            : all.store.put(name, ...rest),
      };
      expect(await failure(all.again({ store: dying }))).toMatchObject({ code: 'INTERRUPTED' });
      expect(await all.current()).toBe(all.key);
      all.clock.advance?.(120_000);
      await all[heal]();
      expect(await all.receiptOf(all.second)).toMatchObject({
        kind: 'completed',
        completion: { proof: 'mark' },
        predecessor: { key: all.key },
      });
      expect(await all.current()).toBe(all.second);
      expect((await all.files()).filter((name) => name.endsWith('.v3.enc'))).toEqual([]);
    }
  });

  it('says that nothing can be told where no key opens the object', async () => {
    const all = await setUp();
    await all.deliver();
    const before = await all.files();
    expect(await failure(all.again({ reader: undefined }))).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await all.files()).toEqual(before);
  });

  it('works in an archive that signs nothing', async () => {
    const all = await setUp({ signs: false });
    await all.deliver();
    await all.flipBit(all.key);
    expect(await all.again()).toMatchObject([{ state: 'successor', key: all.second }]);
    expect(await all.find()).toBe(all.second);
    expect(await all.again()).toMatchObject([{ state: 'present', key: all.second }]);
  });
});

describe('readers of a recording that has a successor', () => {
  const renewed = async () => {
    const all = await setUp();
    await all.deliver();
    await all.flipBit(all.key);
    await all.again();
    return all;
  };

  it('find the current one by its id, and an older one by its version or its key', async () => {
    const all = await renewed();
    const { store, recording } = all;
    expect(await all.find()).toBe(all.second);
    expect(await all.find({ version: 1 })).toBe(all.key);
    expect(await findRecording(store, all.key, { keys }, unlimited)).toBe(all.key);
    const many = await findCurrentRecordings(store, [recording.id], { keys }, unlimited);
    expect([...many.values()]).toEqual([[all.second]]);
    const listed: string[] = [];
    for await (const { key } of listCurrentRecordings(store, { keys }, unlimited)) listed.push(key);
    expect(listed).toEqual([all.second]);
  });

  it('read a range of it', async () => {
    const all = await renewed();
    const ports = {
      store: all.store,
      reader: createEnvelopeReader({ staticKey: all.secret, unwrappers: [] }),
      keys,
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of readRange(ports, all.second, { first: 8, last: 11 }, unlimited))
      chunks.push(chunk);
    expect(Buffer.concat(chunks).toString('latin1')).toBe('WAVE');
    const { stat, standing } = await openChecked(ports, all.second, unlimited);
    expect([stat.key, standing]).toEqual([all.second, 'signed']);
  });

  it('verify both, and take what is wrong with the first for a note', async () => {
    const all = await renewed();
    const [first, second] = await all.verifyAll();
    expect([first?.key, first?.findings]).toEqual([all.key, []]);
    expect(first?.notes.join()).toContain(`superseded by ${all.second}`);
    expect([second?.key, second?.findings, second?.notes]).toEqual([all.second, [], []]);
  });

  it('fail when the current one is damaged: an older one is never put in its place', async () => {
    const all = await renewed();
    await all.flipBit(all.second);
    expect(await all.find()).toBe(all.second);
    expect((await all.verify(all.second)).findings.length).toBeGreaterThan(0);
    await all.remove(all.second);
    expect(await all.find()).toBe(all.second);
    expect((await all.verify(all.second)).findings.map(({ kind }) => kind)).toContain('missing-object');
  });
});

describe('what a stranger puts beside an object as its successor', () => {
  it.each<[string, (all: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>]>([
    ['a copy of the object', (all) => all.plant(all.second, (metadata) => metadata)],
    ['a copy without a mark', (all) => all.plant(all.second, ({ [MARK]: _mark, ...metadata }) => metadata)],
    [
      'an object and a receipt that is signed by a stranger',
      async (all) => {
        await all.plant(all.second, (metadata) => metadata);
        const { signature: _, ...receipt } = await all.receiptOf(all.key);
        const { object } = receipt;
        if (object === undefined) throw new Error('no object');
        const forged = { ...receipt, object: { ...object, key: all.second }, predecessor: { key: all.key } };
        const bytes = await formatReceipt(forged, stranger);
        const options = { metadata: {}, contentType: 'application/json' };
        await all.store.put(receiptKey(all.second), bytes, options, unlimited);
      },
    ],
    [
      'an object and the receipt of the first',
      async (all) => {
        await all.plant(all.second, (metadata) => metadata);
        const bytes = await readFile(`${all.dir}/${receiptKey(all.key)}`);
        const options = { metadata: {}, contentType: 'application/json' };
        await all.store.put(receiptKey(all.second), bytes, options, unlimited);
      },
    ],
  ])(
    'is not the current one, is a finding, and keeps no real one from being stored: %s',
    async (_what, plant) => {
      const all = await setUp();
      await all.deliver();
      await plant(all);
      expect(await all.find()).toBe(all.key);
      expect(await all.deliver()).toMatchObject({ state: 'archived', key: all.key });
      expect((await all.verify(all.second)).findings.length).toBeGreaterThan(0);
      const planted = await readFile(`${all.dir}/${all.second}`);
      await all.flipBit(all.key);
      expect(await all.again()).toMatchObject([{ state: 'successor', key: all.third, predecessor: all.key }]);
      expect(await all.find()).toBe(all.third);
      expect(await readFile(`${all.dir}/${all.second}`)).toEqual(planted);
      expect((await all.verify(all.second)).notes.join()).toContain('superseded by');
    },
  );
});

describe('the key of a successor', () => {
  it('is moved like that of a first object: adopted, rewrapped with an amendment of its own, and current as before', async () => {
    const { ports, key, second, deliver, again, changeSource, current, store, secret, trust } = await setUp();
    await deliver();
    const old = { kid: 'k1', key: randomBytes(32) };
    const next = { kid: 'k2', key: randomBytes(32) };
    const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: createAesWrapper(old) });
    changeSource();
    await again({ envelope });
    expect(await current()).toBe(second);
    const adopter = createAdopter({ staticKey: secret, wrapper: createAesWrapper(next) });
    const adopted = await adoptRecording({ ...trust, adopter }, key, { dryRun: false }, unlimited);
    expect(adopted.state).toBe('adopted');
    const rewrapper = createRewrapper({
      unwrappers: [createAesUnwrapper([old])],
      wrapper: createAesWrapper(next),
    });
    const moved = await rewrapRecording(
      { ...trust, rewrapper, signer: ports.signer },
      second,
      { dryRun: false },
      unlimited,
    );
    expect(moved.state).toBe('rewrapped');
    expect(moved.amendment).toContain('.v2.wrap-');
    // both versions open with the new key alone, each held to its own receipt
    const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([next])] });
    for (const name of [key, second]) {
      const { findings } = await verifyAgainstReceipt({ ...trust, store, reader }, name, 'full', unlimited);
      expect(findings).toEqual([]);
    }
    expect(await current()).toBe(second);
  });
});
