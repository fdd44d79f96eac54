import { describe, expect, it } from 'vitest';
import { readErased } from '../../src/catalogue/erasures.ts';
import { readSearchKeys } from '../../src/catalogue/search/keys.ts';
import { openSealed } from '../../src/record/sealed-object.ts';
import { peopleFileKey, peopleIds } from '../../src/catalogue/places.ts';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../src/clock.ts';
import { factsIds, factsKey } from '../../src/record/facts-file.ts';
import { forgetInCatalogue } from '../../src/catalogue/forget-days.ts';
import { VersionedMemory } from '../slow/versioned-memory.ts';
import { addRecording, DAY, factsLine, inventPorts, putErasure, putFacts } from './invented-archive.ts';
import type { VersionedStore } from './versioned-store.ts';
import { gunzipSync } from 'node:zlib';

describe('an erasure', () => {
  it('leaves nothing of the person in any current file of the catalogue, nor in the facts', async () => {
    const ports = inventPorts();
    const store = ports.archive as VersionedStore;
    const kept = await addRecording(store);
    const erased = await addRecording(store);
    await putFacts(ports, [
      factsLine(kept.conversationId, { agents: ['agent-1'], customer: '+4930111222' }),
      factsLine(erased.conversationId, { agents: ['agent-2'], customer: '+4917000111' }),
    ]);
    const run = { from: DAY, to: DAY };
    await updateCatalogue(ports, run, unlimited);
    await putErasure(store, erased);
    const report = await updateCatalogue(ports, run, unlimited);
    expect(report).toMatchObject({ written: 1, failed: 0, complete: true });
    const [key] = await readSearchKeys(ports, unlimited);
    const hash = Buffer.alloc(8);
    hash.writeBigInt64LE(key?.hash('customer', '+4917000111') ?? 0n);
    const reader = ports.reader as NonNullable<typeof ports.reader>;
    for (const [name, { body }] of store.objects) {
      if (!name.startsWith('catalogue/') && !name.startsWith('facts/')) continue;
      let bytes = body;
      if (name === factsKey(DAY)) {
        const opened = await openSealed(store, reader, { key: name, ids: factsIds(DAY) }, unlimited);
        bytes = gunzipSync(opened?.bytes ?? Buffer.alloc(0));
        expect(bytes.includes(kept.conversationId)).toBe(true);
        expect(bytes.includes(erased.conversationId)).toBe(false);
      }
      if (name === peopleFileKey(DAY)) {
        bytes =
          (await openSealed(store, reader, { key: name, ids: peopleIds(DAY) }, unlimited))?.bytes ?? body;
      }
      // pages are compressed: what is in them is looked for uncompressed as well
      const clear = [bytes, ...pagesOf(bytes)];
      for (const piece of clear) {
        expect(piece.includes('4917000111')).toBe(false);
        expect(piece.includes(hash)).toBe(false);
      }
    }
  });

  it('has each tombstone read once, however often days are made anew', async () => {
    const ports = inventPorts();
    const erased = await addRecording(ports.archive);
    await putErasure(ports.archive, erased);
    const known = new Map();
    await readErased(ports.archive, unlimited, known);
    expect(known.size).toBe(1);
    const unread = {
      ...ports.archive,
      list: (prefix: string) => ports.archive.list(prefix, unlimited),
      get: () => Promise.reject(new Error('read again')),
    };
    const again = await readErased(unread, unlimited, known);
    expect(again.isErased(DAY, erased.recordingId)).toBe(true);
    await expect(readErased(unread, unlimited)).rejects.toThrow('read again');
  });

  it('leaves no version of people behind it that one who read before it wrote after it', async () => {
    const memory = new VersionedMemory();
    const ports = inventPorts({ archive: memory.store });
    const erased = await addRecording(ports.archive);
    await putFacts(ports, [factsLine(erased.conversationId, { customer: '+4917000111' })]);
    const run = { from: DAY, to: DAY };
    await updateCatalogue(ports, run, unlimited);
    await addRecording(ports.archive);
    let hasRead = false;
    let erasing = false;
    memory.before = async (name, key) => {
      if (erasing) return;
      if (!hasRead) {
        hasRead = name === 'get' && key === factsKey(DAY);
        return;
      }
      // the update has read the facts; now the erasure happens, whole
      erasing = true;
      await putErasure(ports.archive, erased);
      await forgetInCatalogue(ports, memory.versions, new Set([DAY]), unlimited);
    };
    await updateCatalogue(ports, run, unlimited);
    expect(erasing).toBe(true);
    const reader = ports.reader as NonNullable<typeof ports.reader>;
    for (const { stat, body } of memory.all.get(peopleFileKey(DAY)) ?? []) {
      const unsealer = await reader.unseal(stat, { budget: unlimited });
      const bytes = Buffer.concat([unsealer.update(body), unsealer.final()]);
      for (const piece of [bytes, ...pagesOf(bytes)]) expect(piece.includes('4917000111')).toBe(false);
    }
  });

  it('takes the conversation out of facts that are fetched again as well', async () => {
    const ports = inventPorts();
    const erased = await addRecording(ports.archive);
    await putErasure(ports.archive, erased);
    const run = { from: DAY, to: DAY };
    await putFacts(ports, [factsLine(erased.conversationId, { customer: '+4917000111' })]);
    await updateCatalogue(ports, run, unlimited);
    await putFacts(ports, [factsLine(erased.conversationId, { customer: '+4917000111' })], DAY, {
      writtenBy: 'run-2',
    });
    await updateCatalogue(ports, run, unlimited);
    const reader = ports.reader as NonNullable<typeof ports.reader>;
    const opened = await openSealed(
      ports.catalogue,
      reader,
      { key: factsKey(DAY), ids: factsIds(DAY) },
      unlimited,
    );
    expect(gunzipSync(opened?.bytes ?? Buffer.alloc(0)).includes('4917000111')).toBe(false);
  });
});

/** Every gzip member in a file, uncompressed. */
function pagesOf(bytes: Buffer): Buffer[] {
  const pages: Buffer[] = [];
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at !== -1; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    try {
      pages.push(gunzipSync(bytes.subarray(at), { finishFlush: 2 }));
    } catch {
      // three bytes that look like the beginning of one
    }
  }
  return pages;
}
