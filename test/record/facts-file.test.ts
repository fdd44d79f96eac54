import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import {
  FACTS_SCHEMA,
  type FactsHeader,
  factsIds,
  factsKey,
  type FactsLine,
  parseFactsKey,
  readFacts,
  writeFacts,
} from '../../src/record/facts-file.ts';
import { isSafeId } from '../../src/recording/id.ts';
import { gather } from '../gather.ts';

const HEADER: FactsHeader = {
  schema: FACTS_SCHEMA,
  day: '2026-11-20',
  source: 'analytics-details-job',
  fetchedAt: '2026-11-22T03:00:00.000Z',
  dataAvailableUntil: '2026-11-22T00:00:00.000Z',
  part: 1,
  parts: 1,
  writtenBy: 'run-1',
  named: {
    queues: { status: 'known', names: { 'queue-1': 'Sales' } },
    wrapUps: { status: 'forbidden' },
    divisions: { status: 'not-asked' },
    users: { status: 'failed' },
  },
};

function conversation(conversationId: string): FactsLine {
  return {
    conversationId,
    start: '2026-11-20T10:00:00.000Z',
    end: '2026-11-20T10:05:00.000Z',
    direction: 'inbound',
    divisionIds: ['division-1'],
    media: ['voice'],
    recorded: { audio: true, screen: false, snippet: false },
    ani: 'tel:+4930123456',
    dnis: 'tel:+4930654321',
    agentIds: ['user-1'],
    queueIds: ['queue-1'],
    wrapUpCodes: ['code-1'],
    durations: { totalMs: 300_000, holdMs: 0 },
    participants: [
      {
        id: 'participant-1',
        purpose: 'customer',
        attributes: { account: '4711' },
        sessions: [{ id: 'session-1', media: 'voice', queueIds: [], holds: [], wrapUps: [] }],
      },
    ],
    evaluationIds: [],
    surveyIds: [],
  };
}

const write = async (lines: readonly FactsLine[]) => Buffer.concat(await gather(writeFacts(HEADER, lines)));

async function expectMalformed(body: Buffer): Promise<void> {
  const reading = readFacts('facts/x', [body]).then(({ lines }) => gather(lines));
  await expect(reading).rejects.toMatchObject({ code: 'OBJECT_MALFORMED' });
}

describe('a facts file', () => {
  it('is read back as it was written, header first, then each conversation', async () => {
    const lines = Array.from({ length: 500 }, (_, at) => conversation(`conversation-${at}`));
    const body = await write(lines);
    expect(gunzipSync(body).toString().split('\n')).toHaveLength(502);
    // in pieces that end anywhere
    const pieces = Array.from({ length: Math.ceil(body.length / 7) }, (_, at) =>
      body.subarray(at * 7, at * 7 + 7),
    );
    const read = await readFacts('facts/x', pieces);
    expect(read.header).toEqual(HEADER);
    expect(await gather(read.lines)).toEqual(lines);
  });

  it('is read although a later version has added fields', async () => {
    const later = { ...conversation('c'), sentiment: 3 };
    const text = `${JSON.stringify({ ...HEADER, colour: 'red' })}\n${JSON.stringify(later)}\n`;
    const read = await readFacts('facts/x', [gzipSync(text)]);
    expect(await gather(read.lines)).toEqual([conversation('c')]);
  });

  it('is refused when it ends early, has a foreign line, or no header', async () => {
    const body = await write([conversation('a'), conversation('b')]);
    await expectMalformed(body.subarray(0, body.length - 20));
    await expectMalformed(Buffer.from('no gzip at all'));
    await expectMalformed(gzipSync(''));
    await expectMalformed(gzipSync(`${JSON.stringify(conversation('a'))}\n`));
    await expectMalformed(gzipSync(`${JSON.stringify(HEADER)}\n{"conversationId":"a"}\n`));
    await expectMalformed(gzipSync(`${JSON.stringify(HEADER)}\n${JSON.stringify(conversation('a'))}`));
  });

  it('passes on what goes wrong with its source, on both ways', async () => {
    const failure = new ArchiveError('STORE_UNAVAILABLE', 'planted');
    async function* broken() {
      yield conversation('a');
      await Promise.reject(failure);
    }
    await expect(gather(writeFacts(HEADER, broken()))).rejects.toBe(failure);
    const body = await write([conversation('a')]);
    async function* dropped() {
      yield body.subarray(0, 30);
      await Promise.reject(failure);
    }
    const reading = readFacts('facts/x', dropped()).then(({ lines }) => gather(lines));
    await expect(reading).rejects.toBe(failure);
  });

  it('has a key of its day, and ids that no recording can have', () => {
    expect(factsKey('2026-11-20')).toBe('facts/2026/11/20/conversations.ndjson.gz.enc');
    for (const part of [1, 2, 17]) {
      expect(parseFactsKey(factsKey('2026-11-20', part))).toEqual({ day: '2026-11-20', part });
    }
    for (const other of ['2026/02/30/conversations', '2026/11/20/conversations-1', '2026/11/20/other']) {
      expect(parseFactsKey(`facts/${other}.ndjson.gz.enc`)).toBeUndefined();
    }
    const ids = factsIds('2026-11-20');
    expect(ids).toEqual({ conversationId: 'catalogue/v1', recordingId: 'facts/2026-11-20' });
    expect([ids.conversationId, ids.recordingId].some(isSafeId)).toBe(false);
  });
});
