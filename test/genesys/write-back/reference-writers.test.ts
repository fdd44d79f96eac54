import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import {
  createReferenceWriter,
  type WriteBackChoice,
} from '../../../src/genesys/write-back/reference-writer.ts';
import { WRITE_BACKS } from '../../../src/recording/write-back.ts';
import type { ScriptedConversation } from '../../../packages/simulator/src/published/recordings/scripted.ts';
import { connectRecordings } from '../connect-recordings.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

const SCHEMA = 'f4a1f3a0-7f6a-4a7e-9a51-5d0c5c9a0e11';
const reference = {
  key: 'archive/2026/01/02/x.enc',
  archivedAt: Date.UTC(2026, 0, 2),
  algorithm: 'AES-256-GCM',
} as const;

async function start(
  writeBack: WriteBackChoice['writeBack'],
  conversation: Omit<ScriptedConversation, 'recordings'> = {},
) {
  const connection = await connectRecordings([{}, {}], { conversation });
  open.push(connection.close);
  const { api, logger, ids, conversation: made, simulator } = connection;
  const writer = createReferenceWriter(api, logger, { writeBack, customAttributesSchema: SCHEMA });
  const write = async (at = 0, key: string = reference.key, conversationId = made.id) =>
    writer?.write({ conversationId, recordingId: ids[at] ?? '' }, { ...reference, key }, unlimited);
  const written = () =>
    simulator.requests.filter(({ method, route }) => method !== 'GET' && route !== 'POST /oauth/token');
  return { ...connection, write, written };
}

describe('annotation', () => {
  it('is added to the recording, once', async () => {
    const { write, conversation, written } = await start('annotation');
    await write(1);
    await write(1);
    expect(
      conversation.recordings.map(({ annotations }) => annotations.map(({ description }) => description)),
    ).toEqual([[], ['Archived 2026-01-02T00:00:00.000Z (AES-256-GCM): archive/2026/01/02/x.enc']]);
    expect(written()).toHaveLength(1);
  });

  it('fits, however long the key is', async () => {
    const { write, conversation } = await start('annotation');
    await write(0, 'x'.repeat(512));
    expect(conversation.recordings[0]?.annotations[0]?.description).toHaveLength(500);
  });
});

describe('a look that cannot be understood', () => {
  it.each(['annotation', 'external-tag', 'participant-attributes'] as const)(
    '%s: nothing is written after it',
    async (writeBack) => {
      const { write, written, simulator } = await start(writeBack);
      for (const body of ['{"success":false', '"x"', '7', 'null']) {
        for (const on of ['recording', 'conversation'] as const) {
          simulator.faults.clear();
          simulator.faults.add({ on, fault: { kind: 'answer', body } });
        }
        simulator.faults.add({ on: 'recording', fault: { kind: 'answer', body } });
        await expect(write()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE', retryable: true });
      }
      expect(written()).toEqual([]);
    },
  );
});

describe('external tag', () => {
  it('is set where none is, and never replaced', async () => {
    const { write, conversation, written } = await start('external-tag');
    await write(0, 'a');
    await write(1, 'b');
    expect([conversation.externalTag, written().length]).toEqual(['a', 1]);
    conversation.externalTag = 'https://crm.example.com/7';
    await write(0, 'a');
    expect(conversation.externalTag).toBe('https://crm.example.com/7');
  });
});

describe('participant attributes', () => {
  it('are set on the customer, one per recording', async () => {
    const { write, conversation, ids } = await start('participant-attributes');
    await write(0, 'a');
    await write(1, 'b');
    const customer = conversation.participants.find(({ purpose }) => purpose === 'customer');
    expect(Object.fromEntries(customer?.attributes ?? [])).toEqual({
      [`s3_archive_key_${ids[0] ?? ''}`]: 'a',
      [`s3_archive_key_${ids[1] ?? ''}`]: 'b',
    });
  });

  it('accepted is success, though nothing was kept', async () => {
    const { write, conversation } = await start('participant-attributes', { forgetsAttributes: true });
    await write();
    expect(conversation.participants.map(({ attributes }) => attributes.size)).toEqual([0, 0, 0]);
  });
});

describe('custom attributes', () => {
  it('hold the keys of all recordings, each once, beside anything else in the document', async () => {
    const { write, conversation, written } = await start('custom-attributes');
    await write(1, 'b');
    conversation.customAttributes[0]?.values.set('other', 7);
    await write(0, 'a');
    await write(0, 'a');
    expect(
      conversation.customAttributes.map(({ id, schemaId, values }) => ({
        id,
        schemaId,
        ...Object.fromEntries(values),
      })),
    ).toEqual([
      { id: SCHEMA, schemaId: SCHEMA, archive_keys: 'a\nb', archive_algorithm: 'AES-256-GCM', other: 7 },
    ]);
    expect(written().map(({ method }) => method)).toEqual(['PUT', 'PATCH']);
  });

  it('stay visible to the divisions they were visible to', async () => {
    const { write, conversation } = await start('custom-attributes');
    await write(0, 'a');
    const [document] = conversation.customAttributes;
    if (document === undefined) throw new Error('there is no document');
    document.divisions = ['d-1', 'd-2'];
    await write(1, 'b');
    expect(document.divisions).toEqual(['d-1', 'd-2']);
    expect(document.values.get('archive_keys')).toBe('a\nb');
  });

  it.each([
    ['a page', '"<html>"'],
    ['no list', '{}'],
    [
      'a document of another conversation',
      JSON.stringify({ results: [{ id: SCHEMA, conversationId: SCHEMA }] }),
    ],
    [
      'divisions that cannot be read',
      JSON.stringify({ results: [{ id: SCHEMA, divisions: [{ id: 'd-1' }] }] }),
    ],
    ['a document without an id', JSON.stringify({ results: [{ schema: { id: SCHEMA } }] })],
  ])('are not written where the list of them is %s', async (_name, body) => {
    const { write, conversation, written, simulator } = await start('custom-attributes');
    simulator.faults.add({ on: 'conversation', fault: { kind: 'answer', body } });
    await expect(write(0, 'a')).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE', retryable: true });
    expect([written(), conversation.customAttributes]).toEqual([[], []]);
  });

  it('changed by another writer in between are read again', async () => {
    const { write, conversation, simulator } = await start('custom-attributes');
    await write(0, 'a');
    simulator.faults.add({ on: 'conversation', skip: 1, fault: { kind: 'status', status: 409 } });
    await write(1, 'b');
    expect(conversation.customAttributes[0]?.values.get('archive_keys')).toBe('a\nb');
    simulator.faults.add({ on: 'conversation', times: 9, fault: { kind: 'status', status: 409 } });
    await expect(write(1, 'c')).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
  });
});

describe('every one of them', () => {
  const writing = WRITE_BACKS.filter((name) => name !== 'none');

  it.each(writing)(
    '%s: docs/write-back.md has a row that says where, and a section on its trap',
    async (name) => {
      const page = await readFile('docs/write-back.md', 'utf8');
      expect(page).toContain(`\n| \`${name}\` | `);
      expect(page).toContain(`\n## \`${name}\`\n`);
    },
  );

  it.each(writing)(
    '%s: a missing conversation, a missing permission, and faults that pass',
    async (writeBack) => {
      const { write, simulator, conversation } = await start(writeBack);
      simulator.faults.add({ on: 'recording', fault: { kind: 'status', status: 503 } });
      simulator.faults.add({ on: 'conversation', fault: { kind: 'reset' } });
      await write();
      await expect(write(0, 'z', 'no-such-conversation')).rejects.toMatchObject({
        code: 'INTERACTION_NOT_FOUND',
        retryable: false,
        details: { status: 404, correlationId: expect.any(String) as unknown },
      });
      for (const on of ['recording', 'conversation'] as const) {
        simulator.faults.add({ on, times: 9, fault: { kind: 'status', status: 403 } });
      }
      await expect(write(0, 'z', conversation.id)).rejects.toMatchObject({
        code: 'GENESYS_FORBIDDEN',
        hint: expect.stringMatching(/role of the OAuth client/) as unknown,
      });
    },
  );

  it('none writes nothing; custom attributes need a schema', async () => {
    const { api, logger } = await start('none');
    expect(
      createReferenceWriter(api, logger, { writeBack: 'none', customAttributesSchema: undefined }),
    ).toBeUndefined();
    expect(() =>
      createReferenceWriter(api, logger, {
        writeBack: 'custom-attributes',
        customAttributesSchema: undefined,
      }),
    ).toThrow('ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA');
  });
});
