import { describe, expect, it } from 'vitest';
import { compactDay } from '../../../src/catalogue/day/compact-day.ts';
import { callFactsOfContext } from '../../../src/catalogue/day/contexts-of-day.ts';
import { openDayFile, readRows } from '../../../src/catalogue/day/day-file.ts';
import { readPeople } from '../../../src/catalogue/day/people-file.ts';
import { dayFileKey, WHOLE_DAY } from '../../../src/catalogue/places.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import { keyHash } from '../../../src/catalogue/day/row.ts';
import type { CatalogueRow } from '../../../src/catalogue/schema.ts';
import { sealBytes } from '../../../src/record/sealed-object.ts';
import { readRunInputs } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import { describeConversation } from '../../../src/genesys/conversation-context.ts';
import { contextKey } from '../../../src/record/object-key.ts';
import { parseContext } from '../../../src/record/parse-context.ts';
import { recordingLogger } from '../../recording-logger.ts';
import {
  addRecording,
  DAY,
  factsLine,
  inventPorts,
  type Invented,
  putErasure,
  putFacts,
} from '../invented-archive.ts';
import type { VersionedStore } from '../versioned-store.ts';

const AT = { day: DAY, shard: WHOLE_DAY };
const AGENT = '8b1a9953-c461-4e1d-8f4f-0c4d2d7b3a11';

/** As the platform answers for one call. */
const CONVERSATION = {
  startTime: `${DAY}T08:00:00.000Z`,
  endTime: `${DAY}T08:01:30.000Z`,
  divisions: [{ division: { id: 'division-1' } }],
  participants: [
    {
      id: 'p1',
      purpose: 'customer',
      name: 'Kim Beispiel',
      address: 'tel:+4915112345678',
      calls: [{ direction: 'inbound' }],
    },
    {
      id: 'p2',
      purpose: 'agent',
      userId: AGENT,
      queueId: 'queue-1',
      queueName: 'Claims',
      wrapup: { code: 'wrap-1', name: 'Solved', durationSeconds: 4, notes: 'private' },
    },
  ],
};

function contextOf({ conversationId, recordingId }: Invented): string {
  const recordings = [{ id: recordingId, media: 'audio' }];
  return JSON.stringify(
    describeConversation(conversationId, CONVERSATION, recordings, Date.parse(`${DAY}T09:00:00Z`)),
  );
}

async function putContext({ archive, envelope }: CataloguePorts, one: Invented, text = contextOf(one)) {
  if (envelope === undefined) throw new Error('contexts are sealed');
  const { body, options } = await sealBytes(envelope, one, Buffer.from(text), unlimited);
  await archive.put(contextKey(one.key), body, options, unlimited);
}

const OPTIONS = { agents: 'id', facts: 'context', shards: 1 } as const;
const ports = (more: Parameters<typeof inventPorts>[0] = {}) => inventPorts({ options: OPTIONS, ...more });

async function compact(given: CataloguePorts) {
  return compactDay(given, AT, await readRunInputs(given, unlimited), unlimited);
}

async function rowsOfDay({ catalogue, tables, archive }: CataloguePorts): Promise<CatalogueRow[]> {
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

function contextsRead({ archive }: CataloguePorts): number {
  return (archive as VersionedStore).calls.filter(
    ({ name, key }) => name === 'get' && key.startsWith('context/'),
  ).length;
}

describe('a day of the catalogue from contexts', () => {
  it('has agents, queues and wrap-ups of the context beside the recording, and no number', async () => {
    const own = ports();
    const one = await addRecording(own.archive);
    const bare = await addRecording(own.archive);
    await putContext(own, one);
    expect(await compact(own)).toMatchObject({ outcome: 'written', rows: 2 });
    const rows = new Map((await rowsOfDay(own)).map((row) => [row.key, row]));
    expect(rows.get(one.key)).toMatchObject({
      facts: 'context',
      duration_ms: 90_000,
      media: 'call',
      direction: 'inbound',
      agent_ids: [AGENT],
      queue_ids: ['queue-1'],
      queue_names: ['Claims'],
      division_ids: ['division-1'],
      wrap_up_codes: ['wrap-1'],
      wrap_up_names: ['Solved'],
      company_address: null,
      customer_hash: null,
    });
    expect(rows.get(bare.key)).toMatchObject({ facts: 'none', agent_ids: null });
    const clear = (own.archive as VersionedStore).versions.filter(({ key }) => key.startsWith('catalogue/'));
    for (const { body } of clear)
      expect(/Kim Beispiel|15112345678|private/.test(body.toString('latin1'))).toBe(false);
  });

  it('reads one context of a conversation, and none again that the day has already', async () => {
    const own = ports({ options: { ...OPTIONS, agents: 'hash' } });
    const first = await addRecording(own.archive);
    const second = await addRecording(own.archive, { conversationId: first.conversationId });
    for (const one of [first, second]) await putContext(own, one);
    await compact(own);
    expect(contextsRead(own)).toBe(1);
    const before = await rowsOfDay(own);
    const third = await addRecording(own.archive);
    await putContext(own, third);
    expect(await compact(own)).toMatchObject({ outcome: 'written', rows: 3 });
    expect(contextsRead(own)).toBe(2);
    const after = await rowsOfDay(own);
    for (const row of before) expect(after).toContainEqual(row);
    const people = await readPeople(own, AT, unlimited);
    expect(people.get(keyHash(first.key))).toMatchObject({ agent_ids: [AGENT] });
    expect(after[0]?.agent_ids).not.toEqual([AGENT]);
  });

  it('has agents as the setting says also of contexts that were read before', async () => {
    const own = ports();
    const one = await addRecording(own.archive);
    await putContext(own, one);
    await compact(own);
    const hashed = { ...own, options: { ...OPTIONS, agents: 'hash' } as const };
    await compact(hashed);
    expect((await rowsOfDay(hashed))[0]?.agent_ids).not.toEqual([AGENT]);
    await compact(own);
    expect((await rowsOfDay(own))[0]?.agent_ids).toEqual([AGENT]);
  });

  it('is brought up to date when a context comes later than its recording', async () => {
    const own = ports();
    const one = await addRecording(own.archive);
    await compact(own);
    expect((await rowsOfDay(own))[0]?.facts).toBe('none');
    await putContext(own, one);
    expect(await compact(own)).toMatchObject({ outcome: 'written' });
    expect((await rowsOfDay(own))[0]?.facts).toBe('context');
    expect(await compact(own)).toMatchObject({ outcome: 'unchanged' });
  });

  it('goes on without contexts that are damaged, of another conversation, or sealed with another key', async () => {
    const logger = recordingLogger();
    const own = ports({ logger });
    const [damaged, foreign, sealed, good] = [
      await addRecording(own.archive),
      await addRecording(own.archive),
      await addRecording(own.archive),
      await addRecording(own.archive),
    ];
    await putContext(own, damaged, '{"schema":"genesys-media-archive/context/v1"}');
    await putContext(own, foreign, contextOf({ ...foreign, conversationId: good.conversationId }));
    await putContext({ ...own, envelope: createStaticEnvelope(Buffer.alloc(32, 7)) }, sealed);
    await putContext(own, good);
    expect(await compact(own)).toMatchObject({ outcome: 'written', rows: 4 });
    const states = new Map((await rowsOfDay(own)).map(({ key, facts }) => [key, facts]));
    expect([damaged, foreign, sealed, good].map(({ key }) => states.get(key))).toEqual([
      'none',
      'none',
      'none',
      'context',
    ]);
    expect(logger.lines.filter((line) => line.includes('"warn"'))).toHaveLength(1);
  });

  it('says nothing of a conversation that is erased, and leaves facts of the analytics alone', async () => {
    const own = ports();
    const one = await addRecording(own.archive);
    const other = await addRecording(own.archive);
    await putFacts(own, [factsLine(other.conversationId, { agents: ['agent-2'] })]);
    await putContext(own, one);
    await compact(own);
    await putErasure(own.archive, one);
    await compact(own);
    const rows = new Map((await rowsOfDay(own)).map((row) => [row.key, row]));
    expect(rows.get(one.key)).toMatchObject({ state: 'erased', agent_ids: null, queue_names: null });
    expect(rows.get(other.key)).toMatchObject({ facts: 'none', agent_ids: null });
    expect((await readPeople(own, AT, unlimited)).size).toBe(0);
  });
});

describe('the facts of a context', () => {
  it('are null where the context does not tell', () => {
    const text = JSON.stringify(
      describeConversation('c1', { participants: [{ id: 'p', purpose: 'ivr' }] }, [], 0),
    );
    expect(callFactsOfContext(parseContext('context/x', text))).toMatchObject({
      durationMs: null,
      direction: null,
      media: [],
      agentIds: [],
      queueIds: [],
      queueNames: null,
      wrapUpNames: null,
      customer: null,
    });
  });
});
