import { afterEach, describe, expect, it } from 'vitest';
import { customerSessionId } from '../../packages/simulator/src/published/analytics/describe.ts';
import type { Simulator, SimulatorOptions } from '../../packages/simulator/src/simulator.ts';
import { type Ask, askAs, DAY_S, startFrozen } from './asking.ts';
import { observe } from './observe.ts';

const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

async function start(options: SimulatorOptions = {}) {
  const started = await startFrozen(options);
  open.push(started.simulator);
  const { conversations } = started.simulator.world;
  const [first] = conversations;
  return {
    ...started,
    id: first?.id ?? '',
    recordingIds: conversations.flatMap(({ recordings }) => recordings.map(({ id }) => id)),
    ids: conversations.map(({ id }) => id),
  };
}

const BATCH = '/api/v2/recording/batchrequests';

async function runBatch(ask: Ask, pass: (seconds: number) => void, ids: readonly string[]) {
  const list = ids.map((conversationId) => ({ conversationId }));
  const { body } = await ask(BATCH, 'POST', { batchDownloadRequestList: list });
  pass(10);
  const results: readonly { recordingId: string; resultUrl?: string; errorMsg?: string }[] = (
    await ask(`${BATCH}/${body.id}`)
  ).body.results;
  return { path: `${BATCH}/${body.id}`, results };
}

describe('a batch download by conversation', () => {
  it('omits without a word what the client may not see, and what the platform leaves out', async () => {
    const { ask, pass, ids, recordingIds, simulator } = await start({
      behaviour: { batchOmitsUnavailable: true },
      conversations: [
        { recordings: [{ sensitive: true }, {}, { batch: 'omitted' }] },
        { recordings: [{ fate: 'archived' }, { fate: 'error' }, { batch: 'error' }] },
      ],
    });
    simulator.world.deny('recording:recording:viewSensitiveData');
    const { results } = await runBatch(ask, pass, ids);
    expect(results.map(({ recordingId }) => recordingId)).toEqual([recordingIds[1], recordingIds[5]]);
    expect(results[1]?.errorMsg).toContain('could not be processed');
    simulator.world.behaviour.redaction = false;
    expect((await runBatch(ask, pass, ids)).results).toHaveLength(3);
  });

  it('is read by the client that asked for it only', async () => {
    const { ask, pass, ids, simulator } = await start({
      clients: [{ clientId: 'other', clientSecret: 'secret' }],
      conversations: [{ recordings: [{}] }],
    });
    const { path } = await runBatch(ask, pass, ids);
    const asOther = await askAs(simulator.apiUrl, 'other', 'secret');
    expect(await asOther(path)).toMatchObject({
      status: 403,
      body: { code: 'batch.download.permission.denied' },
    });
  });

  it('leaves a sensitive recording to the single request, which gives a redacted file', async () => {
    const { ask, pass, id, recordingIds, simulator } = await start({
      conversations: [{ recordings: [{ sensitive: true, transcodingS: 0 }] }],
    });
    const one = `/api/v2/conversations/${id}/recordings/${recordingIds[0]}?formatId=OGG_OPUS&download=true`;
    const fileOf = async () => {
      const { body } = await ask(one);
      return observe(body.mediaUris.S.mediaUri);
    };
    const whole = await fileOf();
    simulator.world.deny('recording:recording:viewSensitiveData');
    expect((await runBatch(ask, pass, [id])).results).toEqual([]);
    const redacted = await fileOf();
    expect([redacted.status, redacted.body.length]).toEqual([200, whole.body.length]);
    expect(redacted.body.equals(whole.body)).toBe(false);
  });
});

describe('what a recording’s dates do', () => {
  it('deletes on its date, and until then a later date saves it', async () => {
    const { ask, pass, id, recordingIds, simulator } = await start({
      conversations: [{ recordings: [{}, { deletedAfterS: DAY_S }] }],
    });
    const path = (at: number) => `/api/v2/conversations/${id}/recordings/${recordingIds[at]}`;
    await ask(path(0), 'PUT', { deleteDate: '2026-05-21T00:00:00Z' });
    await ask(path(1), 'PUT', { deleteDate: '2027-05-21T00:00:00Z' });
    pass(2 * DAY_S);
    const { body } = await ask(`/api/v2/conversations/${id}/recordingmetadata`);
    expect(body.map(({ fileState }: { fileState: string }) => fileState)).toEqual(['DELETED', 'AVAILABLE']);
    expect((await ask(path(0), 'PUT', { deleteDate: '2028-01-01T00:00:00Z' })).status).toBe(400);
    expect((await ask(path(1).replace('recordings', 'recordingmetadata'))).body.deleteDate).toBe(
      '2027-05-21T00:00:00.000Z',
    );
    simulator.world.deny('recording:recording:editRetention');
    expect(await ask(path(1), 'PUT', {})).toMatchObject({
      status: 403,
      body: { code: 'recording.recording.edit.retention.permission.check.failed' },
    });
  });

  it('archives on its date, and only a client that may restore brings it back', async () => {
    const { ask, pass, id, recordingIds, simulator } = await start({ conversations: [{ recordings: [{}] }] });
    const path = `/api/v2/conversations/${id}/recordings/${recordingIds[0]}`;
    await ask(path, 'PUT', { archiveDate: '2026-05-21T00:00:00Z' });
    pass(DAY_S);
    expect((await ask(path)).body).toMatchObject({ fileState: 'ARCHIVED', archiveMedium: 'CLOUDARCHIVE' });
    simulator.world.deny('recording:recording:restore');
    const until = { archiveDate: '2026-06-01T00:00:00Z' };
    expect(await ask(path, 'PUT', until)).toMatchObject({
      status: 403,
      body: { code: 'recording.recording.restore.permission.check.failed' },
    });
    simulator.world.grant('recording:recording:restore');
    expect((await ask(path, 'PUT', until)).status).toBe(200);
    expect((await ask(path)).body.fileState).toBe('RESTORING');
    pass(4 * 3600);
    expect((await ask(path)).body.fileState).toBe('RESTORED');
  });
});

describe('protection from deletion', () => {
  const PATH = '/api/v2/recordings/deletionprotection';

  it('holds a date back, and its release lets an elapsed date act at once', async () => {
    const { ask, pass, ids } = await start({
      conversations: [
        { recordings: [{ deletedAfterS: DAY_S }] },
        { recordings: [{ deletedAfterS: DAY_S }] },
        { recordings: [{ fate: 'deleted' }] },
      ],
    });
    const stateOf = async (id = '') =>
      (await ask(`/api/v2/conversations/${id}/recordingmetadata`)).body[0].fileState;
    expect((await ask(`${PATH}?protect=true`, 'PUT', { conversationIds: [ids[0], ids[2]] })).status).toBe(
      204,
    );
    pass(2 * DAY_S);
    expect([await stateOf(ids[0]), await stateOf(ids[1])]).toEqual(['AVAILABLE', 'DELETED']);
    await ask(`${PATH}?protect=true`, 'PUT', { conversationIds: [ids[1]] });
    expect(await stateOf(ids[1])).toBe('DELETED');
    const { body } = await ask(PATH, 'POST', { conversationIds: ids });
    expect(body.map(({ id }: { id: string }) => id)).toEqual(ids);
    await ask(`${PATH}?protect=false`, 'PUT', { conversationIds: ids });
    expect(await stateOf(ids[0])).toBe('DELETED');
  });

  it('takes 100 conversations a call, and so many at a time', async () => {
    const { ask, ids, simulator } = await start({
      behaviour: { mostProtected: 2 },
      conversations: [{}, {}, {}],
    });
    const protect = async (conversationIds: unknown) =>
      ask(`${PATH}?protect=true`, 'PUT', { conversationIds });
    expect((await protect(Array.from({ length: 101 }, () => ids[0]))).status).toBe(400);
    expect((await protect([])).body.code).toBe('recording.empty.payload');
    expect((await protect(['x'])).body.code).toBe('recording.conversation.id.not.uuid');
    const unknown = await protect(['00000000-0000-4000-8000-000000000000']);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'recording.conversation.not.found']);
    expect((await protect(ids.slice(0, 2))).status).toBe(204);
    expect((await protect(ids)).status).toBe(400);
    simulator.world.deny('recording:deletionProtection:revoke');
    expect((await ask(`${PATH}?protect=false`, 'PUT', { conversationIds: ids })).status).toBe(403);
  });
});

it('uploads are reported: done, waiting, failed, or not yet of any conversation', async () => {
  const { ask, pass, recordingIds } = await start({
    conversations: [
      { recordings: [{}, { uploadedAfterS: DAY_S }, { fate: 'error' }, { listedAfterS: DAY_S }] },
    ],
  });
  const report = async (query: object) => {
    const { status, body } = await ask('/api/v2/recording/uploads/reports', 'POST', query);
    expect([status, body.state]).toEqual([202, 'InProgress']);
    pass(5);
    const { body: done } = await ask(`/api/v2/recording/uploads/reports/${body.id}`);
    expect(done.state).toBe('Completed');
    return (await observe(done.signedUrl)).body.toString().trimEnd().split('\n').slice(1);
  };
  const all = await report({ dateSince: '2026-05-20T00:00:00Z' });
  expect(all.map((line) => line.split(',').slice(1, 3))).toEqual([
    [recordingIds[0], 'Success'],
    [recordingIds[1], 'Pending'],
    [recordingIds[2], 'Failure'],
    [recordingIds[3], 'WaitForConversation'],
  ]);
  expect(await report({ dateSince: '2026-05-20T00:00:00Z', uploadStatus: 'Pending' })).toHaveLength(1);
  expect((await ask('/api/v2/recording/uploads/reports', 'POST', {})).status).toBe(400);
  expect((await ask('/api/v2/recording/uploads/reports/x')).status).toBe(404);
});

it('orphans are listed, shown and deleted', async () => {
  const { ask } = await start({ orphans: [{}, { mediaType: 'SCREEN' }, {}] });
  const { body } = await ask('/api/v2/orphanrecordings?pageSize=2');
  expect([body.total, body.entities.length, body.nextUri]).toEqual([3, 2, expect.any(String)]);
  expect((await ask(body.nextUri)).body.entities).toHaveLength(1);
  expect((await ask('/api/v2/orphanrecordings?media=Screen')).body.total).toBe(1);
  const path = `/api/v2/orphanrecordings/${body.entities[0].id}`;
  expect((await ask(path, 'DELETE')).body.fileState).toBe('DELETED');
  expect((await ask(path)).status).toBe(404);
});

it('the client reads its limits, its token and its divisions', async () => {
  const { ask, simulator } = await start({
    requestsPerMinute: 120,
    conversations: [{ otherDivision: true }],
  });
  const limit = async (path: string) =>
    (await ask(`/api/v2/organizations/limits/namespaces/${path}`)).body.entities[0];
  expect(await limit('platform.api')).toMatchObject({
    key: 'client.credentials.token.rate.per.minute',
    value: 120,
  });
  expect(await limit('platform.api/defaults')).toMatchObject({ value: 300 });
  expect((await ask('/api/v2/organizations/limits/namespaces/tea')).status).toBe(404);
  expect((await ask('/api/v2/tokens/me')).body).toMatchObject({
    organization: { id: simulator.world.organizationId },
    OAuthClient: { id: 'simulator-client' },
  });
  const permitted = '/api/v2/authorization/divisionspermitted/paged/me';
  const { body: all } = await ask('/api/v2/authorization/divisions');
  const { body: mine } = await ask(`${permitted}?permission=recording:recording:view`);
  expect([all.total, mine.total, mine.allDivsPermitted]).toEqual([4, 3, false]);
  expect((await ask(permitted)).body.code).toBe('missing.permission.param');
});

it('transcripts belong to the customer’s communication, and go with the recording', async () => {
  const { ask, pass, id, ids, recordingIds } = await start({
    conversations: [{ transcribed: true, recordings: [{ deletedAfterS: DAY_S }] }, { recordings: [{}] }],
  });
  const path = (conversationId: string) =>
    `/api/v2/speechandtextanalytics/conversations/${conversationId}/communications/${customerSessionId({ id: conversationId })}/transcripturls`;
  const { body } = await ask(path(id));
  expect(body.urls.map(({ recording }: { recording: { id: string } }) => recording.id)).toEqual(
    recordingIds.slice(0, 1),
  );
  const file = JSON.parse((await observe(body.urls[0].url)).body.toString());
  expect(file).toMatchObject({ conversationId: id, recordingId: recordingIds[0] });
  expect(file.transcripts[0].phrases[1]).toMatchObject({ participantPurpose: 'external', phraseIndex: 1 });
  const none = await ask(path(ids[1] ?? ''));
  expect([none.status, none.body.code]).toEqual([404, 'resource.not.found']);
  pass(2 * DAY_S);
  expect((await ask(path(id))).status).toBe(404);
});

it('the audit tells what clients and the platform did to recordings', async () => {
  const { ask, pass, id, recordingIds } = await start({
    conversations: [{ recordings: [{ deletedAfterS: 100, transcodingS: 0 }, {}] }],
  });
  await ask(`/api/v2/conversations/${id}/recordings/${recordingIds[0]}`);
  await ask(`/api/v2/conversations/${id}/recordings/${recordingIds[1]}`, 'PUT', {
    deleteDate: '2030-01-01T00:00:00Z',
  });
  pass(1000);
  const query = '/api/v2/quality/conversations/audits/query';
  const interval = '2026-05-20T00:00:00Z/2026-05-21T00:00:00Z';
  const { status, body } = await ask(query, 'POST', {
    interval,
    filters: [{ property: 'ConversationId', value: id }],
  });
  expect([status, body.state]).toEqual([202, 'Queued']);
  expect((await ask(`${query}/${body.id}/results`)).status).toBe(404);
  pass(2);
  const results = `${query}/${body.id}/results?pageSize=2`;
  const { body: first } = await ask(results);
  const { body: rest } = await ask(`${results}&cursor=${first.cursor}`);
  const seen = [...first.entities, ...rest.entities].map(
    (one: { action: string; level: string; client?: { id: string } }) => [
      one.action,
      one.level,
      one.client?.id,
    ],
  );
  expect(seen).toEqual([
    ['Download', 'User', 'simulator-client'],
    ['UpdateRetention', 'User', 'simulator-client'],
    ['Delete', 'System', undefined],
  ]);
  expect((await ask(query, 'POST', { interval })).status).toBe(400);
});

it('a request under the GDPR runs through its states', async () => {
  const { ask, pass } = await start({});
  const path = '/api/v2/gdpr/requests';
  const request = { requestType: 'GDPR_DELETE', subject: { phoneNumbers: ['+13175550100'] } };
  expect((await ask(path, 'POST', request)).status).toBe(400);
  const { body } = await ask(`${path}?deleteConfirmed=true`, 'POST', request);
  const states = [body.status];
  for (let step = 0; step < 3; step += 1) {
    pass(1200);
    states.push((await ask(`${path}/${body.id}`)).body.status);
  }
  expect(states).toEqual(['INITIATED', 'SEARCHING', 'DELETING', 'COMPLETED']);
  expect((await ask(path)).body).toMatchObject({ total: 1, entities: [{ id: body.id }] });
});

it('lists queues and users by page and by id', async () => {
  const { ask } = await start({});
  const { body } = await ask('/api/v2/users?pageSize=3&pageNumber=2');
  expect([body.entities.length, body.total, body.pageCount]).toEqual([3, 20, 7]);
  const { body: one } = await ask(`/api/v2/users?id=${body.entities[0].id}`);
  expect(one.entities.map(({ name }: { name: string }) => name)).toEqual([body.entities[0].name]);
  expect((await ask('/api/v2/routing/queues?pageSize=501')).status).toBe(400);
});

describe('organizations', () => {
  it('are told apart by their OAuth clients, and each token has a rate of its own', async () => {
    const { ask, ids, simulator } = await start({
      requestsPerMinute: 3,
      conversations: [{}],
      clients: [{ clientId: 'backfill', clientSecret: 's' }],
      organizations: [
        {
          name: 'Second',
          clients: [{ clientId: 'second', clientSecret: 't' }],
          conversations: [{ recordings: [{}] }],
        },
      ],
    });
    const [first, second] = simulator.organizations;
    const [theirs] = second?.world.conversations ?? [];
    const asSecond = await askAs(simulator.apiUrl, 'second', 't');
    const metadata = (id = '') => `/api/v2/conversations/${id}/recordingmetadata`;
    expect((await asSecond('/api/v2/organizations/me')).body).toMatchObject({ name: 'Second' });
    expect(first?.world.organizationId).not.toBe(second?.world.organizationId);
    expect((await asSecond(metadata(theirs?.id))).body).toHaveLength(1);
    expect((await asSecond(metadata(ids[0]))).status).toBe(404);
    expect((await asSecond(metadata(theirs?.id))).status).toBe(429);
    expect(await ask(metadata(ids[0]))).toMatchObject({
      status: 200,
      headers: { 'inin-ratelimit-count': '1', 'inin-ratelimit-allowed': '3' },
    });
    const asBackfill = await askAs(simulator.apiUrl, 'backfill', 's');
    expect((await asBackfill(metadata(ids[0]))).headers).toMatchObject({ 'inin-ratelimit-count': '1' });
    expect(simulator.conversationEvent(theirs?.id ?? '')).toMatchObject({
      source: `aws.partner/genesys.com/cloud/${second?.world.organizationId}/media-archive`,
    });
  });

  it('cannot share an OAuth client, or have none', async () => {
    const client = { clientId: 'simulator-client', clientSecret: 's' };
    await expect(startFrozen({ organizations: [{ name: 'x', clients: [client] }] })).rejects.toThrow(
      'two OAuth clients',
    );
    await expect(startFrozen({ organizations: [{ name: 'x', clients: [] }] })).rejects.toThrow(
      'no OAuth client',
    );
  });
});
