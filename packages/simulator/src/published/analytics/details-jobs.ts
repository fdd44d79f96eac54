import { stableUuid } from '../../catalogue.ts';
import { errorReply, jsonReply } from '../../genesys-errors.ts';
import { type Reply, textReply } from '../../reply.ts';
import type { Call } from '../../service.ts';
import { badRequest, pageSizeOf } from '../paging.ts';
import { readObject } from '../recordings/api.ts';
import type { ModelConversation } from '../recordings/model.ts';
import type { RecordingsWorld } from '../recordings/world.ts';
import type { DetailsJob } from '../world-state.ts';
import { describeForAnalytics } from './describe.ts';
import { passes, readDetailsQuery } from './query.ts';

/** `POST /api/v2/analytics/conversations/details/jobs` */
export function postDetailsJob(world: RecordingsWorld, call: Call): Reply {
  const query = readDetailsQuery(readObject(call.body));
  if (typeof query === 'string') return badRequest(query);
  const id = stableUuid(`${world.organizationId}/details/${world.detailsJobs.size}`);
  world.detailsJobs.set(id, {
    id,
    query,
    submittedAt: world.now(),
    found: undefined,
    failed: false,
    cancelled: false,
    expired: false,
  });
  return jsonReply(202, { jobId: id });
}

/** `GET /api/v2/analytics/conversations/details/jobs/{jobId}` */
export function getDetailsJob(world: RecordingsWorld, jobId: string): Reply {
  const job = world.detailsJobs.get(jobId);
  if (job === undefined) return noSuchJob(jobId);
  const state = stateOf(world, job);
  const completed = completedAt(world, job);
  return jsonReply(state === 'PENDING' ? 202 : 200, {
    state,
    submissionDate: new Date(job.submittedAt).toISOString(),
    ...(state === 'FAILED' ? { errorMessage: 'The query failed.' } : {}),
    ...(state === 'PENDING'
      ? {}
      : {
          completionDate: new Date(completed).toISOString(),
          expirationDate: new Date(completed + world.behaviour.detailsJobLifetimeMs).toISOString(),
        }),
  });
}

/** `DELETE /api/v2/analytics/conversations/details/jobs/{jobId}` */
export function deleteDetailsJob(world: RecordingsWorld, jobId: string): Reply {
  const job = world.detailsJobs.get(jobId);
  if (job === undefined) return noSuchJob(jobId);
  job.cancelled = true;
  return textReply(204, 'application/json', '');
}

const PAGE = { largest: 1_000, byDefault: 100 };

/** `GET /api/v2/analytics/conversations/details/jobs/{jobId}/results`. A cursor is good for its own job only. */
export function getDetailsResults(world: RecordingsWorld, call: Call, jobId: string): Reply {
  const job = world.detailsJobs.get(jobId);
  if (job === undefined || stateOf(world, job) !== 'FULFILLED') return noSuchJob(jobId);
  const pageSize = pageSizeOf(call, PAGE);
  const place = readCursor(call.query.get('cursor'), jobId);
  if (pageSize === undefined || place === undefined) return badRequest('pageSize or cursor is not valid');
  job.found ??= run(world, job);
  const next = place + pageSize;
  const body = JSON.stringify({
    conversations: job.found.slice(place, next).flatMap((id) => {
      const conversation = world.conversation(id);
      return conversation === undefined ? [] : [describeForAnalytics(conversation, true)];
    }),
    ...(next < job.found.length ? { cursor: writeCursor(next, jobId) } : {}),
    dataAvailabilityDate: new Date(watermark(world, completedAt(world, job))).toISOString(),
  });
  if (body.length <= world.behaviour.largestResultsPage) return textReply(200, 'application/json', body);
  return tooLarge();
}

export function tooLarge(): Reply {
  return errorReply('genesys', 413, {
    code: 'payload.too.large',
    message: 'The result is over the size limit.',
  });
}

/** `GET /api/v2/analytics/conversations/details/jobs/availability` */
export function getAvailability(world: RecordingsWorld): Reply {
  return jsonReply(200, { dataAvailabilityDate: new Date(watermark(world, world.now())).toISOString() });
}

/** Epoch ms up to which the data lake is complete, but for what comes late. */
function watermark({ behaviour }: RecordingsWorld, now: number): number {
  return now - behaviour.lakeLagMs;
}

function completedAt({ behaviour }: RecordingsWorld, { submittedAt }: DetailsJob): number {
  return submittedAt + behaviour.detailsJobMs;
}

function stateOf(world: RecordingsWorld, job: DetailsJob): string {
  if (job.cancelled) return 'CANCELLED';
  const completed = completedAt(world, job);
  if (world.now() < completed) return 'PENDING';
  if (job.failed) return 'FAILED';
  const isOver = world.now() >= completed + world.behaviour.detailsJobLifetimeMs;
  return job.expired || isOver ? 'EXPIRED' : 'FULFILLED';
}

/** What the lake held when the job was complete; what was not there yet is missing without a word. */
function run(world: RecordingsWorld, job: DetailsJob): readonly string[] {
  const { query } = job;
  const at = completedAt(world, job);
  const inLake = ({ endedAt, lakeLateS, arrivesAt = 0 }: ModelConversation) =>
    endedAt + lakeLateS * 1000 <= watermark(world, at) && arrivesAt <= at;
  const found: string[] = [];
  // anything that was active in the interval, unless only what began in it is asked for
  const begin = query.startOfDay ? startOfDay(query.begin) : query.begin - MAX_INTERVAL_MS;
  for (const conversation of world.startedIn({ begin, end: query.end })) {
    const isActive = query.startOfDay || conversation.ongoing || conversation.endedAt >= query.begin;
    if (isActive && inLake(conversation) && passes(conversation, query, at)) found.push(conversation.id);
  }
  if (query.descending) found.reverse();
  return query.limit === undefined ? found : found.slice(0, query.limit);
}

/** How far before an interval what is active in it may have begun. */
const MAX_INTERVAL_MS = 7 * 86_400_000;

function startOfDay(time: number): number {
  return Math.floor(time / 86_400_000) * 86_400_000;
}

function writeCursor(place: number, jobId: string): string {
  return Buffer.from(`${jobId.slice(0, 8)}/${place}`).toString('base64url');
}

function readCursor(cursor: string | null, jobId: string): number | undefined {
  if (cursor === null) return 0;
  const [, job = '', place = ''] = /^(\w+)\/(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return job === jobId.slice(0, 8) ? Number(place) : undefined;
}

function noSuchJob(jobId: string): Reply {
  return errorReply('genesys', 404, { body: { entityId: jobId, entityName: 'job' } });
}
