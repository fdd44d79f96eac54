import { randomUUID } from 'node:crypto';
import { AthenaRefusal } from '../aws/refusals.ts';

/** How a query ends, and what it reads on its way. */
export interface AthenaAnswer {
  readonly columns?: readonly (readonly [name: string, type: string])[];
  /** `null` is a cell without a value. */
  readonly rows?: readonly (readonly (string | null)[])[];
  /** Bytes; the limit of the work group is held against it. */
  readonly scannedBytes?: number;
  /** The query fails, and says so. */
  readonly failure?: { readonly reason: string; readonly retryable?: boolean };
  /** How often its state is asked for before it ends; `Infinity` for one that goes on until it is stopped. @default 2 */
  readonly looks?: number;
  /** @default `DML` */
  readonly statementType?: 'DML' | 'DDL' | 'UTILITY';
}

export interface AthenaWorkGroup {
  /** `BytesScannedCutoffPerQuery` */
  readonly scanLimitBytes?: number;
}

/** What a client sees of a query. */
export interface SimulatedQuery {
  readonly id: string;
  readonly sql: string;
  readonly workGroup: string;
  readonly database: string;
  state: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  reason: string | undefined;
  scannedBytes: number;
}

interface Started {
  readonly query: SimulatedQuery;
  readonly answer: AthenaAnswer;
  readonly token: string;
  looks: number;
}

/** As Athena words it. The state is CANCELLED, also under engine version 3, and the bytes are those of the limit. */
const LIMIT_REASON = 'Bytes scanned limit was exceeded';
const STOP_REASON = 'Query cancelled by user';
const MAX_ROWS_OF_A_PAGE = 1_000;

/** Queries in memory: each look at one takes it a step further. */
export class AthenaQueries {
  readonly #workGroups: Readonly<Record<string, AthenaWorkGroup>>;
  readonly #answer: (sql: string) => AthenaAnswer;
  readonly #started: Started[] = [];

  constructor(workGroups: Readonly<Record<string, AthenaWorkGroup>>, answer: (sql: string) => AthenaAnswer) {
    this.#workGroups = workGroups;
    this.#answer = answer;
  }

  /** In the order they were started. */
  get all(): readonly SimulatedQuery[] {
    return this.#started.map(({ query }) => query);
  }

  /** @throws AthenaRefusal */
  start(input: {
    readonly sql: string;
    readonly workGroup: string;
    readonly database: string;
    readonly token: string;
  }): string {
    const { token, ...asked } = input;
    this.workGroup(asked.workGroup);
    const before = this.#started.find((one) => one.token === token);
    if (before !== undefined) {
      if (before.query.sql === asked.sql) return before.query.id;
      throw new AthenaRefusal('InvalidRequestException', 'Idempotent parameters do not match');
    }
    const id = randomUUID();
    this.#started.push({
      query: { id, ...asked, state: 'QUEUED', reason: undefined, scannedBytes: 0 },
      answer: this.#answer(asked.sql),
      token,
      looks: 0,
    });
    return id;
  }

  /** @throws AthenaRefusal */
  workGroup(name: string): AthenaWorkGroup {
    const found = Object.hasOwn(this.#workGroups, name) ? this.#workGroups[name] : undefined;
    if (found === undefined) throw new AthenaRefusal('InvalidRequestException', 'WorkGroup is not found.');
    return found;
  }

  /** Goes a step on, as time does. @throws AthenaRefusal */
  look(id: string): { readonly query: SimulatedQuery; readonly answer: AthenaAnswer } {
    const started = this.#of(id);
    const { query, answer } = started;
    if (query.state !== 'QUEUED' && query.state !== 'RUNNING') return started;
    started.looks += 1;
    query.state = 'RUNNING';
    if (started.looks > (answer.looks ?? 2)) this.#end(query, answer);
    return started;
  }

  #end(query: SimulatedQuery, { scannedBytes = 0, failure }: AthenaAnswer): void {
    const { scanLimitBytes = Number.POSITIVE_INFINITY } = this.workGroup(query.workGroup);
    query.scannedBytes = Math.min(scannedBytes, scanLimitBytes);
    if (scannedBytes > scanLimitBytes) {
      query.state = 'CANCELLED';
      query.reason = LIMIT_REASON;
    } else {
      query.state = failure === undefined ? 'SUCCEEDED' : 'FAILED';
      query.reason = failure?.reason;
    }
  }

  /** A query that has ended stays as it is. @throws AthenaRefusal */
  stop(id: string): void {
    const { query } = this.#of(id);
    if (query.state !== 'QUEUED' && query.state !== 'RUNNING') return;
    query.state = 'CANCELLED';
    query.reason = STOP_REASON;
  }

  /** The first row of a `SELECT` has the names of its columns. @throws AthenaRefusal */
  page(id: string, from: number, most: number): { readonly rows: readonly object[]; readonly next: number } {
    const { query, answer } = this.#of(id);
    const { state } = query;
    if (state === 'QUEUED' || state === 'RUNNING')
      throw new AthenaRefusal(
        'InvalidRequestException',
        `Query has not yet finished. Current state: ${state}`,
      );
    if (state !== 'SUCCEEDED')
      throw new AthenaRefusal(
        'InvalidRequestException',
        `Query did not finish successfully. Final query state: ${state}`,
      );
    if (!(most >= 1 && most <= MAX_ROWS_OF_A_PAGE))
      throw new AthenaRefusal(
        'InvalidRequestException',
        'MaxResults is more than maximum allowed length 1000.',
      );
    const { columns = [], rows = [], statementType = 'DML' } = answer;
    const all = statementType === 'DML' ? [columns.map(([name]) => name), ...rows] : rows;
    const to = from + most;
    return {
      rows: all.slice(from, to).map((row) => ({
        Data: row.map((cell) => (cell === null ? {} : { VarCharValue: cell })),
      })),
      next: to < all.length ? to : 0,
    };
  }

  #of(id: string): Started {
    const found = this.#started.find(({ query }) => query.id === id);
    if (found !== undefined) return found;
    throw new AthenaRefusal('InvalidRequestException', `QueryExecution ${id} was not found`);
  }
}
