import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BACKFILL_CALLS } from '../../src/genesys/backfill-calls.ts';
import { CALLS } from '../../src/genesys/permissions.ts';
import { formatQuery } from '../../src/genesys/recordings/file-formats.ts';
import { RECORDING_KINDS } from '../../packages/simulator/src/published/recordings/scripted.ts';
import {
  PUBLISHED_ROUTES,
  type PublishedCall,
} from '../../packages/simulator/src/published/recordings/routes.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { PLATFORM_SCENES } from './platform-scenes.ts';
import { deviationsOf, fieldsOf, mutantsOf } from './published-model.ts';
import { loadSdk } from './sdk.ts';

/*
 * The platform's own SDK, unmodified, as the judge of the simulator and of what this program believes the API to be.
 */

const sdk = loadSdk();
const { instance: client } = sdk.ApiClient;
const recordingApi = new sdk.RecordingApi();
const conversationsApi = new sdk.ConversationsApi();
const organizationApi = new sdk.OrganizationApi();

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({
    behaviour: { detailsJobMs: 0, bulkBuildMs: 0, bulkRunMs: 0, reportMs: 0, auditMs: 0 },
    orphans: [{}, { mediaType: 'SCREEN', status: 'CONVERSATION_NOT_COMPLETE' }],
    conversations: [
      {
        endedAt: Date.UTC(2026, 4, 20, 12),
        transcribed: true,
        wrapUpNote: 'called back',
        attributes: { accountNumber: '4711' },
        recordings: [
          { transcodingS: 0, deletedAfterS: 400_000_000 },
          { kind: 'chat' },
          { fate: 'archived' },
          { fate: 'error' },
        ],
      },
      {
        endedAt: Date.UTC(2026, 4, 20, 13),
        direction: 'outbound',
        recordings: [{ kind: 'email' }],
      },
      {
        endedAt: Date.now(),
        recordings: [
          ...RECORDING_KINDS.map((kind) => ({ kind, transcodingS: 0 })),
          { perChannel: true, transcodingS: 0, leg: 'station' },
          { fate: 'archived' },
          { fate: 'deleted' },
          { fate: 'error' },
          { uploadedAfterS: 3600 },
        ],
      },
    ],
  });
  client.setGateway({ host: '127.0.0.1', protocol: 'http', port: Number(new URL(simulator.apiUrl).port) });
  client.setReturnExtendedResponses(true);
});
afterAll(async () => {
  client.clearAccessToken();
  await simulator.close();
});

interface Ids {
  readonly conversation: string;
  readonly recording: string;
  readonly archived: string;
  readonly participant: string;
  readonly job: string;
}

interface Scene {
  readonly call: (ids: Ids) => Promise<unknown>;
  readonly status: number;
  /** The model of the answer, or of its items. */
  readonly model?: string;
}

/** As `setReturnExtendedResponses(true)` makes the SDK answer. */
interface ExtendedAnswer {
  readonly status: number;
  readonly body: unknown;
}

const invoke = (
  api: Record<string, (...args: unknown[]) => Promise<unknown>>,
  name: string,
  ...args: unknown[]
) => {
  const method = api[name];
  if (method === undefined) throw new Error(`the SDK has no ${name}`);
  return method.apply(api, args);
};

/** Each call that the simulator answers, made by the SDK. */
const SCENES: Readonly<Record<Exclude<PublishedCall, keyof typeof PLATFORM_SCENES>, Scene>> = {
  listMetadata: {
    call: ({ conversation }) => invoke(recordingApi, 'getConversationRecordingmetadata', conversation),
    status: 200,
    model: 'RecordingMetadata',
  },
  listRecordings: {
    call: ({ conversation }) =>
      invoke(recordingApi, 'getConversationRecordings', conversation, { formatId: 'WAV' }),
    status: 200,
    model: 'Recording',
  },
  getRecording: {
    call: ({ conversation, recording }) =>
      invoke(recordingApi, 'getConversationRecording', conversation, recording, {
        ...formatQuery('call', 'WAV'),
        download: true,
      }),
    status: 200,
    model: 'Recording',
  },
  putRecording: {
    call: ({ conversation, archived }) =>
      invoke(recordingApi, 'putConversationRecording', conversation, archived, {
        archiveDate: '2030-01-01T00:00:00Z',
      }),
    status: 200,
    model: 'Recording',
  },
  postAnnotation: {
    call: ({ conversation, recording }) =>
      invoke(recordingApi, 'postConversationRecordingAnnotations', conversation, recording, {
        type: 'bookmark',
        location: 0,
        durationMs: 0,
        description: 'x',
      }),
    status: 200,
    model: 'Annotation',
  },
  postBatch: {
    call: ({ conversation, recording }) =>
      invoke(recordingApi, 'postRecordingBatchrequests', {
        batchDownloadRequestList: [{ conversationId: conversation, recordingId: recording }],
      }),
    status: 200,
    model: 'BatchDownloadJobSubmissionResult',
  },
  getBatch: {
    call: ({ job }) => invoke(recordingApi, 'getRecordingBatchrequest', job),
    status: 200,
    model: 'BatchDownloadJobStatusResult',
  },
  getConversation: {
    call: ({ conversation }) => invoke(conversationsApi, 'getConversation', conversation),
    status: 200,
    model: 'Conversation',
  },
  putTags: {
    call: ({ conversation }) =>
      invoke(conversationsApi, 'putConversationTags', conversation, { externalTag: 'x' }),
    status: 202,
  },
  patchParticipant: {
    call: ({ conversation, participant }) =>
      invoke(conversationsApi, 'patchConversationParticipantAttributes', conversation, participant, {
        attributes: { k: 'v' },
      }),
    status: 202,
  },
  putCustomAttributes: {
    call: ({ conversation }) =>
      invoke(conversationsApi, 'putConversationCustomattributes', conversation, {
        body: { id: 'd', schemaId: 's', customAttributes: { a: 'b' } },
      }),
    status: 200,
    model: 'CustomAttributesIdResponse',
  },
  listCustomAttributes: {
    call: ({ conversation }) => invoke(conversationsApi, 'getConversationCustomattributes', conversation),
    status: 200,
    model: 'CustomAttributesListing',
  },
  patchCustomAttributes: {
    call: ({ conversation }) =>
      invoke(conversationsApi, 'patchConversationCustomattributes', conversation, {
        body: { id: 'd', version: 1, customAttributes: { a: 'c' } },
      }),
    status: 204,
  },
  queryConversations: {
    call: () =>
      invoke(conversationsApi, 'postAnalyticsConversationsDetailsQuery', {
        interval: '2026-05-20T00:00:00Z/2026-05-21T00:00:00Z',
        paging: { pageSize: 25, pageNumber: 1 },
      }),
    status: 200,
    model: 'AnalyticsConversationQueryResponse',
  },
  queryRetention: {
    call: () => invoke(recordingApi, 'getRecordingsRetentionQuery', 0, { pageSize: 2 }),
    status: 200,
    model: 'RecordingRetentionCursorEntityListing',
  },
  getOrganization: {
    call: () => invoke(organizationApi, 'getOrganizationsMe'),
    status: 200,
    model: 'Organization',
  },
};

describe('the SDK against the simulator', () => {
  it('logs in by HTTP Basic', async () => {
    await client.loginClientCredentialsGrant('simulator-client', 'simulator-secret');
    expect(simulator.requests.at(-1)).toMatchObject({
      route: 'POST /oauth/token',
      status: 200,
      hadAuthorization: true,
    });
  });

  const expectAsPublished = (answer: ExtendedAnswer, name: string, scene: Omit<Scene, 'call'>) => {
    const { status, model } = scene;
    const route = PUBLISHED_ROUTES.find((one) => one.name === name);
    expect(simulator.requests.at(-1)).toMatchObject({ route: `${route?.method} ${route?.path}`, status });
    expect(answer.status).toBe(status);
    if (model === undefined) return;
    expect(typeof answer.body).toBe('object');
    expect(deviationsOf(answer.body, model)).toEqual([]);
    const mutants = mutantsOf(answer.body, model);
    expect(mutants.length).toBeGreaterThanOrEqual(2);
    const unnoticed = mutants.filter((mutant) => deviationsOf(mutant.answer, model).length === 0);
    expect(unnoticed.map(({ what }) => what)).toEqual([]);
  };

  it.each(Object.entries(SCENES))('%s', async (name, { call, ...scene }) => {
    const [conversation] = simulator.world.conversations;
    const [first, , third] = conversation?.recordings ?? [];
    const ids: Ids = {
      conversation: conversation?.id ?? '',
      recording: first?.id ?? '',
      archived: third?.id ?? '',
      participant: conversation?.participants[0]?.id ?? '',
      job: [...simulator.world.jobs.keys()][0] ?? '',
    };
    expectAsPublished((await call(ids)) as ExtendedAnswer, name, scene);
  });

  it.each(Object.entries(PLATFORM_SCENES))('%s', async (name, { call, ...scene }) => {
    expectAsPublished((await call(simulator.world)) as ExtendedAnswer, name, scene);
  });

  it('answers as published for recordings of every kind, in every state', async () => {
    const seen = { states: new Set<string>(), kinds: new Set<string>() };
    for (const { id, recordings } of simulator.world.conversations) {
      const listed = (await invoke(recordingApi, 'getConversationRecordingmetadata', id)) as ExtendedAnswer;
      expect(deviationsOf(listed.body, 'RecordingMetadata')).toEqual([]);
      for (const recording of recordings) {
        const { body } = (await invoke(recordingApi, 'getConversationRecording', id, recording.id, {
          ...formatQuery('call', 'WAV'),
          download: true,
        }).catch((error: unknown) => error)) as ExtendedAnswer;
        const model = (body as { code?: string }).code === undefined ? 'Recording' : undefined;
        if (model !== undefined) expect(deviationsOf(body, model)).toEqual([]);
      }
      for (const { fileState, media } of listed.body as readonly { fileState: string; media: string }[]) {
        seen.states.add(fileState);
        seen.kinds.add(media);
      }
    }
    expect([...seen.states].toSorted((a, b) => a.localeCompare(b))).toEqual([
      'ARCHIVED',
      'AVAILABLE',
      'DELETED',
      'ERROR',
      'RESTORING',
      'UPLOADING',
    ]);
    expect(seen.kinds.size).toBe(5);
  });

  it('understands a refusal', async () => {
    await expect(invoke(recordingApi, 'getConversationRecordingmetadata', 'x')).rejects.toMatchObject({
      status: 404,
      body: { code: 'conversation.not.found' },
    });
  });
});

describe('what this program believes', () => {
  it('every call it makes is one that the simulator answers, and so one that the SDK makes', () => {
    const routes = new Set(PUBLISHED_ROUTES.map(({ method, path }) => `${method} ${path}`));
    expect(
      Object.values({ ...CALLS, ...BACKFILL_CALLS })
        .map(({ method, path }) => `${method} ${path}`)
        .filter((one) => !routes.has(one)),
    ).toEqual([]);
  });

  it('the permissions of both are the same', () => {
    for (const { method, path, permissions } of Object.values({ ...CALLS, ...BACKFILL_CALLS })) {
      const route = PUBLISHED_ROUTES.find((one) => one.method === method && one.path === path);
      for (const permission of permissions) expect(route?.permissions).toContain(permission);
    }
  });

  it.each([
    [
      'src/genesys/recordings/answers.ts',
      /(?:text|count|read)\((?:\w+, )?'(\w+)'\)/g,
      ['Recording', 'MediaResult', 'Annotation'],
    ],
    [
      'src/genesys/recordings/batch.ts',
      /const \{ (recordingId, [^}]+) \} = value/g,
      ['BatchDownloadJobResult'],
    ],
    ['src/genesys/recordings/batch.ts', /body\['(\w+)'\]/g, ['BatchDownloadJobStatusResult']],
    ['src/genesys/recordings/listing.ts', /readField\(entry, '(\w+)'\)/g, ['RecordingMetadata']],
    [
      'src/genesys/write-back/custom-attributes-writer.ts',
      /readField\((?:document|one), '(\w+)'\)/g,
      ['CustomAttributes'],
    ],
  ])('every field that %s reads is declared', (file, pattern, models) => {
    const declared = new Set(models.flatMap((model) => [...fieldsOf(model).keys()]));
    const names = [...readFileSync(file, 'utf8').matchAll(pattern)].flatMap(([, list = '']) =>
      list.split(', '),
    );
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !declared.has(name))).toEqual([]);
  });

  it.each([
    [
      'Recording',
      ['originalRecordingStartTime', 'startTime', 'creationTime', 'archiveDate', 'deleteDate', 'mediaUris'],
    ],
    [
      'RecordingMetadata',
      [
        'id',
        'media',
        'mediaSubtype',
        'fileState',
        'archiveDate',
        'archiveMedium',
        'deleteDate',
        'annotations',
        'startTime',
        'endTime',
      ],
    ],
    [
      'Annotation',
      ['type', 'location', 'durationMs', 'description', 'reason', 'absoluteLocation', 'absoluteDurationMs'],
    ],
    ['BatchDownloadRequest', ['conversationId', 'recordingId']],
    ['BatchDownloadJobSubmission', ['batchDownloadRequestList']],
    ['ConversationTagsUpdate', ['externalTag']],
    ['ParticipantAttributes', ['attributes']],
    ['CustomAttributesPatchRequest', ['id', 'version', 'customAttributes']],
    ['CustomAttributesUpdateRequest', ['id', 'schemaId', 'customAttributes']],
    ['CustomAttributes', ['id', 'schema', 'version', 'customAttributes']],
    ['Conversation', ['startTime', 'endTime', 'externalTag', 'participants', 'divisions']],
    ['Participant', ['calls', 'callbacks', 'chats', 'emails', 'messages', 'videos']],
    ['Call', ['provider', 'direction', 'segments']],
    ['Segment', ['type', 'startTime', 'endTime']],
    ['getConversationRecordingOptions', Object.keys(formatQuery('call', 'WAV'))],
  ])('%s has the fields that are read and written', (model, names) => {
    const declared = fieldsOf(model);
    expect(names.filter((name) => !declared.has(name))).toEqual([]);
  });
});
