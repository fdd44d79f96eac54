import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { fetchContext } from '../../src/genesys/conversation-context.ts';
import { findForeignId } from '../../src/genesys/answer-ids.ts';
import { createMediaApi } from '../../src/genesys/media/api.ts';
import { isSameId } from '../../src/recording/id.ts';
import { connectRecordings, MINUTE, type RecordingsConnectOptions } from './connect-recordings.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

const MEDIA = 'a1b2c3d4-5678-40ab-8def-1234567890ab';
const INTERACTION = 'b1b2c3d4-5678-40ab-8def-1234567890ab';
const STRANGER = 'ffffffff-5678-40ab-8def-1234567890ab';
const url = 'https://media.example.com/a.wav';
const complete = { id: MEDIA, status: 'complete', downloadUrl: url };

/** What the tutorial's look-up makes of an answer: its state, or the code of its error. */
async function lookUp(body: unknown, organizationId?: string): Promise<string> {
  const answer = { status: 200, text: JSON.stringify(body), errorCode: undefined, correlationId: 'c-1' };
  const resolver = createMediaApi({ call: async () => answer }, organizationId);
  const request = { dialect: 'media', mediaId: MEDIA, interactionId: INTERACTION } as const;
  return resolver.resolve(request, unlimited).then(
    ({ state }) => state,
    (error: unknown) => {
      expect(error).toMatchObject({ retryable: true });
      expect((error as Error).message).not.toContain(STRANGER);
      return (error as { code: string }).code;
    },
  );
}

describe('the tutorial’s look-up', () => {
  it.each([
    ['another id', { ...complete, id: STRANGER }],
    ['an id that is a number', { ...complete, id: 7 }],
    ['an empty id', { ...complete, id: '' }],
    ['an id with a blank behind it', { ...complete, id: `${MEDIA} ` }],
    ['no id', { status: 'complete', downloadUrl: url }],
    ['null for an id', { ...complete, id: null }],
    ['another interaction', { ...complete, interactionId: STRANGER }],
    ['another conversation', { ...complete, conversationId: STRANGER }],
    ['another mediaId beside the right id', { ...complete, mediaId: STRANGER }],
    ['another recording beside the right id', { ...complete, recordingId: STRANGER }],
    ['another interaction, nested', { ...complete, interaction: { id: STRANGER } }],
    ['another recording, nested', { ...complete, recording: { id: STRANGER } }],
    ['another conversation in a nested recording', { ...complete, recording: { conversationId: STRANGER } }],
    ['another state of another recording', { id: STRANGER, status: 'processing' }],
    ['a deletion of another recording', { id: STRANGER, status: 'deleted' }],
  ])('with %s is a bad response', async (_name, body) => {
    expect(await lookUp(body)).toBe('GENESYS_BAD_RESPONSE');
  });

  it('is compared without regard to letter case, as UUIDs are', async () => {
    const body = { ...complete, id: MEDIA.toUpperCase(), interactionId: INTERACTION.toUpperCase() };
    expect(await lookUp(body)).toBe('ready');
    expect(isSameId('call-a', 'call-A')).toBe(false);
  });

  it('may name all that was asked, and leave out what is not its id', async () => {
    expect(await lookUp(complete)).toBe('ready');
    expect(await lookUp({ ...complete, interactionId: null, conversation: {}, media: 'audio' })).toBe(
      'ready',
    );
    expect(await lookUp({ status: 'deleted' })).toBe('gone');
  });

  it('of another organization is a bad response where the organization is known', async () => {
    expect(await lookUp({ ...complete, organizationId: STRANGER })).toBe('ready');
    expect(await lookUp({ ...complete, organizationId: STRANGER }, INTERACTION)).toBe('GENESYS_BAD_RESPONSE');
    expect(await lookUp({ ...complete, organization: { id: STRANGER } }, INTERACTION)).toBe(
      'GENESYS_BAD_RESPONSE',
    );
    expect(await lookUp({ ...complete, organizationId: INTERACTION }, INTERACTION)).toBe('ready');
  });
});

async function start(count: number, options?: RecordingsConnectOptions) {
  const connection = await connectRecordings(
    Array.from({ length: count }, () => ({ transcodingS: 0 })),
    options,
  );
  open.push(connection.close);
  const { resolver, request, simulator, conversation } = connection;
  const resolve = async () => {
    const resolution = await resolver.resolve(request, unlimited);
    if (resolution.state !== 'ready') throw new Error(resolution.state);
    const { items, pending = [], terminal = [], failed = [] } = resolution;
    return {
      items: items.map(({ ids }) => ids.recordingId),
      failed: failed.map(({ recordingId, error }) => [recordingId, error.code]),
      others: pending.length + terminal.length,
    };
  };
  const answerWith = (on: 'recording' | 'conversation' | 'batch', body: unknown, skip = 0, id?: string) => {
    const fault = { kind: 'answer', body: JSON.stringify(body) } as const;
    simulator.faults.add({ on, skip, ...(id === undefined ? {} : { id }), fault });
  };
  return { ...connection, resolve, answerWith, conversationId: conversation.id };
}

describe('the published API', () => {
  it('a listed recording of another conversation is not archived, and the others are', async () => {
    const { resolve, answerWith, ids, conversationId } = await start(2);
    answerWith('recording', [
      { id: ids[0], conversationId, media: 'audio', fileState: 'AVAILABLE' },
      { id: ids[1], conversationId: STRANGER, media: 'audio', fileState: 'AVAILABLE' },
      { id: 'a/b', conversationId },
    ]);
    expect(await resolve()).toEqual({
      items: [ids[0]],
      failed: [
        [ids[1], 'GENESYS_BAD_RESPONSE'],
        [undefined, 'GENESYS_BAD_RESPONSE'],
      ],
      others: 0,
    });
  });

  it.each([
    ['another id', { id: STRANGER }],
    ['another conversation', { conversationId: STRANGER }],
    ['another conversation, nested', { conversation: { id: STRANGER } }],
    ['another recording of a file', { mediaUris: { S: { mediaUri: url, recordingId: STRANGER } } }],
    ['another conversation of a file', { mediaUris: { S: { mediaUri: url, conversationId: STRANGER } } }],
    ['a conversation that is no text', { conversationId: [1] }],
  ])('a recording with %s is a bad response', async (_name, wrong) => {
    const { resolve, answerWith, ids, conversationId } = await start(2);
    const right = { id: ids[0], conversationId, media: 'audio', mediaUris: { S: { mediaUri: url } } };
    answerWith('recording', { ...right, ...wrong }, 0, ids[0]);
    expect(await resolve()).toEqual({
      items: [ids[1]],
      failed: [[ids[0], 'GENESYS_BAD_RESPONSE']],
      others: 0,
    });
  });

  it('a recording in another letter case is the one that was asked for, under the id it was listed by', async () => {
    const { resolve, answerWith, ids, conversationId } = await start(1);
    const id = ids[0] ?? '';
    answerWith(
      'recording',
      {
        id: id.toUpperCase(),
        conversationId: conversationId.toUpperCase(),
        mediaUris: { S: { mediaUri: url } },
      },
      0,
      id,
    );
    expect(await resolve()).toEqual({ items: [id], failed: [], others: 0 });
  });

  it.each([
    ['another conversation', (ids: readonly string[]) => ({ recordingId: ids[0], conversationId: STRANGER })],
    ['a stranger in its place', () => ({ recordingId: STRANGER })],
    ['no recording at all', () => ({})],
  ])('a batch result with %s is a bad response, and the others are archived', async (_name, wrong) => {
    const { resolve, answerWith, ids, conversationId } = await start(2, { resolver: { batch: true } });
    const results = [
      { conversationId, resultUrl: url, contentType: 'audio/wav', ...wrong(ids) },
      { conversationId, recordingId: ids[1]?.toUpperCase(), resultUrl: url, contentType: 'audio/wav' },
    ];
    answerWith('batch', { status: 'Completed', results }, 1);
    expect(await resolve()).toEqual({
      items: [ids[1]],
      failed: [[ids[0], 'GENESYS_BAD_RESPONSE']],
      others: 0,
    });
  });

  it('the results of another batch are a bad response', async () => {
    const { resolve, answerWith } = await start(1, { resolver: { batch: true } });
    answerWith('batch', { id: STRANGER, status: 'Completed', results: [] }, 1);
    await expect(resolve()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE', retryable: true });
  });

  it('another conversation tells neither when this one ended nor what it was', async () => {
    const { resolver, request, api, answerWith, conversationId } = await start(0);
    const other = { id: STRANGER, startTime: '2020-01-01T00:00:00Z', endTime: '2020-01-01T00:01:00Z' };
    answerWith('conversation', other);
    const { endedAt: _, ...unaware } = request;
    await expect(resolver.resolve(unaware, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_BAD_RESPONSE',
    });
    answerWith('conversation', other);
    await expect(fetchContext(api, conversationId, 0, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_BAD_RESPONSE',
    });
  });

  it('a restored recording that is another one is not taken for restored', async () => {
    const connection = await connectRecordings([{ fate: 'archived' }], {
      resolver: { restoreArchived: true },
    });
    open.push(connection.close);
    const { resolver, request, simulator, ids, clock } = connection;
    clock.advance(MINUTE);
    const fault = { kind: 'answer', body: JSON.stringify({ id: STRANGER }) } as const;
    simulator.faults.add({ on: 'recording', id: ids[0] ?? '', fault });
    expect(await resolver.resolve(request, unlimited)).toMatchObject({
      failed: [{ recordingId: ids[0], error: { code: 'GENESYS_BAD_RESPONSE' } }],
    });
  });

  it('ids of users, sessions and messages are not taken for those of the recording', () => {
    const recording = {
      id: MEDIA,
      sessionId: STRANGER,
      users: [{ id: STRANGER, conversationId: STRANGER }],
      annotations: [{ id: STRANGER, user: { id: STRANGER } }],
      associatedConversationIds: [STRANGER],
    };
    const asked = { conversationId: INTERACTION, recordingId: MEDIA };
    expect(findForeignId(recording, asked, 'recordingId')).toBeUndefined();
  });

  it('8 MB of brackets, or a list of thousands, is a bad response at once', async () => {
    for (const body of [
      '['.repeat(4e6) + ']'.repeat(4e6),
      JSON.stringify(Array.from({ length: 2_001 }, () => 0)),
    ]) {
      const { resolver, request, simulator } = await start(1);
      simulator.faults.add({ on: 'recording', fault: { kind: 'answer', body } });
      await expect(resolver.resolve(request, unlimited)).rejects.toMatchObject({
        code: 'GENESYS_BAD_RESPONSE',
      });
    }
  });
});
