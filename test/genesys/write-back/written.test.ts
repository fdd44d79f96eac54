import { afterEach, describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiRequest, GenesysApi } from '../../../src/genesys/api-client.ts';
import { createInteractionWriter } from '../../../src/genesys/write-back/interaction-writer.ts';
import {
  createReferenceWriter,
  type WriteBackChoice,
} from '../../../src/genesys/write-back/reference-writer.ts';
import { unlimited } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ReferenceWriter } from '../../../src/ports.ts';
import { setUpArchive } from '../../archive/set-up.ts';

const CONVERSATION = 'b1b2c3d4-5678-40ab-8def-1234567890ab';
const RECORDING = 'a1b2c3d4-5678-40ab-8def-1234567890ab';
const SCHEMA = 'f4a1f3a0-7f6a-4a7e-9a51-5d0c5c9a0e11';
const STRANGER = 'ffffffff-5678-40ab-8def-1234567890ab';
const KEY = 'archive/2026/01/02/x.enc';
const ids = { conversationId: CONVERSATION, recordingId: RECORDING };
const reference = { key: KEY, archivedAt: Date.UTC(2026, 0, 2), algorithm: 'AES-256-GCM' } as const;
const DESCRIPTION = `Archived 2026-01-02T00:00:00.000Z (AES-256-GCM): ${KEY}`;

type Variant = 'interaction' | Exclude<WriteBackChoice['writeBack'], 'none'> | 'new custom-attributes';

/** What the platform has, as each writer looks first. */
const LOOKS: Readonly<Record<Variant, unknown>> = {
  interaction: undefined,
  annotation: [{ id: RECORDING, conversationId: CONVERSATION, annotations: [] }],
  'external-tag': { id: CONVERSATION },
  'participant-attributes': { id: CONVERSATION, participants: [{ id: 'p-1', purpose: 'customer' }] },
  'custom-attributes': { results: [{ id: SCHEMA, schema: { id: SCHEMA }, version: 1, divisions: ['d-1'] }] },
  'new custom-attributes': { results: [] },
};

/** Writes a reference through an API that answers the write with `status` and `text`; the code of what is thrown. */
async function write(variant: Variant, status: number, text: string): Promise<string> {
  const api: GenesysApi = {
    call: async ({ method }: ApiRequest): Promise<ApiAnswer> =>
      method === 'GET'
        ? { status: 200, text: JSON.stringify(LOOKS[variant]), errorCode: undefined, correlationId: 'c' }
        : { status, text, errorCode: undefined, correlationId: 'c' },
  };
  const choice = variant === 'new custom-attributes' ? 'custom-attributes' : variant;
  const writer: ReferenceWriter | undefined =
    choice === 'interaction'
      ? createInteractionWriter(api)
      : createReferenceWriter(api, silentLogger, { writeBack: choice, customAttributesSchema: SCHEMA });
  return (writer ?? expect.unreachable()).write(ids, reference, unlimited).then(
    () => 'written',
    (error: unknown) => {
      expect(error).toMatchObject({ retryable: status < 400 });
      return (error as { code: string }).code;
    },
  );
}

const VARIANTS = Object.keys(LOOKS) as Variant[];

/** What means that the write was done, by variant; all else that is published or described is among it. */
const DONE: Readonly<Record<Variant, readonly (readonly [number, string])[]>> = {
  interaction: [
    [200, ''],
    [202, ''],
    [204, ''],
    [200, '{}'],
    [200, '{"success":true}'],
    [200, '{"ok":1,"status":"default"}'],
    [200, JSON.stringify({ id: CONVERSATION.toUpperCase(), metadata: { s3_archive_key: KEY, other: 1 } })],
    [200, JSON.stringify({ id: CONVERSATION, status: 'closed', message: '' })],
    [200, JSON.stringify({ metadata: { s3_archive_key: KEY, error: 'kept from before' } })],
  ],
  annotation: [[200, JSON.stringify({ id: 'a-1', type: 'bookmark', location: 0, description: DESCRIPTION })]],
  'external-tag': [
    [202, ''],
    [202, '"The tags update request was accepted."'],
    [204, ''],
  ],
  'participant-attributes': [
    [202, ''],
    [204, ''],
    [202, JSON.stringify({ attributes: { error: 'none' } })],
  ],
  'custom-attributes': [
    [204, ''],
    [200, JSON.stringify({ id: SCHEMA.toUpperCase() })],
  ],
  'new custom-attributes': [[200, JSON.stringify({ id: SCHEMA })]],
};

const NOT_DONE: readonly (readonly [string, number, string])[] = [
  ['a page', 200, '<!doctype html><html><body>Sign in</body></html>'],
  ['a page that is accepted', 202, '<html></html>'],
  ['a page as a JSON string', 200, '"<html></html>"'],
  ['XML', 200, '<?xml version="1.0"?><Error/>'],
  ['plain text', 200, 'Service Unavailable'],
  ['half an answer', 200, '{"id":"'],
  ['a list', 200, '[]'],
  ['null', 200, 'null'],
  ['true', 200, 'true'],
  ['a number', 200, '200'],
  ['success: false', 200, '{"success":false}'],
  ['Success: "false"', 200, '{"Success":"false"}'],
  ['ok: false', 200, '{"ok":false}'],
  ['success: null', 200, '{"success":null}'],
  ['success: 0', 200, '{"success":0}'],
  ['succeeded: no', 200, '{"succeeded":"no"}'],
  ['status: INTERNAL_ERROR', 200, '{"status":"INTERNAL_ERROR"}'],
  ['outcome: timed out', 200, '{"outcome":"timed out"}'],
  ['status: 500', 200, '{"status":500}'],
  ['status: "503"', 200, '{"status":"503"}'],
  ['statusCode: 404', 200, '{"statusCode":404}'],
  ['status: error', 200, '{"status":"error"}'],
  ['result: failure', 202, '{"result":"failure"}'],
  ['an error', 200, '{"error":"not_found"}'],
  ['errors', 200, '{"errors":[{"code":"bad.request"}]}'],
  [
    'an error body of the platform',
    200,
    '{"message":"Not found","code":"not.found","status":404,"errors":[]}',
  ],
  ['a message alone', 200, '{"message":"Internal Server Error"}'],
  ['a failure one level down', 200, '{"data":{"success":false}}'],
  ['httpStatus: 503', 200, '{"httpStatus":503}'],
  ['http_status_code: "500"', 200, '{"http_status_code":"500"}'],
  ['a status that is an object', 200, '{"status":{"code":500}}'],
  ['a status in meta', 200, '{"meta":{"statusCode":502}}'],
  ['isSuccess: false', 200, '{"isSuccess":false}'],
  ['successful: false', 200, '{"successful":false}'],
  ['status: unsuccessful', 200, '{"status":"unsuccessful"}'],
  ['status: NOK', 200, '{"status":"NOK"}'],
  ['hasErrors: true', 200, '{"hasErrors":true}'],
  ['failed: true', 200, '{"failed":true}'],
  ['failures', 200, '{"failures":[{"index":0}]}'],
  ['errorsCount: 1', 200, '{"errorsCount":1}'],
  ['an exception message', 200, '{"exceptionMessage":"java.lang.NullPointerException"}'],
  ['err', 200, '{"err":"EACCES"}'],
  ['updated: false', 200, '{"updated":false}'],
  ['an error of a service of AWS', 200, '{"__type":"InternalFailure"}'],
  ['a problem of RFC 9457', 200, '{"type":"about:blank","title":"Bad Gateway","detail":"no upstream"}'],
  ['8 levels more than any document nests', 200, '['.repeat(72)],
  ['another resource', 200, JSON.stringify({ id: STRANGER, conversationId: STRANGER })],
  ['part of an answer', 206, ''],
  ['several answers', 207, '{}'],
  ['a redirect', 302, ''],
];

describe.each(VARIANTS)('a reference written as %s', (variant) => {
  it.each(DONE[variant])('is done when the answer is %i %s', async (status, text) => {
    expect(await write(variant, status, text)).toBe('written');
  });

  it.each(NOT_DONE)('is not done when the answer is %s', async (_name, status, text) => {
    expect(await write(variant, status, text)).toBe('GENESYS_BAD_RESPONSE');
  });
});

describe('what is documented to have a body', () => {
  it.each([
    ['annotation', ''],
    ['annotation', '{}'],
    ['annotation', JSON.stringify({ id: 'a-1', description: 'another' })],
    ['new custom-attributes', ''],
    ['new custom-attributes', '{}'],
    ['custom-attributes', JSON.stringify({ id: STRANGER })],
    ['interaction', JSON.stringify({ id: CONVERSATION, metadata: {} })],
    ['interaction', JSON.stringify({ metadata: { s3_archive_key: 'archive/2026/01/02/y.enc' } })],
    ['interaction', JSON.stringify({ id: CONVERSATION, status: 500 })],
  ] as const)('%s: not done when the answer is 200 %s', async (variant, text) => {
    expect(await write(variant, 200, text)).toBe('GENESYS_BAD_RESPONSE');
  });
});

describe('a write-back that was not written', () => {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((close) => close()));
  });

  it.each([
    ['a page', { kind: 'html' }],
    ['success: false', { kind: 'answer', body: '{"success":false}' }],
    ['status: 500', { kind: 'answer', body: '{"status":500}' }],
  ] as const)(
    'leaves no marker when the answer is %s, and is written by the next delivery',
    async (_name, fault) => {
      const { archive, files, simulator, recording, close, count } = await setUpArchive();
      open.push(close);
      simulator.faults.add({ on: 'interaction', fault });
      await expect(archive()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE', retryable: true });
      expect((await files()).filter((name) => name.startsWith('links/'))).toEqual([]);
      expect(await archive()).toMatchObject({ state: 'archived', stored: false });
      expect((await files()).filter((name) => name.startsWith('links/'))).not.toEqual([]);
      expect(simulator.interaction(recording.interactionId)).toHaveProperty('s3_archive_key');
      expect(count('GET /genesys-media/{id}')).toBe(1);
    },
  );
});
