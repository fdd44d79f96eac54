import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { addControl } from '../jobs/control.ts';
import type { JobPlan } from '../jobs/kind.ts';
import { type PatientStore, patientStore } from '../jobs/patient-store.ts';
import { listJobs, readPlan, requirePlan } from '../jobs/read-job.ts';
import { readProgress } from '../jobs/read-progress.ts';
import { listFailures } from '../jobs/retry-job.ts';
import { present } from '../present.ts';
import { archiveQuery } from './api-schema.ts';
import { controlBody, type JobShape, jobShape, workPage, workQuery } from './api-keeping-schema.ts';
import { type ConsoleAnswer, jsonAnswer } from './exchange.ts';
import { takePage } from './paging.ts';
import { type Call, route, type Route } from './routes/route.ts';

/** Failures of a job that are counted by code. */
const MAX_FAILURES = 1_000;
/** ms between two looks at a job that is followed. */
const FOLLOW_MS = 2_000;
/** Looks after which the page asks anew. */
const MAX_LOOKS = 300;
/** ms after which a plan that never ended was given up. */
const PLANNING_MS = 3_600_000;

interface JobPlace {
  readonly store: PatientStore;
  readonly clock: Clock;
}

async function describeJob({ store, clock }: JobPlace, plan: JobPlan, budget: Budget): Promise<JobShape> {
  const progress = await readProgress({ store, plan, budget, now: clock.now() });
  const { done, already, failed, bytes, estimate, runners } = progress;
  return {
    id: plan.id,
    kind: plan.kind,
    ...present({ name: plan.name }),
    state: progress.state,
    createdAt: plan.createdAt,
    createdBy: plan.createdBy,
    items: plan.totals.items,
    done: done + already,
    failed,
    bytes,
    rate: progress.rate,
    runners: runners.length,
    etaS: estimate === undefined ? null : Math.round(estimate.left.best / 1_000),
    failures: failed === 0 ? [] : await countFailures(store, plan.id, budget),
    ...present({ limitedBy: progress.limitedBy, stoppedBy: progress.stoppedBy }),
  };
}

async function countFailures(store: PatientStore, id: string, budget: Budget): Promise<JobShape['failures']> {
  const counts = new Map<string, number>();
  let seen = 0;
  for await (const { code } of listFailures(store, id, budget)) {
    counts.set(code, (counts.get(code) ?? 0) + 1);
    seen += 1;
    if (seen === MAX_FAILURES) break;
  }
  return [...counts].map(([code, count]) => ({ code, count })).toSorted((a, b) => b.count - a.count);
}

/** The newest first. */
async function listWork(
  place: JobPlace,
  page: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  budget: Budget,
) {
  const found: { id: string; openedAt: number }[] = [];
  for await (const job of listJobs(place.store, budget)) found.push(job);
  const { items, next } = await takePage(found.toReversed(), page, ({ id }) => id);
  const jobs: JobShape[] = [];
  for (const { id, openedAt } of items) {
    const plan = await readPlan(place.store, id, budget);
    if (plan !== undefined) jobs.push(await describeJob(place, plan, budget));
    else if (place.clock.now() - openedAt < PLANNING_MS) jobs.push(planning(id, openedAt));
  }
  return { items: jobs, next };
}

const planning = (id: string, openedAt: number): JobShape => ({
  id,
  kind: '',
  state: 'planning',
  createdAt: new Date(openedAt).toISOString(),
  createdBy: '',
  items: 0,
  done: 0,
  failed: 0,
  bytes: 0,
  rate: 'yield',
  runners: 0,
  etaS: null,
  failures: [],
});

const placeOf = ({ archive, state }: Pick<Call, 'archive' | 'state'>): JobPlace => ({
  store: patientStore(archive.derived, state.clock),
  clock: state.clock,
});

/** Server-sent events: the job as it stands, every two seconds, until it is over or who asked has gone. */
async function follow(call: Call): Promise<ConsoleAnswer> {
  const { budget, params, state } = call;
  const place = placeOf(call);
  const plan = await requirePlan(place.store, params['id'] ?? '', budget);
  const first = await describeJob(place, plan, budget);
  async function* events(): AsyncGenerator<Uint8Array, void, undefined> {
    let job = first;
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      yield Buffer.from(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
      if (job.state === 'finished' || job.state === 'cancelled') return;
      await state.clock.sleep(FOLLOW_MS, budget.signal);
      job = await describeJob(place, plan, budget);
    }
  }
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: events() };
}

export const WORK_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/work',
      needs: 'see',
      summary: 'jobs, the newest first, with how far they are',
      query: workQuery,
      answers: [{ status: 200, shape: workPage }],
    },
    async (call) => jsonAnswer(200, await listWork(placeOf(call), call.query, call.budget)),
  ),
  route(
    {
      method: 'GET',
      path: '/api/work/:id',
      needs: 'see',
      summary: 'one job',
      query: archiveQuery,
      answers: [{ status: 200, shape: jobShape }],
    },
    async (call) => {
      const place = placeOf(call);
      const plan = await requirePlan(place.store, call.params['id'] ?? '', call.budget);
      return jsonAnswer(200, await describeJob(place, plan, call.budget));
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/work/:id/events',
      needs: 'see',
      summary: 'one job as server-sent events, `event: job`, every two seconds',
      query: archiveQuery,
      answers: [{ status: 200, meaning: '`text/event-stream`' }],
    },
    follow,
  ),
  route(
    {
      method: 'POST',
      path: '/api/work/:id/control',
      needs: 'operate',
      summary: 'pauses a job, lets it go on, or changes its rate',
      body: controlBody,
      answers: [{ status: 200, shape: jobShape }],
      entry: 'control',
    },
    async (call) => {
      const { body, session, state, archive, params, budget } = call;
      const { wish, rate } = body;
      if (wish === undefined && rate === undefined)
        throw new ArchiveError('REQUEST_INVALID', 'say `wish` or `rate`');
      const place = placeOf(call);
      const plan = await requirePlan(place.store, params['id'] ?? '', budget);
      const said = [wish, rate === undefined ? undefined : `rate=${rate}`].filter((one) => one !== undefined);
      await state.access.write(archive, session, {
        action: 'control',
        subject: plan.id,
        query: said.join(' '),
      });
      const by = session.name;
      await addControl({ ...place, budget }, plan, { by, ...present({ wish, rate }) });
      return jsonAnswer(200, await describeJob(place, plan, budget));
    },
  ),
];
