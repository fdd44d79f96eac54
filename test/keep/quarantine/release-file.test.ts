import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyAgainstReceipt } from '../../../src/audit/verify-recording.ts';
import { unlimited } from '../../../src/clock.ts';
import { createArchiver, createReader, readTrust } from '../../../src/create/archiver.ts';
import { writeKeyringFile } from '../../../src/envelope/keys/files.ts';
import { addKey } from '../../../src/envelope/keys/keyring.ts';
import { listQuarantine } from '../../../src/keep/quarantine/list-quarantine.ts';
import { releaseFile } from '../../../src/keep/quarantine/release-file.ts';
import type { ReleasePorts } from '../../../src/keep/quarantine/release-types.ts';
import { readHeld } from '../../../src/catalogue/holds.ts';
import { findParts } from '../../../src/keep/erase/parts.ts';
import { placeHold } from '../../../src/keep/place-hold.ts';
import { heldAmong } from '../../../src/keep/read-holds.ts';
import { inspectCopy, type InspectPorts } from '../../../src/keep/source-delete/inspect-copy.ts';
import type { DeletionRules } from '../../../src/keep/source-delete/policy.ts';
import type { SourceDeleteItem } from '../../../src/keep/source-delete/source-types.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { ERASURE_SCHEMA, erasureKey, subjectHash, tombstoneId } from '../../../src/record/erasure.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { contextKey, linkKey, receiptKey } from '../../../src/record/object-key.ts';
import { isQuarantineKey, releasedKey } from '../../../src/record/quarantine/key.ts';
import { QUARANTINE_NOTE } from '../../../src/record/quarantine/note.ts';
import { readReceipt } from '../../../src/record/receipt/read-receipt.ts';
import { createReceiptSigner, formatSigned } from '../../../src/record/receipt/receipt.ts';
import { checkMark } from '../../../src/record/writer-mark.ts';
import { type MapStore, mapStore } from '../../archive/map-store.ts';
import { makeQuarantineWorld } from './quarantine-world.ts';

const REASON = 'no card data';

class Killed extends Error {}

async function* dyingAtItsEnd<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
  throw new Killed();
}

/** Every method of the target dies at call `at`, before or after it is done. */
function dying(at: number, when: 'before' | 'after') {
  const left = { calls: at };
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (of, name) => {
        const member = Reflect.get(of, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          left.calls -= 1;
          const dies = left.calls === 0;
          if (dies && when === 'before') throw new Killed();
          const done = (member as (...given: unknown[]) => unknown).apply(of, args);
          if (!dies) return done;
          if (done instanceof Promise)
            return done.then(() => {
              throw new Killed();
            });
          return dyingAtItsEnd(done as AsyncIterable<unknown>);
        };
      },
    });
  return { wrap, isAlive: () => left.calls > 0 };
}

describe('releasing from quarantine', () => {
  let world: Awaited<ReturnType<typeof makeQuarantineWorld>>;
  let store: MapStore;
  let before: MapStore['objects'];
  let key: string;
  let released: string;

  beforeAll(async () => {
    store = mapStore();
    world = await makeQuarantineWorld(undefined, { store });
    const [result] = await world.deliver();
    if (result?.state !== 'archived') throw new Error('not archived');
    key = result.key;
    released = releasedKey(key);
    before = new Map(store.objects);
  });
  afterAll(() => world.close());
  beforeEach(() => {
    putBack();
  });

  function putBack() {
    store.objects.clear();
    for (const [name, object] of before) store.objects.set(name, object);
    world.conversation.externalTag = undefined;
  }
  const keys = () => [...store.objects.keys()];
  const release = (ports: ReleasePorts) => releaseFile(ports, key, REASON, unlimited);
  const findingsOf = async (at: string, of: ObjectStore = store) => {
    const { keys: trusted } = await readTrust(world.config);
    const ports = { store: of, keys: trusted, layout: DATE_LAYOUT };
    return (await verifyAgainstReceipt(ports, at, 'ciphertext', unlimited)).findings.map(({ kind }) => kind);
  };
  const isReadable = async (at: string) => {
    if (!store.objects.has(at)) return false;
    return (await findingsOf(at).catch(() => ['gone'])).length === 0;
  };

  it('finds what waits under quarantine/, verified, without a reference, and says why and until when', async () => {
    expect(isQuarantineKey(key)).toBe(true);
    expect(keys().filter((name) => name.startsWith('archive/') || name.startsWith('links/'))).toEqual([]);
    expect(world.conversation.externalTag).toBeUndefined();
    expect(await findingsOf(key)).toEqual([]);
    const ports = await world.openPorts();
    const found = [];
    for await (const one of listQuarantine({ ...ports, layout: DATE_LAYOUT }, unlimited)) found.push(one);
    expect(found).toMatchObject([
      {
        key,
        isOverdue: false,
        isReleased: false,
        note: { days: 30, reasons: [{ rule: 'pii', unknown: [] }] },
      },
    ]);
  });

  it('writes the same bytes with mark, receipt, context and reference of their own, and leaves nothing behind', async () => {
    const body = store.objects.get(key)?.body;
    expect(await release(await world.openPorts())).toMatchObject({ state: 'released', reference: 'written' });
    expect(keys().filter((name) => name.includes('quarantine/'))).toEqual([]);
    expect(keys()).toContain(contextKey(released));
    expect(keys()).toContain(linkKey(released));
    expect(store.objects.get(released)?.body).toEqual(body);
    expect(await findingsOf(released)).toEqual([]);
    expect(await findingsOf(contextKey(released))).toEqual([]);
    expect(world.conversation.externalTag).toContain(released);
    const { metadata } = store.objects.get(released)?.stat ?? { metadata: {} };
    expect(metadata).not.toHaveProperty(QUARANTINE_NOTE);
    const receipt = await readReceipt(store, receiptKey(released), unlimited);
    expect(receipt).toMatchObject({ kind: 'archived', reason: `released from quarantine: ${REASON}` });
    const { recording: recordingId = '', conversation: conversationId = '' } = receipt?.ids ?? {};
    const { keys: trusted = new Map() } = await readTrust(world.config);
    const { organizationId } = world.config;
    const marked = {
      kind: 'media',
      key: released,
      ids: { recordingId, conversationId },
      organizationId,
      metadata,
    } as const;
    expect(checkMark(marked, trusted)).toBe('valid');
  });

  it.each(['before', 'after'] as const)(
    'is readable at every moment, and ends the same when it is repeated, killed %s any request',
    async (when) => {
      let isWhole = false;
      let killed = 0;
      for (let at = 1; !isWhole; at += 1) {
        putBack();
        const death = dying(at, when);
        const ports = await world.openPorts();
        const broken: ReleasePorts = {
          ...ports,
          store: death.wrap(ports.store),
          archive: death.wrap(ports.archive),
        };
        const outcome = await release(broken).catch((error: unknown) => error);
        isWhole = death.isAlive();
        if (!isWhole) {
          expect(outcome).toBeInstanceOf(Killed);
          killed += 1;
        }
        expect([await isReadable(key), await isReadable(released)], `killed at ${at}`).toContain(true);
        // the receipt alone is never taken for a loss
        if (keys().includes(receiptKey(key))) expect(await findingsOf(key)).not.toContain('missing-object');
        const rest = keys().some((name) => name.includes('quarantine/') && !name.startsWith('links/'));
        if (rest) expect(await release(ports), `repeated after ${at}`).toMatchObject({ state: 'released' });
        expect(
          keys().filter((name) => name.includes('quarantine/')),
          `after ${at}`,
        ).toEqual([]);
        expect(await findingsOf(released)).toEqual([]);
        expect(await findingsOf(contextKey(released))).toEqual([]);
        expect(world.conversation.externalTag).toContain(released);
      }
      expect(killed).toBeGreaterThan(30);
    },
    60_000,
  );

  it('is found by a redelivery before and after, which downloads and doubles nothing', async () => {
    const downloads = world.downloads();
    expect(await world.deliver()).toMatchObject([{ state: 'archived', key, stored: false }]);
    await release(await world.openPorts());
    expect(await world.deliver()).toMatchObject([{ state: 'archived', key: released, stored: false }]);
    expect(world.downloads()).toBe(downloads);
    expect(keys().filter((name) => name.endsWith('.enc') && !name.startsWith('context/'))).toEqual([
      released,
    ]);
  });

  it('leaves what a hold is on where it is, and a hold on it holds the released one as well', async () => {
    const ports = await world.openPorts();
    const signer = ports.signer;
    const hold = { matter: 'm', reason: undefined, by: 'x', selection: 's', keys: [key] };
    await placeHold({ ...ports, signer }, hold, unlimited);
    const now = keys();
    expect(await release(ports)).toMatchObject({ state: 'held', heldBy: [expect.any(String)] });
    expect(keys()).toEqual(now);
    expect([...(await heldAmong(ports, new Set([released]), unlimited)).keys()]).toEqual([released]);
    expect((await readHeld(store, unlimited)).holdsOf(released)).toHaveLength(1);
  });

  it('removes nothing where a hold was placed while it was copied', async () => {
    const ports = await world.openPorts();
    const hold = { matter: 'm', reason: undefined, by: 'x', selection: 's', keys: [key] };
    const link: ReleasePorts['link'] = async () => {
      await placeHold(ports, hold, unlimited);
      return true;
    };
    expect(await release({ ...ports, link })).toMatchObject({ state: 'held' });
    expect(await isReadable(key)).toBe(true);
  });

  it('removes nothing where the copy does not read back as what was verified', async () => {
    const ports = await world.openPorts();
    const put: ObjectStore['put'] = async (at, body, options, budget) => {
      const result = await ports.store.put(at, body, options, budget);
      if (at === released) store.tamper(at, (bytes) => bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3));
      return result;
    };
    await expect(release({ ...ports, store: { ...ports.store, put } })).rejects.toMatchObject({
      code: 'RECEIPT_MISMATCH',
    });
    expect(await isReadable(key)).toBe(true);
  });

  it('gives way to what was released while a late delivery put it there once more, and is removed by a release', async () => {
    await release(await world.openPorts());
    const after = new Map(store.objects);
    store.objects.clear();
    let isLate = true;
    const put: ObjectStore['put'] = async (at, body, options, budget) => {
      const result = await store.put(at, body, options, budget);
      if (at === key && isLate) {
        isLate = false;
        for (const [name, object] of after) store.objects.set(name, object);
      }
      return result;
    };
    const { clock, logger } = world;
    const archiver = await createArchiver(world.config, { clock, logger, store: { ...store, put } });
    expect(await world.deliver(archiver)).toMatchObject([{ state: 'archived', key: released }]);
    archiver.close();
    expect(keys()).toEqual(expect.arrayContaining([key, released]));
    const ports = await world.openPorts();
    const found = [];
    for await (const one of listQuarantine({ ...ports, layout: DATE_LAYOUT }, unlimited)) found.push(one);
    expect(found).toMatchObject([{ key, isReleased: true }]);
    expect(await release(ports)).toMatchObject({ state: 'released' });
    expect(keys().filter((name) => name.includes('quarantine/'))).toEqual([]);
    expect(await findingsOf(released)).toEqual([]);
  });

  it('is erased in both places, whichever of them was named', async () => {
    const { archive } = await world.openPorts();
    const recording = DATE_LAYOUT.parse(key)?.recordingId ?? '';
    for (const named of [key, released]) {
      const item = { recording, day: '2026-05-20', keys: [named] };
      const parts = await findParts({ archive, others: [] }, item, unlimited);
      expect(parts.map(({ version }) => version.key)).toEqual(expect.arrayContaining([key, contextKey(key)]));
    }
  });

  it('is not deleted at the source while any file of it waits', async () => {
    const recording = DATE_LAYOUT.parse(key)?.recordingId ?? '';
    const [conversation, day] = [world.conversation.id, '2026-05-20'];
    const unused = () => Promise.reject(new Error('not looked at'));
    const ports: InspectPorts = {
      store,
      keys: new Map(),
      verify: unused,
      seesUnredacted: unused,
      // oxlint-disable-next-line require-yield -- it is not asked
      serve: async function* () {
        await unused();
      },
    };
    const rules = { compare: true, wantsContext: false, wantsTranscript: false } as DeletionRules;
    for (const named of [key, released.replace('.enc', '.1.enc')]) {
      const item = { recording, conversation, day, keys: [named] } as SourceDeleteItem;
      expect(await inspectCopy(ports, item, rules, unlimited)).toMatchObject({ objects: 'quarantined' });
    }
  });

  it('refuses what was erased, what is damaged, and what stands under the key of something else', async () => {
    const ports = await world.openPorts();
    store.tamper(key, (body) => body.writeUInt8(body.readUInt8(9) ^ 1, 9));
    await expect(release(ports)).rejects.toMatchObject({ code: 'RECEIPT_MISMATCH' });
    expect(keys()).not.toContain(released);
    putBack();
    await store.put(released, Buffer.from('else'), { metadata: {}, contentType: 'text/plain' }, unlimited);
    await expect(release(ports)).rejects.toMatchObject({ code: 'KEY_COLLISION' });
    expect(await isReadable(key)).toBe(true);
    putBack();
    const recording = DATE_LAYOUT.parse(key)?.recordingId ?? '';
    const tombstone = await formatSigned(
      {
        schema: ERASURE_SCHEMA,
        id: tombstoneId(recording),
        day: '2026-05-20',
        what: ['media'],
        reason: 'r',
        at: new Date().toISOString(),
        by: 'x',
        recording: subjectHash(recording),
      },
      ports.signer,
    );
    await store.put(
      erasureKey(tombstoneId(recording)),
      tombstone,
      { metadata: {}, contentType: 'application/json' },
      unlimited,
    );
    await expect(release(ports)).rejects.toMatchObject({ code: 'RECORDING_ERASED' });
    expect(keys()).not.toContain(released);
  });

  it('signs no mark with a key that is not there', async () => {
    const ports = await world.openPorts({ signer: undefined });
    await expect(release(ports)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const other = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    await expect(release(await world.openPorts({ signer: other }))).rejects.toMatchObject({
      code: 'RECEIPT_MISMATCH',
    });
    expect(await isReadable(key)).toBe(true);
  });
});

describe('releasing from quarantine', () => {
  it.each([
    ['with key records', { ARCHIVE_KEY_PLACEMENT: 'records' }, 'aes'],
    ['in the layout of the platform’s export', { ARCHIVE_LAYOUT: 'genesys-export' }, 'static'],
    ['without a signing key', { ARCHIVE_SIGNING_KEY_FILE: '' }, 'static'],
    ['of every channel by itself', {}, 'static'],
  ])('works %s', async (name, env, keys) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'quarantine-keys-'));
    const keyring = path.join(dir, 'keyring.json');
    await writeKeyringFile(keyring, addKey(undefined, 'k1'));
    const perChannel = name.includes('channel');
    const store = mapStore();
    const world = await makeQuarantineWorld(
      { conversations: [{ recordings: [{ annotated: ['pii'], perChannel }] }] },
      {
        store,
        env: {
          ...env,
          ...(keys === 'aes' ? { ENCRYPTION_KEY_HEX: '', ARCHIVE_KEYRING_FILE: keyring } : {}),
        },
      },
    );
    const results = await world.deliver();
    expect(results).toHaveLength(perChannel ? 2 : 1);
    const { keys: trusted = new Map(), layout } = await readTrust(world.config);
    const reader = await createReader(world.config, {});
    for (const result of results) {
      if (result.state !== 'archived') throw new Error('not archived');
      const before = [...store.objects.keys()].filter((key) => key.includes(result.key)).length;
      expect(before).toBeGreaterThanOrEqual(3);
      const done = await releaseFile(await world.openPorts(), result.key, REASON, unlimited);
      expect(done).toMatchObject({ state: 'released' });
      const verified = await verifyAgainstReceipt(
        { store, keys: trusted, layout, reader },
        done.released,
        'full',
        unlimited,
      );
      expect(verified.findings).toEqual([]);
      expect(verified.digests?.plaintext).toBeDefined();
    }
    expect([...store.objects.keys()].filter((key) => key.includes('quarantine/'))).toEqual([]);
    if (name.includes('export'))
      expect([...store.objects.keys()].some((key) => key.endsWith('_metadata.json'))).toBe(true);
    await world.close();
    await rm(dir, { recursive: true });
  });
});
