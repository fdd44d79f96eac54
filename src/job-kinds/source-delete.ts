import * as z from 'zod';
import { unlimited } from '../clock.ts';
import { openSourceDeletion } from '../create/source-deletion.ts';
import { ArchiveError } from '../errors.ts';
import type { JobKind, Outcome, WorkContext } from '../jobs/kind.ts';
import { isSealed, type Sealed } from '../keep/sealed-item.ts';
import { markRecordings } from '../keep/source-delete/mark-recordings.ts';
import type { SourceDeleted, SourceDeleteItem } from '../keep/source-delete/source-types.ts';
import { failedOutcome } from './failed-outcome.ts';
import { readOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource, JobTools } from './kind-source.ts';
import { SOURCE_DELETE } from './unnamed-source-delete.ts';

/** What a plan says besides its items. */
export const sourceDeleteOptions = z.object({
  store: z.string(),
  layout: z.string(),
  reason: z.string().min(1).max(256),
  by: z.string().min(1).max(256),
  compare: z.boolean(),
  /** A person has stated that the archive never got a redacted recording. */
  statedUnredacted: z.boolean(),
  wantsContext: z.boolean(),
  wantsTranscript: z.boolean(),
  graceDays: z.int().min(7).max(365),
  drillDays: z.int().min(1).max(365),
  /** ISO 8601. */
  plannedAt: z.iso.datetime({ precision: 3 }),
});
export type SourceDeleteOptions = z.output<typeof sourceDeleteOptions>;

const itemSchema = z.object({
  recording: z.string().min(1).max(200),
  conversation: z.string().min(1).max(200),
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  keys: z.array(z.string().min(1).max(512)).min(1),
  mac: z.string(),
});

export type SealedSourceItem = Sealed<SourceDeleteItem>;

export const parseSourceItem = (value: unknown): SealedSourceItem => itemSchema.parse(value);

/** The rules that a plan was made by. */
export function rulesOf({ plannedAt, ...options }: SourceDeleteOptions) {
  const { compare, statedUnredacted, wantsContext, wantsTranscript, graceDays, drillDays } = options;
  return {
    compare,
    statedUnredacted,
    wantsContext,
    wantsTranscript,
    graceDays,
    drillDays,
    plannedAt: Date.parse(plannedAt),
  };
}

/** Recordings of one batch: each is read whole before the first of them is marked. */
const BATCH_SIZE = 20;

export type OnSourceDeleted = (deleted: SourceDeleted) => void;

/** Marks recordings of plans whose name is known: nothing else is worked on. */
export function sourceDeleteJobs(secret: string, onDeleted?: OnSourceDeleted): JobKindSource {
  return {
    name: SOURCE_DELETE,
    attended: true,
    open: (tools) => {
      const { kind, close } = sourceDeleteKind(tools, secret, onDeleted);
      return Promise.resolve({ kind, close });
    },
  };
}

function sourceDeleteKind(
  tools: JobTools,
  secret: string,
  onDeleted: OnSourceDeleted | undefined,
): { readonly kind: JobKind<SealedSourceItem>; readonly close: () => void } {
  let opened: ReturnType<typeof openSourceDeletion> | undefined;
  let close = () => {};
  const kind: JobKind<SealedSourceItem> = {
    name: SOURCE_DELETE,
    batchSize: BATCH_SIZE,
    parse: parseSourceItem,
    nameOf: ({ recording }) => recording,
    async *work(items, context: WorkContext) {
      const options = readOptions(sourceDeleteOptions, context.options);
      if (items.some((item) => !isSealed(secret, context.options, item))) throw changedSourcePlan();
      const wrap = await tools.settings('wrap');
      const configs = { wrap, archive: await tools.settings('archive') };
      const deletion = await (opened ??= openSourceDeletion(configs, tools, unlimited));
      close = () => deletion.close();
      const { ports } = deletion;
      requireSameArchive(options, { store: ports.store, layout: wrap.layout });
      const budget = { deadline: Number.POSITIVE_INFINITY, signal: context.signal };
      const { by, reason } = options;
      const request = { rules: rulesOf(options), by, reason, job: context.job };
      const bare = items.map(({ mac: _mac, ...item }) => item);
      const done = await markRecordings(ports, bare, request, budget);
      for (const [index, one] of done.entries()) {
        onDeleted?.(one);
        if (one.state !== 'capped') yield { index, ...outcomeOf(one, one.state) };
      }
      if (done.some(({ state }) => state === 'capped')) {
        throw new ArchiveError('SOURCE_DELETE_CAPPED', `${ports.perDay} recordings were marked today`);
      }
    },
  };
  return { kind, close: () => close() };
}

export function changedSourcePlan(): ArchiveError {
  return new ArchiveError(
    'JOB_CHANGED',
    'the plan was changed after it was written: nothing is deleted by it',
    {
      hint: 'someone else has changed it; look who may write to jobs/, and plan again',
    },
  );
}

/** Of one that the day has a place for: others stay without an outcome, and are worked on another day. */
function outcomeOf(
  { bytes, reasons, error }: SourceDeleted,
  state: Exclude<SourceDeleted['state'], 'capped'>,
): Omit<Outcome, 'index'> {
  switch (state) {
    case 'marked':
      return { state: 'done', bytes };
    case 'already':
    case 'gone':
      return { state: 'already', bytes };
    case 'refused':
      return {
        state: 'failed',
        bytes: 0,
        code: 'SOURCE_DELETE_REFUSED',
        reason: (reasons ?? []).join(', '),
        retryable: true,
      };
    case 'failed':
      return failedOutcome(error);
  }
}
