import { afterEach, describe, expect, it } from 'vitest';
import { PUBLISHED_ROUTES } from '../../packages/simulator/src/published/recordings/routes.ts';
import { parseScenario, SCENARIO_EXAMPLE } from '../../packages/simulator/src/published/scenario.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { authorize, json, observe } from './observe.ts';

const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

/** A simulator with one conversation, and a clock that only moves when it is told to. */
async function start(options: SimulatorOptions = {}) {
  const time = { now: Date.UTC(2026, 4, 20, 12) };
  const simulator = await startSimulator({ now: () => time.now, tokenLifetimeS: 10_000_000, ...options });
  open.push(simulator);
  const headers = await authorize(simulator.apiUrl);
  const ask = async (path: string, method = 'GET', body?: unknown) => {
    const seen = await observe(simulator.apiUrl + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined || method === 'GET' || method === 'DELETE'
        ? {}
        : { body: JSON.stringify(body) }),
    });
    const text = seen.body.toString();
    return {
      status: seen.status,
      headers: seen.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as unknown,
    };
  };
  const [conversation] = simulator.world.conversations;
  const path = `/api/v2/conversations/${conversation?.id ?? ''}`;
  const pass = (seconds: number) => {
    time.now += seconds * 1000;
  };
  return {
    simulator,
    ask,
    conversation,
    path,
    pass,
    ids: conversation?.recordings.map(({ id }) => id) ?? [],
  };
}

const recordings = (
  ...list: NonNullable<NonNullable<SimulatorOptions['conversations']>[number]['recordings']>
) => ({
  conversations: [{ recordings: list }],
});

describe('a recording', () => {
  it('is uploading, then a stub, then transcoded, then has a signed file', async () => {
    const { ask, path, pass, ids } = await start(
      recordings({ uploadedAfterS: 60, stubUntilS: 120, transcodingS: 5 }),
    );
    const metadata = async () => (await ask(`${path}/recordingmetadata`)).body;
    expect(await metadata()).toMatchObject([
      { id: ids[0], fileState: 'UPLOADING', media: 'audio', mediaSubtype: 'Trunk' },
    ]);
    pass(60);
    const one = `${path}/recordings/${ids[0] ?? ''}?formatId=WAV&download=true`;
    expect(await metadata()).toMatchObject([{ fileState: 'AVAILABLE' }]);
    expect(await ask(one)).toMatchObject({ status: 200, body: { fileState: 'AVAILABLE', mediaUris: {} } });
    pass(60);
    expect(await ask(one)).toMatchObject({
      status: 202,
      body: { estimatedTranscodeTimeMs: 5000, mediaUris: {} },
    });
    expect((await ask(`${path}/recordings?formatId=WAV`)).status).toBe(202);
    pass(5);
    const ready = await ask(one);
    expect(ready).toMatchObject({ status: 200, body: { mediaUris: { S: {} }, outputDurationMs: 5000 } });
    const { mediaUris } = ready.body as { mediaUris: Record<string, { mediaUri: string }> };
    const file = await observe(mediaUris['S']?.mediaUri ?? '');
    expect(file).toMatchObject({ status: 200, headers: { 'content-type': 'audio/wav' } });
    expect(file.body.toString('latin1', 0, 4)).toBe('RIFF');
  });

  it('has one file per channel where one file was not asked for', async () => {
    const { ask, path } = await start(recordings({ transcodingS: 0 }, { transcodingS: 0, channels: 1 }));
    const all = (await ask(`${path}/recordings`)).body as { mediaUris: object }[];
    expect(all.map(({ mediaUris }) => Object.keys(mediaUris))).toEqual([['0', '1'], ['0']]);
  });

  it('comes back from the archive when it is asked to, for as long as it is asked to', async () => {
    const { ask, path, pass, ids } = await start(recordings({ fate: 'archived', restoringS: 3600 }));
    const one = `${path}/recordings/${ids[0] ?? ''}`;
    const state = async () => ((await ask(one)).body as { fileState: string }).fileState;
    expect(await state()).toBe('ARCHIVED');
    await ask(one, 'PUT', { archiveDate: '2026-05-21T12:00:00Z' });
    expect(await state()).toBe('RESTORING');
    pass(3600);
    expect(await state()).toBe('RESTORED');
    pass(86_400);
    expect(await state()).toBe('ARCHIVED');
  });

  it('may be deleted, broken, or text', async () => {
    const { ask, path, ids } = await start(
      recordings(
        { fate: 'deleted' },
        { fate: 'error' },
        { kind: 'chat' },
        { kind: 'email' },
        { kind: 'screen' },
      ),
    );
    const metadata = (await ask(`${path}/recordingmetadata`)).body as { fileState: string; media: string }[];
    expect(metadata.map(({ fileState, media }) => `${media} ${fileState}`)).toEqual([
      'audio DELETED',
      'audio ERROR',
      'chat AVAILABLE',
      'email AVAILABLE',
      'screen AVAILABLE',
    ]);
    const fileOf = async (id = '') => {
      const { body } = await ask(`${path}/recordings/${id}?download=true`);
      const { mediaUris } = body as { mediaUris: Record<string, { mediaUri: string }> };
      return observe(mediaUris['S']?.mediaUri ?? '');
    };
    const zip = await fileOf(ids[2]);
    expect(zip.headers['content-type']).toBe('application/zip');
    expect(zip.body.readUInt32LE(zip.body.length - 22)).toBe(0x0605_4b50);
    expect((await fileOf(ids[3])).headers['content-type']).toBe('message/rfc822');
  });

  it('takes annotations of up to 500 characters', async () => {
    const { ask, path, ids, conversation } = await start(recordings({}));
    const annotations = `${path}/recordings/${ids[0] ?? ''}/annotations`;
    const good = await ask(annotations, 'POST', { type: 'bookmark', location: 0, description: 'here' });
    expect(good).toMatchObject({ status: 200, body: { type: 'bookmark', description: 'here' } });
    expect(conversation?.recordings[0]?.annotations).toHaveLength(1);
    const long = await ask(annotations, 'POST', { type: 'bookmark', description: 'x'.repeat(501) });
    expect(long).toMatchObject({ status: 400, body: { code: 'recording.annotation.description.too.long' } });
  });
});

describe('a batch download', () => {
  it('finds the files of many recordings, and says why one has none', async () => {
    const { ask, pass, ids, conversation } = await start(
      recordings({ perChannel: true }, { fate: 'archived' }, { sensitive: true }),
    );
    const batch = '/api/v2/recording/batchrequests';
    const job = (
      await ask(batch, 'POST', { batchDownloadRequestList: [{ conversationId: conversation?.id }] })
    ).body;
    const path = `${batch}/${(job as { id: string }).id}`;
    expect((await ask(path)).body).toMatchObject({
      status: 'InProgress',
      expectedResultCount: 1,
      resultCount: 0,
    });
    pass(10);
    const { results } = (await ask(path)).body as { results: Record<string, unknown>[] };
    expect(
      results.map(({ recordingId, errorMsg, contentType }) => [recordingId, errorMsg ?? contentType]),
    ).toEqual([
      [ids[0], 'audio/ogg'],
      [ids[0], 'audio/ogg'],
      [ids[1], 'The recording is not available (ARCHIVED).'],
      [ids[2], 'audio/ogg'],
    ]);
  });

  it.each([
    ['nothing', [], 'batch.download.bad.request'],
    [
      'too much',
      Array.from({ length: 101 }, () => ({ conversationId: 'x' })),
      'batch.download.too.many.items',
    ],
    ['another shape', ['x'], 'batch.download.bad.request'],
  ])('refuses %s', async (_, batchDownloadRequestList, code) => {
    const { ask } = await start();
    const answer = await ask('/api/v2/recording/batchrequests', 'POST', { batchDownloadRequestList });
    expect(answer).toMatchObject({ status: 400, body: { code } });
    expect(await ask('/api/v2/recording/batchrequests/x')).toMatchObject({
      status: 404,
      body: { code: 'batch.download.job.not.found' },
    });
  });
});

describe('references can be written', () => {
  it('to tags, participants and custom attributes, each in its own way', async () => {
    const { ask, path, conversation } = await start(recordings({}));
    expect((await ask(`${path}/tags`, 'PUT', { externalTag: 'a' })).status).toBe(202);
    expect((await ask(`${path}/tags`, 'PUT', {})).status).toBe(400);
    expect(conversation?.externalTag).toBe('a');
    const [participant] = conversation?.participants ?? [];
    const attributes = `${path}/participants/${participant?.id ?? ''}/attributes`;
    expect(await ask(attributes, 'PATCH', { attributes: { k: 'v' } })).toMatchObject({
      status: 202,
      body: undefined,
    });
    expect((await ask(attributes, 'PATCH', { attributes: { k: 7 } })).status).toBe(400);
    expect(participant?.attributes.get('k')).toBe('v');
    const custom = `${path}/customattributes`;
    expect((await ask(custom, 'PATCH', { id: 'd', customAttributes: {} })).status).toBe(404);
    expect((await ask(custom, 'PUT', { id: 'd', schemaId: 's', customAttributes: { a: 1 } })).status).toBe(
      200,
    );
    expect((await ask(custom, 'PATCH', { id: 'd', version: 1, customAttributes: { b: 2 } })).status).toBe(
      204,
    );
    expect((await ask(custom, 'PATCH', { id: 'd', version: 1, customAttributes: {} })).status).toBe(409);
    expect((await ask(custom)).body).toMatchObject({
      results: [{ id: 'd', version: 2, customAttributes: { a: 1, b: 2 } }],
    });
  });

  it('may be accepted and forgotten', async () => {
    const { ask, path, conversation } = await start({ conversations: [{ forgetsAttributes: true }] });
    const [participant] = conversation?.participants ?? [];
    const attributes = `${path}/participants/${participant?.id ?? ''}/attributes`;
    expect((await ask(attributes, 'PATCH', { attributes: { k: 'v' } })).status).toBe(202);
    expect(participant?.attributes.size).toBe(0);
  });
});

describe('the client', () => {
  it('needs a permission, and a role in the right division', async () => {
    const { ask, path, simulator } = await start({ conversations: [{}, { otherDivision: true }] });
    simulator.world.deny('conversation:communication:view');
    const refused = await ask(path);
    expect(refused).toMatchObject({ status: 403, body: { code: 'missing.permissions', status: 403 } });
    expect((refused.body as { message: string }).message).toContain('conversation:communication:view');
    simulator.world.grant('conversation:communication:view');
    expect((await ask(path)).status).toBe(200);
    const [, other] = simulator.world.conversations;
    expect(await ask(`/api/v2/conversations/${other?.id ?? ''}/recordingmetadata`)).toMatchObject({
      status: 404,
      body: { code: 'conversation.not.found', entityId: other?.id },
    });
  });

  it('may make so many requests a minute, and is told how many', async () => {
    const { ask, path, pass } = await start({ requestsPerMinute: 2, conversations: [{}] });
    await ask(path);
    expect((await ask(path)).headers).toMatchObject({
      'inin-ratelimit-count': '2',
      'inin-ratelimit-allowed': '2',
      'inin-ratelimit-reset': '60',
      'inin-correlation-id': expect.any(String) as unknown,
    });
    pass(20);
    expect(await ask(path)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '40' },
      body: { code: 'too.many.requests.retry.after' },
    });
    pass(40);
    expect((await ask(path)).status).toBe(200);
  });

  it('finds conversations and recordings of the past', async () => {
    const { ask, pass, ids } = await start(recordings({}, {}, {}));
    const query = {
      interval: '2026-05-20T00:00:00Z/2026-05-21T00:00:00Z',
      paging: { pageSize: 25, pageNumber: 1 },
    };
    expect((await ask('/api/v2/analytics/conversations/details/query', 'POST', query)).body).toMatchObject({
      totalHits: 1,
    });
    pass(3 * 86_400);
    const first = (await ask('/api/v2/recordings/retention/query?retentionThresholdDays=2&pageSize=2')).body;
    const { entities, nextUri } = first as { entities: { recordingId: string }[]; nextUri: string };
    const { entities: rest } = (await ask(nextUri)).body as { entities: { recordingId: string }[] };
    expect([...entities, ...rest].map(({ recordingId }) => recordingId)).toEqual(ids);
    expect((await ask('/api/v2/organizations/me')).body).toMatchObject({ state: 'active' });
  });

  it('gets 405 for a method that a path does not have', async () => {
    const { ask, path } = await start({ conversations: [{}] });
    expect(await ask(path, 'PATCH')).toMatchObject({ status: 405, headers: { allow: 'GET' } });
  });
});

describe('faults', () => {
  it.each(['recording', 'conversation', 'batch', 'analytics', 'bulk', 'transcript', 'platform'] as const)(
    'strike %s',
    async (on) => {
      const { simulator, ask } = await start({ conversations: [{}] });
      simulator.faults.add({ on, times: 30, fault: { kind: 'status', status: 503 } });
      for (const route of PUBLISHED_ROUTES.filter((one) => one.on === on)) {
        const answer = await ask(route.path.replaceAll(/\{\w+\}/g, 'x'), route.method, {});
        expect([route.name, answer.status]).toEqual([route.name, 503]);
      }
    },
  );
});

describe('a scenario', () => {
  it('may be the example', async () => {
    const { simulator } = await start(parseScenario(SCENARIO_EXAMPLE));
    expect(simulator.world.conversations.map(({ recordings }) => recordings.length)).toEqual([4, 2, 0]);
  });

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'the scenario must be an object'],
    ['{"calls":[]}', 'calls is unknown; known are conversations'],
    ['{"conversations":[{"lastedS":-1}]}', 'conversations[0].lastedS must be a number'],
    [
      '{"conversations":[{"recordings":[{"fate":"lost"}]}]}',
      'conversations[0].recordings[0].fate must be one of available',
    ],
    [
      '{"conversations":[{"recordings":[{"channels":3}, 7]}]}',
      'conversations[0].recordings[1] must be an object',
    ],
    ['{"conversations":[{"endedAt":"then"}]}', 'conversations[0].endedAt must be a time'],
    ['{"conversations":[{"__proto__x":1}]}', 'is unknown'],
  ])('%s is refused', (text, message) => {
    expect(() => parseScenario(text)).toThrow(message);
  });

  it('gives events as EventBridge brings them', async () => {
    const { simulator, conversation } = await start({ conversations: [{}] });
    const id = conversation?.id ?? '';
    const event = simulator.conversationEvent(id, 'acw', { wrapupCode: 'x' });
    expect(event).toMatchObject({
      'detail-type': 'v2.detail.events.conversation.{id}.acw',
      detail: {
        topicName: `v2.detail.events.conversation.${id}.acw`,
        version: '2',
        eventBody: { conversationId: id, wrapupCode: 'x' },
      },
    });
    expect(simulator.conversationEvent(id, 'acw', { wrapupCode: 'x' })).toEqual(event);
    expect(() => simulator.conversationEvent('x')).toThrow('no conversation');
  });
});

it('the token is asked for by HTTP Basic, without a scope', async () => {
  const { simulator } = await start();
  const basic = Buffer.from('simulator-client:simulator-secret').toString('base64');
  const answer = await observe(`${simulator.apiUrl}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  expect(json(answer)).toMatchObject({ token_type: 'Bearer', expires_in: 10_000_000 });
});
