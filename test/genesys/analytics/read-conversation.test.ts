import { describe, expect, it } from 'vitest';
import { readConversation } from '../../../src/genesys/analytics/read-conversation.ts';
import { readFacts, writeFacts } from '../../../src/record/facts-file.ts';

const START = '2026-11-20T10:00:00.000Z';
const END = '2026-11-20T10:06:00.000Z';

const INBOUND = {
  conversationId: 'c-1',
  conversationStart: START,
  conversationEnd: END,
  originatingDirection: 'inbound',
  divisionIds: ['division-1'],
  externalTag: 'case-17',
  evaluations: [{ evaluationId: 'evaluation-1' }],
  participants: [
    {
      participantId: 'p-1',
      purpose: 'customer',
      participantName: 'Ms Example',
      externalContactId: 'contact-1',
      attributes: { account: '4711', bad: 4 },
      sessions: [
        {
          sessionId: 's-1',
          mediaType: 'voice',
          direction: 'inbound',
          ani: 'tel:+4930123456',
          dnis: 'tel:+4930654321',
          recording: true,
          segments: [{ segmentStart: START, segmentEnd: END, segmentType: 'interact' }],
        },
      ],
    },
    {
      participantId: 'p-2',
      purpose: 'agent',
      userId: 'user-1',
      screenRecording: true,
      sessions: [
        {
          sessionId: 's-2',
          mediaType: 'voice',
          metrics: [
            { name: 'tTalkComplete', value: 200_000 },
            { name: 'tHeldComplete', value: 30_000 },
          ],
          segments: [
            { segmentStart: START, segmentEnd: END, segmentType: 'hold', queueId: 'queue-1' },
            {
              segmentStart: END,
              segmentType: 'wrapup',
              queueId: 'queue-1',
              wrapUpCode: 'code-1',
              wrapUpNote: 'called back',
              wrapUpTags: ['vip'],
            },
          ],
        },
      ],
    },
  ],
};

describe('a conversation of the analytics', () => {
  it('is read with its people, queues, results, times, attributes and notes', () => {
    expect(readConversation(INBOUND)).toMatchObject({
      conversationId: 'c-1',
      start: START,
      end: END,
      direction: 'inbound',
      divisionIds: ['division-1'],
      externalTag: 'case-17',
      media: ['voice'],
      recorded: { audio: true, screen: true, snippet: false },
      ani: 'tel:+4930123456',
      dnis: 'tel:+4930654321',
      agentIds: ['user-1'],
      queueIds: ['queue-1'],
      wrapUpCodes: ['code-1'],
      durations: { totalMs: 360_000, talkMs: 200_000, holdMs: 30_000 },
      evaluationIds: ['evaluation-1'],
    });
    const [customer, agent] = readConversation(INBOUND)?.participants ?? [];
    expect(customer).toMatchObject({ name: 'Ms Example', attributes: { account: '4711' } });
    expect(agent?.sessions[0]).toMatchObject({
      holds: [{ start: START, end: END }],
      wrapUps: [{ code: 'code-1', note: 'called back', tags: ['vip'], start: END }],
    });
    // its last segment has not ended
    expect(agent?.sessions[0]).not.toHaveProperty('end');
  });

  it('goes into a facts file as it is', async () => {
    const conversation = readConversation(INBOUND);
    if (conversation === undefined) throw new Error('is none');
    const unknown = { status: 'not-asked' } as const;
    const header = {
      schema: 'genesys-media-archive/facts/v1',
      day: '2026-11-20',
      source: 'analytics-details-job',
      fetchedAt: END,
      part: 1,
      parts: 1,
      writtenBy: 'run',
      named: { queues: unknown, wrapUps: unknown, divisions: unknown, users: unknown },
    } as const;
    const body: Uint8Array[] = [];
    for await (const chunk of writeFacts(header, [conversation])) body.push(chunk);
    const { lines } = await readFacts('facts/x', body);
    const read: unknown[] = [];
    for await (const line of lines) read.push(line);
    expect(read).toEqual([conversation]);
  });

  it('is none without an id that may stand in a path, or without a start', () => {
    for (const wrong of [
      undefined,
      [],
      { ...INBOUND, conversationId: '../x' },
      { ...INBOUND, conversationStart: 'soon' },
    ]) {
      expect(readConversation(wrong)).toBeUndefined();
    }
  });

  it('loses only what is malformed of it', () => {
    const odd = {
      ...INBOUND,
      participants: [
        7,
        { participantId: '/' },
        { participantId: 'p', sessions: [{}, { sessionId: 's', segments: 'none', recording: 'yes' }] },
      ],
    };
    const read = readConversation(odd);
    expect(read?.participants).toEqual([
      { id: 'p', sessions: [{ id: 's', queueIds: [], holds: [], wrapUps: [] }] },
    ]);
    expect(read?.recorded).toEqual({ audio: false, screen: false, snippet: false });
  });
});
