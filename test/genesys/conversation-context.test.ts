import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import {
  CONTEXT_SCHEMA,
  describeConversation,
  fetchContext,
} from '../../src/genesys/conversation-context.ts';
import { connectRecordings } from './connect-recordings.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

const NOW = Date.UTC(2026, 4, 20, 12, 30);

describe('the context of a conversation', () => {
  it('has roles, queues, wrap-up, direction and holds, and no name or number of a person', async () => {
    const { api, conversation, close } = await connectRecordings([{}], {
      conversation: { endedAt: Date.UTC(2026, 4, 20, 12) },
      simulator: {},
    });
    open.push(close);
    const context = await fetchContext(api, conversation.id, NOW, unlimited);
    expect(context).toMatchObject({
      schema: CONTEXT_SCHEMA,
      conversationId: conversation.id,
      takenAt: '2026-05-20T12:30:00.000Z',
      startTime: '2026-05-20T11:59:00.000Z',
      endTime: '2026-05-20T12:00:00.000Z',
      direction: 'inbound',
      participants: [
        { purpose: 'customer', holds: [] },
        { purpose: 'acd', queueName: 'Support' },
        {
          purpose: 'agent',
          userId: expect.any(String) as unknown,
          wrapUp: { name: 'Resolved', durationSeconds: 12 },
          holds: [{ startTime: '2026-05-20T11:59:30.000Z', endTime: '2026-05-20T12:00:00.000Z' }],
        },
      ],
      recordings: [{ id: conversation.recordings[0]?.id, mediaSubtype: 'Trunk', pauses: [] }],
    });
    expect(context?.divisionIds).toHaveLength(1);
    const text = JSON.stringify(context);
    for (const personal of ['Jane Doe', '+1317', 'tel:']) expect(text).not.toContain(personal);
  });

  it('is nothing where the platform knows the conversation no more; a refusal is an error', async () => {
    const { api, conversation, simulator, close } = await connectRecordings([]);
    open.push(close);
    expect(await fetchContext(api, 'unknown', NOW, unlimited)).toBeUndefined();
    simulator.world.deny('conversation:communication:view');
    await expect(fetchContext(api, conversation.id, NOW, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_FORBIDDEN',
      hint: expect.stringContaining('conversation:communication:view') as unknown,
    });
  });

  it('has the pauses of each recording', () => {
    const annotations = [
      { type: 'pause', reason: 'SecurePause', location: 1000, durationMs: 2500, user: { name: 'Jane Doe' } },
      { type: 'bookmark', description: 'call me' },
    ];
    const context = describeConversation('c', {}, [{ id: 'r', media: 'audio', annotations }], NOW);
    expect(context.recordings).toEqual([
      { id: 'r', media: 'audio', pauses: [{ reason: 'SecurePause', offsetMs: 1000, durationMs: 2500 }] },
    ]);
  });

  it('leaves out malformed members', () => {
    const names = [
      'participants',
      'divisions',
      'calls',
      'segments',
      'wrapup',
      'id',
      'startTime',
      'annotations',
    ];
    const odd: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.anything(),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('node'), { maxKeys: 5 }),
      ),
    })).node;
    fc.assert(
      fc.property(odd, fc.array(odd, { maxLength: 3 }), (conversation, recordings) => {
        const context = describeConversation('c', conversation, recordings, NOW);
        expect(JSON.parse(JSON.stringify(context))).toEqual(context);
      }),
    );
  });
});
