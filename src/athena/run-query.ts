import { randomUUID } from 'node:crypto';
import { type Budget, type Clock, startBudget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { AthenaService, QueryColumn, QueryState } from './athena-service.ts';
import { errorOfQuery, isScanLimit } from './refusals.ts';

export interface AthenaQuery {
  readonly sql: string;
  readonly workGroup: string;
  readonly database: string;
}

export interface QueryPorts {
  readonly athena: AthenaService;
  readonly clock: Clock;
}

export interface QueryResult {
  readonly id: string;
  /** Read from S3; what AWS charges for, at least 10 MB a query. */
  readonly scannedBytes: number;
  /** Page by page. Known with the first one. */
  readonly columns: readonly QueryColumn[];
  rows(): AsyncGenerator<readonly (string | null)[], void, undefined>;
}

/** ms between two looks at a query: grows from the first to the last. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5_000;
const PAUSE_GROWTH = 1.5;
/** ms; to cancel a query whose work has ended here. */
const STOP_MS = 5_000;

/**
 * Starts a query and waits for its end. A query is cancelled where waiting ends before it does: at an interrupt, at the end of the time,
 * at an answer of Athena that ends the work. Otherwise it would go on to read, and be charged for.
 *
 * @throws `ATHENA_SCAN_LIMIT` with the bytes, where its work group ended it; `ATHENA_QUERY_FAILED`, `ATHENA_DENIED`,
 *   `ATHENA_WORK_GROUP_MISSING`, `ATHENA_UNAVAILABLE`; `OUT_OF_TIME`, `INTERRUPTED`.
 */
export async function runQuery(ports: QueryPorts, query: AthenaQuery, budget: Budget): Promise<QueryResult> {
  const { athena } = ports;
  const id = await athena.start({ ...query, token: randomUUID() }, budget);
  const ended = await waitForEnd(ports, id, budget).catch(async (error: unknown) => {
    throw await withCancelled(ports, id, error);
  });
  if (ended.state !== 'SUCCEEDED') {
    const limitBytes = isScanLimit(ended.reason) ? await limitOf(ports, query.workGroup, budget) : undefined;
    throw errorOfQuery({ ...ended, id, workGroup: query.workGroup, limitBytes });
  }
  const first = await athena.page(id, undefined, budget);
  const { columns } = first;
  return {
    id,
    scannedBytes: ended.scannedBytes,
    columns,
    async *rows() {
      const heads = ended.hasHeading && isHeading(first.rows[0], columns) ? 1 : 0;
      yield* first.rows.slice(heads);
      for (let { next } = first; next !== undefined; ) {
        const page = await athena.page(id, next, budget);
        yield* page.rows;
        // a token that leads to itself would never end
        if (page.next === next)
          throw new ArchiveError('ATHENA_UNAVAILABLE', 'Athena names the same page again and again');
        next = page.next;
      }
    },
  };
}

/** The first row of a `SELECT` has the names of the columns. */
function isHeading(row: readonly (string | null)[] | undefined, columns: readonly QueryColumn[]): boolean {
  return row !== undefined && columns.every(({ name }, at) => row[at] === name);
}

async function waitForEnd({ athena, clock }: QueryPorts, id: string, budget: Budget): Promise<QueryState> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * PAUSE_GROWTH)) {
    const state = await athena.stateOf(id, budget);
    if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state.state)) return state;
    await clock.sleep(pauseMs, budget.signal);
  }
}

/** The budget of the query may be over: cancelling has one of its own. */
async function withCancelled({ athena, clock }: QueryPorts, id: string, thrown: unknown): Promise<unknown> {
  const error = toArchiveError(thrown);
  const { budget, end } = startBudget(clock, clock.now() + STOP_MS);
  try {
    await athena.stop(id, budget);
    return error;
  } catch (failure) {
    const { code } = toArchiveError(failure);
    return new ArchiveError(
      error.code,
      `${error.message}; the query ${id} could not be cancelled (${code}), and may go on to read`,
      {
        details: { ...error.details, query: id },
        hint: `aws athena stop-query-execution --query-execution-id ${id}`,
        retryable: error.retryable,
      },
    );
  } finally {
    end();
  }
}

/** For the message alone: without the right to look, it is left out. */
async function limitOf({ athena }: QueryPorts, workGroup: string, budget: Budget) {
  try {
    return await athena.scanLimitOf(workGroup, budget);
  } catch {
    return undefined;
  }
}
