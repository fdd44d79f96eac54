import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readRecording } from '../../../src/genesys/recordings/answers.ts';
import { KnownContexts } from '../../../src/backfill/facts/known-contexts.ts';
import { readFactsDay } from '../../../src/backfill/facts/read-facts-day.ts';
import { NOTHING_NAMED, openFactsDay } from '../../../src/backfill/facts/store-facts.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { createEnvelopeReader } from '../../../src/envelope/envelope-reader.ts';
import { openEnvelope, openEnvelopeReader } from '../../../src/envelope/keys/sources.ts';
import { silentLogger } from '../../../src/log.ts';
import type { AnalyzedConversation } from '../../../src/ports.ts';
import { FactsPart, readFacts } from '../../../src/record/facts-file.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';

const DAY = '2026-11-20';
const dirs: string[] = [];
afterEach(async () => {
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

function conversation(
  conversationId: string,
  end: string | undefined = `${DAY}T10:05:00.000Z`,
): AnalyzedConversation {
  return {
    conversationId,
    start: `${DAY}T10:00:00.000Z`,
    ...(end === undefined ? {} : { end }),
    direction: 'inbound',
    divisionIds: ['division-1'],
    media: ['voice'],
    recorded: { audio: true, screen: false, snippet: false },
    ani: 'tel:+4930123456',
    agentIds: ['user-1'],
    queueIds: ['queue-1'],
    wrapUpCodes: ['code-1'],
    durations: { totalMs: 300_000 },
    participants: [
      {
        id: 'p-1',
        purpose: 'customer',
        name: 'Ms Example',
        attributes: { account: '4711' },
        sessions: [{ id: 's-1', ani: 'tel:+4930123456', queueIds: [], holds: [], wrapUps: [] }],
      },
      {
        id: 'p-2',
        purpose: 'agent',
        userId: 'user-1',
        sessions: [
          {
            id: 's-2',
            start: `${DAY}T10:00:00.000Z`,
            end: `${DAY}T10:05:00.000Z`,
            queueIds: ['queue-1'],
            holds: [{ start: `${DAY}T10:01:00.000Z`, end: `${DAY}T10:02:00.000Z` }],
            wrapUps: [{ code: 'code-1', note: 'called Ms Example back' }],
          },
        ],
      },
    ],
    evaluationIds: [],
    surveyIds: [],
  };
}

async function set() {
  const dir = await mkdtemp(join(tmpdir(), 'facts-'));
  dirs.push(dir);
  const store = createDirectoryStore(dir, systemClock);
  const context = { clock: systemClock, logger: silentLogger };
  const sources = { staticKey: randomBytes(32) };
  const envelope = await openEnvelope({ mode: 'static', format: 'static-gcm' }, sources, context);
  const reader = await openEnvelopeReader(sources, context);
  const write = async (
    conversations: readonly AnalyzedConversation[],
    until = Date.parse(`${DAY}T23:59:59.000Z`),
  ) => {
    const named = { ...NOTHING_NAMED, queues: { status: 'known', names: { 'queue-1': 'Sales' } } } as const;
    const ports = { store, envelope, clock: systemClock, named, writtenBy: randomBytes(4).toString('hex') };
    const day = openFactsDay(ports, DAY, unlimited);
    for (const one of conversations) await day.add(one);
    await day.finish(until);
  };
  return { dir, store, reader, write };
}

async function idsOf(source: Parameters<typeof readFactsDay>[0]) {
  const facts = await readFactsDay(source, DAY, unlimited);
  const ids: string[] = [];
  for await (const { conversationId } of facts?.lines ?? []) ids.push(conversationId);
  return ids;
}

describe('the facts of a day', () => {
  it('are stored sealed, and read back as they were', async () => {
    const { dir, store, reader, write } = await set();
    await write([conversation('a'), conversation('b')]);
    expect(await idsOf({ store, reader })).toEqual(['a', 'b']);
    const stored = await readFile(join(dir, 'facts/2026/11/20/conversations.ndjson.gz.enc'));
    expect(stored.includes('4711')).toBe(false);
    await expect(readFacts('facts/x', [stored])).rejects.toMatchObject({ code: 'OBJECT_MALFORMED' });
  });

  it('are replaced as a whole, and none of an earlier writing is mixed in', async () => {
    const { store, reader, write } = await set();
    await write([conversation('a'), conversation('b')]);
    await write([conversation('c')]);
    expect(await idsOf({ store, reader })).toEqual(['c']);
  });

  it('are not there before they were written', async () => {
    const { store, reader } = await set();
    expect(await readFactsDay({ store, reader }, DAY, unlimited)).toBeUndefined();
  });

  it('of a part are compressed as they come, its header last', async () => {
    const part = new FactsPart();
    for (const id of ['a', 'b', 'c']) await part.add(conversation(id));
    const header = {
      schema: 'genesys-media-archive/facts/v1',
      day: DAY,
      source: 'analytics-details-job',
      fetchedAt: `${DAY}T10:00:00.000Z`,
      part: 1,
      parts: 1,
      writtenBy: 'run',
      named: NOTHING_NAMED,
    } as const;
    const read = await readFacts('facts/x', [await part.pack(header)]);
    const ids: string[] = [];
    for await (const { conversationId } of read.lines) ids.push(conversationId);
    expect([read.header.parts, ids]).toEqual([1, ['a', 'b', 'c']]);
  });
});

describe('the context of a conversation', () => {
  const items = [{ conversationId: 'A', startedAt: Date.parse(`${DAY}T10:00:00Z`) }];

  it('comes from its day’s facts, without what is about people', async () => {
    const { store, reader, write } = await set();
    await write([conversation('a'), conversation('A')]);
    const contexts = new KnownContexts({ store, reader }, () => undefined);
    await contexts.prepare(items, unlimited);
    const { context, communicationIds } = contexts.take('A') ?? {};
    // the customer's first
    expect(communicationIds).toEqual(['s-1', 's-2']);
    expect(context).toMatchObject({
      schema: 'genesys-media-archive/context/v1',
      conversationId: 'A',
      source: 'analytics',
      direction: 'inbound',
      participants: [
        { id: 'p-1', purpose: 'customer', holds: [] },
        { id: 'p-2', userId: 'user-1', queueId: 'queue-1', queueName: 'Sales', wrapUp: { code: 'code-1' } },
      ],
    });
    const text = JSON.stringify(context);
    for (const personal of ['4930', 'Example', '4711', 'called']) expect(text).not.toContain(personal);
    expect(contexts.take('A')).toBeUndefined();
  });

  it('says where recordings were paused, as the list of recordings states it', async () => {
    const { store, reader, write } = await set();
    await write([conversation('A')]);
    const contexts = new KnownContexts({ store, reader }, () => undefined);
    await contexts.prepare(items, unlimited);
    const annotations = [
      { reason: 'SecurePause', location: 4_000, durationMs: 12_000, user: { name: 'Kim' } },
      { reason: 'Hold', location: 20_000 },
      'none',
    ];
    const listed = readRecording({ id: 'R', media: 'audio', mediaSubtype: 'Trunk', annotations });
    contexts.note('A', listed === undefined ? [] : [listed]);
    contexts.note('other', []);
    expect(contexts.take('A')?.context).toMatchObject({
      recordings: [
        {
          id: 'R',
          media: 'audio',
          mediaSubtype: 'Trunk',
          pauses: [{ reason: 'SecurePause', offsetMs: 4_000, durationMs: 12_000 }],
        },
      ],
    });
    expect(contexts.take('other')).toBeUndefined();
  });

  it('is asked for one by one where the facts are older than its end, or cannot be opened', async () => {
    const { store, reader, write } = await set();
    await write([conversation('A')], Date.parse(`${DAY}T10:01:00.000Z`));
    const stale = new KnownContexts({ store, reader }, () => undefined);
    await stale.prepare(items, unlimited);
    expect(stale.take('A')).toBeUndefined();
    await write([conversation('A')]);
    const told: string[] = [];
    const other = createEnvelopeReader({ unwrappers: [], staticKey: randomBytes(32) });
    const locked = new KnownContexts({ store, reader: other }, (day, code) => told.push(`${day} ${code}`));
    await locked.prepare(items, unlimited);
    expect([locked.take('A'), told]).toEqual([undefined, [`${DAY} DECRYPT_FAILED`]]);
  });
});
