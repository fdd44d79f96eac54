import * as z from 'zod';
import { unlimited } from '../clock.ts';
import { openErasure } from '../create/erasure.ts';
import { ArchiveError } from '../errors.ts';
import type { JobKind, Outcome, WorkContext } from '../jobs/kind.ts';
import { eraseRecordings } from '../keep/erase/erase-recordings.ts';
import type { ErasedItem } from '../keep/erase/erase-types.ts';
import type { SealedItem } from '../keep/erase/plan-erasure.ts';
import { isSealed } from '../keep/sealed-item.ts';
import { failedOutcome } from './failed-outcome.ts';
import { readOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource, JobTools } from './kind-source.ts';
import { ERASE } from './unnamed-erase.ts';
import { present } from '../present.ts';

/** What a plan says besides its items. */
export const eraseOptions = z.object({
  store: z.string(),
  layout: z.string(),
  reason: z.string().min(1).max(256),
  by: z.string().min(1).max(256),
  /** Recordings that holds are on were left out. */
  leaveHeld: z.boolean(),
  /** Of the platform, where the plan follows one. */
  request: z.string().optional(),
});

const itemSchema = z.object({
  recording: z.string().min(1).max(200),
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  keys: z.array(z.string().min(1).max(512)).min(1),
  isSecond: z.literal(true).optional(),
  mac: z.string(),
});

export function parseErasureItem(value: unknown): SealedItem {
  const { isSecond, ...item } = itemSchema.parse(value);
  return { ...item, ...present({ isSecond }) };
}

/** Recordings of one batch: holds are read twice for each. */
const BATCH_SIZE = 200;

/** What was erased, as it is known; for the report of who has confirmed it. */
export type OnErased = (erased: ErasedItem) => void;

/** Erases recordings of plans whose name is known: nothing else is worked on. */
export function eraseJobs(secret: string, onErased?: OnErased): JobKindSource {
  return {
    name: ERASE,
    attended: true,
    open: (tools) => Promise.resolve({ kind: eraseKind(tools, secret, onErased) }),
  };
}

function eraseKind(tools: JobTools, secret: string, onErased: OnErased | undefined): JobKind<SealedItem> {
  let opened: ReturnType<typeof openErasure> | undefined;
  return {
    name: ERASE,
    batchSize: BATCH_SIZE,
    parse: parseErasureItem,
    nameOf: ({ recording }) => recording,
    async *work(items, context: WorkContext) {
      const options = readOptions(eraseOptions, context.options);
      const foreign = items.find((item) => !isSealed(secret, context.options, item));
      if (foreign !== undefined) throw changedPlan();
      const config = await tools.settings('wrap');
      const { ports } = await (opened ??= openErasure(config, tools, unlimited));
      requireSameArchive(options, { store: ports.store, layout: config.layout });
      const budget = { deadline: Number.POSITIVE_INFINITY, signal: context.signal };
      const bare = items.map(({ mac: _mac, ...item }) => item);
      const erased = await eraseRecordings(ports, bare, options, budget);
      for (const [index, one] of erased.entries()) {
        onErased?.(one);
        yield { index, ...outcomeOf(one) };
      }
    },
  };
}

export function changedPlan(): ArchiveError {
  return new ArchiveError(
    'JOB_CHANGED',
    'the plan was changed after it was written: nothing is erased by it',
    {
      hint: 'someone else has changed it; look who may write to jobs/, and plan the erasure again',
    },
  );
}

function outcomeOf({ state, bytes, heldBy, kept, error }: ErasedItem): Omit<Outcome, 'index'> {
  switch (state) {
    case 'erased':
      return { state: 'done', bytes };
    case 'already':
      return { state: 'already', bytes };
    case 'held':
      return {
        state: 'failed',
        bytes: 0,
        code: 'HOLD_STANDS',
        reason: `held by ${(heldBy ?? []).join(', ')}`,
        retryable: true,
      };
    case 'kept': {
      const until = Math.max(...(kept ?? []).map((one) => one.until ?? 0));
      const when = until > 0 ? `until ${new Date(until).toISOString()}` : 'until a legal hold is lifted';
      return {
        state: 'failed',
        bytes,
        code: 'ERASURE_UNFINISHED',
        reason: `locked ${when}`,
        retryable: true,
      };
    }
    case 'failed':
      return failedOutcome(error);
  }
}
