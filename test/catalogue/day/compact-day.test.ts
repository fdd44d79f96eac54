import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactDay } from '../../../src/catalogue/day/compact-day.ts';
import { openDayFile, readRows } from '../../../src/catalogue/day/day-file.ts';
import { dayFileKey, peopleFileKey, WHOLE_DAY } from '../../../src/catalogue/places.ts';
import { readPeople } from '../../../src/catalogue/day/people-file.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import { keyHash } from '../../../src/catalogue/day/row.ts';
import type { CatalogueRow } from '../../../src/catalogue/schema.ts';
import { createSearchKey, readSearchKeys } from '../../../src/catalogue/search/keys.ts';
import { readRunInputs } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { addRecording, DAY, factsLine, inventPorts, putErasure, putFacts } from '../invented-archive.ts';
import { type VersionedStore, versionedStore } from '../versioned-store.ts';

const AT = { day: DAY, shard: WHOLE_DAY };

async function compact(ports: CataloguePorts) {
  return compactDay(ports, AT, await readRunInputs(ports, unlimited), unlimited);
}

async function rowsOfDay(ports: CataloguePorts): Promise<CatalogueRow[]> {
  const { catalogue, tables, archive } = ports;
  const file = await openDayFile(
    { catalogue, tables, location: archive.location },
    dayFileKey(DAY),
    undefined,
    unlimited,
  );
  if (file === undefined) return [];
  try {
    return await readRows(file.table, { from: 0, to: file.table.rows });
  } finally {
    await file.close();
  }
}

const storeOf = (ports: CataloguePorts) => ports.archive as VersionedStore;

describe('a day of the catalogue', () => {
  it('has a row for each file, with what receipt and platform say of it', async () => {
    const ports = inventPorts();
    const one = await addRecording(ports.archive);
    await putFacts(ports, [
      factsLine(one.conversationId, { agents: ['agent-1', 'agent-9'], totalMs: 90_000 }),
    ]);
    expect(await compact(ports)).toMatchObject({ outcome: 'written', rows: 1, read: 1 });
    const [row] = await rowsOfDay(ports);
    expect(row).toMatchObject({
      conversation_id: one.conversationId,
      recording_id: one.recordingId,
      key: one.key,
      receipt_key: null,
      kind: 'archived',
      state: 'archived',
      storage_class: 'STANDARD',
      media: 'call',
      direction: 'inbound',
      duration_ms: 90_000,
      agent_ids: ['agent-1', 'agent-9'],
      queue_ids: ['queue-1'],
      queue_names: ['Claims'],
      wrap_up_names: ['Solved'],
      company_address: '+49301234',
      legal_hold: false,
      facts: 'analytics',
    });
    const [key] = await readSearchKeys(ports, unlimited);
    expect(row?.customer_hash).toBe(key?.hash('customer', '+4915112345678'));
  });

  it('keeps people in the sealed file alone: no number, name or key in clear', async () => {
    const ports = inventPorts();
    const one = await addRecording(ports.archive);
    await putFacts(ports, [factsLine(one.conversationId, {})]);
    await compact(ports);
    const clear = storeOf(ports).versions.filter(({ key }) => key.startsWith('catalogue/'));
    for (const { body } of clear) {
      for (const word of ['15112345678', 'Kim Beispiel', 'Mara Vogel', 'contact-1']) {
        expect(body.includes(word)).toBe(false);
      }
    }
    const people = await readPeople(ports, AT, unlimited);
    expect(people.get(keyHash(one.key))).toMatchObject({
      customer: '+4915112345678',
      customer_name: 'Kim Beispiel',
      external_contact_ids: ['contact-1'],
      agent_ids: ['agent-1'],
      agent_names: ['Mara Vogel'],
    });
  });

  it('has other hashes of the same number in another archive', () => {
    const [one, other] = [1, 2].map((fill) => createSearchKey(Buffer.alloc(32, fill), 1));
    expect(one?.hash('customer', '+491')).not.toBe(other?.hash('customer', '+491'));
    expect(one?.id).not.toBe(other?.id);
  });

  it('tells objects without a receipt, receipts without an object, and receipts that cannot be read', async () => {
    const ports = inventPorts();
    const missing = await addRecording(ports.archive, { without: 'object' });
    const bare = await addRecording(ports.archive, { without: 'receipt' });
    const damaged = await addRecording(ports.archive);
    storeOf(ports).remove(receiptKey(damaged.key));
    const options = { metadata: {}, contentType: 'application/json' };
    await ports.archive.put(receiptKey(damaged.key), Buffer.from('{}'), options, unlimited);
    expect(await compact(ports)).toMatchObject({ rows: 3, unreadable: 1 });
    const states = new Map((await rowsOfDay(ports)).map((row) => [row.key, row.state]));
    expect(states.get(missing.key)).toBe('missing');
    expect(states.get(bare.key)).toBe('unreceipted');
    expect(states.get(damaged.key)).toBe('unreceipted');
  });

  it('is not read again while nothing has changed', async () => {
    const ports = inventPorts();
    const one = await addRecording(ports.archive);
    await putFacts(ports, [factsLine(one.conversationId, {})]);
    await compact(ports);
    const run = await readRunInputs(ports, unlimited);
    storeOf(ports).calls.length = 0;
    expect(await compactDay(ports, AT, run, unlimited)).toMatchObject({ outcome: 'unchanged', rows: 1 });
    const { calls } = storeOf(ports);
    expect(calls.filter(({ name }) => name === 'put' || name === 'replace')).toEqual([]);
    expect(calls.filter(({ name, key }) => name === 'get' && !key.endsWith('recordings.parquet'))).toEqual(
      [],
    );
  });

  it('reads only the receipts that are new', async () => {
    const ports = inventPorts();
    for (let count = 0; count < 5; count += 1) await addRecording(ports.archive);
    await compact(ports);
    await addRecording(ports.archive);
    expect(await compact(ports)).toMatchObject({ outcome: 'written', rows: 6, read: 1 });
  });

  it('ends as a rebuild would, after any order of arrivals, facts and erasures', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('arrive', 'facts', 'erase', 'compact', 'lose'), {
          minLength: 1,
          maxLength: 12,
        }),
        async (steps) => {
          const key = Buffer.alloc(32, 7);
          const ports = inventPorts({ key });
          const known = [await addRecording(ports.archive)];
          for (const step of steps) {
            const last = known[known.length - 1] as (typeof known)[number];
            if (step === 'arrive') known.push(await addRecording(ports.archive));
            if (step === 'facts') {
              const lines = known.map(({ conversationId }, at) =>
                factsLine(conversationId, { totalMs: 1000 * (at + 1) }),
              );
              await putFacts(ports, lines);
            }
            if (step === 'erase') await putErasure(ports.archive, last);
            if (step === 'lose') storeOf(ports).remove(last.key);
            if (step === 'compact') await compact(ports);
          }
          await compact(ports);
          const incremental = await rowsOfDay(ports);
          const rebuilt = versionedStore();
          for (const [name, object] of storeOf(ports).objects) {
            if (!name.startsWith('catalogue/recordings/')) rebuilt.objects.set(name, object);
          }
          const other = inventPorts({ key, archive: rebuilt });
          await compact(other);
          expect(incremental).toEqual(await rowsOfDay(other));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('comes to the same end whichever call of a store fails, before or after it had its effect', async () => {
    const key = Buffer.alloc(32, 7);
    const make = async () => {
      const ports = inventPorts({ key });
      const one = await addRecording(ports.archive);
      await putFacts(ports, [factsLine(one.conversationId, {})]);
      await compact(ports);
      await putErasure(ports.archive, one);
      const two = await addRecording(ports.archive, { recordingId: 'a0000000-0000-4000-8000-000000000001' });
      await putFacts(ports, [factsLine(one.conversationId, {}), factsLine(two.conversationId, {})]);
      storeOf(ports).calls.length = 0;
      return { ports, one, two };
    };
    const { ports: whole } = await make();
    await compact(whole);
    const total = storeOf(whole).calls.length;
    expect(total).toBeGreaterThan(10);
    for (let point = 0; point < total; point += 1) {
      for (const when of ['before', 'after'] as const) {
        const { ports, one, two } = await make();
        let call = 0;
        storeOf(ports).fault = (moment) => {
          if (moment !== when) return;
          call += 1;
          if (call - 1 === point) throw new ArchiveError('STORE_DENIED', 'planted');
        };
        await compact(ports).catch(() => undefined);
        storeOf(ports).fault = undefined;
        await compact(ports);
        const rows = await rowsOfDay(ports);
        expect(new Map(rows.map(({ key: name, state }) => [name, state]))).toEqual(
          new Map([
            [one.key, 'erased'],
            [two.key, 'archived'],
          ]),
        );
        const people = await readPeople(ports, AT, unlimited);
        expect([...people.keys()]).toEqual([keyHash(two.key)]);
      }
    }
  });

  it('loses no row to another writer of the same day, and begins again', async () => {
    const ports = inventPorts();
    await addRecording(ports.archive);
    await compact(ports);
    await addRecording(ports.archive);
    let raced = false;
    storeOf(ports).fault = async (when, name, key) => {
      if (raced || when !== 'before' || name !== 'replace' || key !== dayFileKey(DAY)) return;
      raced = true;
      await addRecording(ports.archive);
      await compact(ports);
    };
    expect(await compact(ports)).toMatchObject({ rows: 3 });
    expect(raced).toBe(true);
    const keys = (await rowsOfDay(ports)).map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
  });

  it('makes a damaged file anew', async () => {
    const ports = inventPorts();
    await addRecording(ports.archive);
    const options = { metadata: {}, contentType: 'application/octet-stream' };
    await ports.catalogue.put(dayFileKey(DAY), Buffer.from('PAR1 nothing'), options, unlimited);
    expect(await compact(ports)).toMatchObject({ outcome: 'written', rows: 1 });
    expect(await rowsOfDay(ports)).toHaveLength(1);
  });

  it('has rows without facts where no key opens them', async () => {
    const ports = inventPorts();
    const one = await addRecording(ports.archive);
    await putFacts(ports, [factsLine(one.conversationId, {})]);
    const { reader: _reader, envelope: _envelope, ...closed } = ports;
    await compact(closed);
    expect(await rowsOfDay(ports)).toMatchObject([{ facts: 'none', agent_ids: null, customer_hash: null }]);
    expect(await ports.catalogue.head(peopleFileKey(DAY), unlimited)).toBeUndefined();
  });

  it('has keyed hashes in place of agents where their ids are not to be in clear', async () => {
    const ports = inventPorts({ options: { agents: 'hash', facts: 'analytics', shards: 1 } });
    const one = await addRecording(ports.archive);
    await putFacts(ports, [factsLine(one.conversationId, {})]);
    await compact(ports);
    const [row] = await rowsOfDay(ports);
    expect(row?.agent_ids).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
  });
});
