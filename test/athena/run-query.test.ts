import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type AthenaAnswer,
  type AthenaOptions,
  startAthena,
} from '../../packages/simulator/src/athena/athena.ts';
import { createAthena } from '../../src/athena/athena-service.ts';
import { runQuery } from '../../src/athena/run-query.ts';
import { errorOfQuery } from '../../src/athena/refusals.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import { fastClock } from '../fast-clock.ts';

const QUERY = { sql: 'SELECT state FROM recordings', workGroup: 'archive', database: 'catalogue' };
const CREDENTIALS = { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' };
const STATES: AthenaAnswer = {
  columns: [
    ['state', 'varchar'],
    ['calls', 'bigint'],
  ],
  rows: [
    ['archived', '12'],
    [null, '1'],
  ],
  scannedBytes: 34_567,
};

/** A service, a client of it whose pauses take no time, and their parts. */
async function start(options: AthenaOptions = {}) {
  const athena = await startAthena(options);
  onTestFinished(() => athena.close());
  const clock = fastClock();
  const service = createAthena({
    clock,
    logger: silentLogger,
    region: 'us-east-1',
    endpoint: athena.url,
    credentials: () => Promise.resolve(CREDENTIALS),
  });
  onTestFinished(() => service.close());
  return { athena, service, clock, ports: { athena: service, clock } };
}

async function rowsOf(result: Awaited<ReturnType<typeof runQuery>>) {
  const rows: (readonly (string | null)[])[] = [];
  for await (const row of result.rows()) rows.push(row);
  return rows;
}

const failureOf = async (work: Promise<unknown>): Promise<ArchiveError> => {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ArchiveError) return thrown;
  throw new Error('it did not fail with an error of ours');
};

describe('a query of Athena', () => {
  it('is asked in its work group and database, and gives its rows without the heading, and the bytes read', async () => {
    const { athena, ports } = await start({ answer: () => STATES });
    const result = await runQuery(ports, QUERY, unlimited);
    expect(result.columns).toEqual([
      { name: 'state', type: 'varchar' },
      { name: 'calls', type: 'bigint' },
    ]);
    expect(result.scannedBytes).toBe(34_567);
    expect(await rowsOf(result)).toEqual(STATES.rows);
    expect(athena.queries()).toMatchObject([{ ...QUERY, state: 'SUCCEEDED' }]);
  });

  it('gives all pages, each row once, and the first row of a statement that has no heading', async () => {
    const rows = Array.from({ length: 2_345 }, (_, at) => [`row ${at}`]);
    const columns = [['name', 'varchar']] as const;
    const many = await start({ answer: () => ({ columns, rows }) });
    expect(await rowsOf(await runQuery(many.ports, QUERY, unlimited))).toEqual(rows);
    expect(many.athena.operations.filter((one) => one === 'GetQueryResults')).toHaveLength(3);
    const show = await start({
      answer: () => ({ columns, rows: [['recordings']], statementType: 'UTILITY' }),
    });
    expect(await rowsOf(await runQuery(show.ports, QUERY, unlimited))).toEqual([['recordings']]);
  });

  it('that reads more than its work group lets it is an error with the bytes, never an empty answer', async () => {
    const { ports } = await start({
      workGroups: { archive: { scanLimitBytes: 10_000_000 } },
      answer: () => ({ ...STATES, scannedBytes: 10_000_001 }),
    });
    const error = await failureOf(runQuery(ports, QUERY, unlimited));
    expect(error).toMatchObject({ code: 'ATHENA_SCAN_LIMIT', retryable: false });
    expect(error.message).toContain('its limit of 10000000 bytes: 10000000 bytes were read');
    expect(error.details).toMatchObject({ scannedBytes: 10_000_000, limitBytes: 10_000_000 });
    const exact = await start({
      workGroups: { archive: { scanLimitBytes: 10_000_000 } },
      answer: () => ({ ...STATES, scannedBytes: 10_000_000 }),
    });
    expect(await rowsOf(await runQuery(exact.ports, QUERY, unlimited))).toHaveLength(2);
  });

  it('says the bytes at a limit also where it may not look how high the limit is', async () => {
    const { ports, athena } = await start({
      workGroups: { archive: { scanLimitBytes: 10_000_000 } },
      answer: () => ({ scannedBytes: 20_000_000 }),
    });
    athena.faults.add('GetWorkGroup', 'AccessDeniedException');
    const error = await failureOf(runQuery(ports, QUERY, unlimited));
    expect([error.code, error.message]).toEqual([
      'ATHENA_SCAN_LIMIT',
      expect.stringContaining('at its limit: 10000000 bytes were read'),
    ]);
  });

  it.each([
    ["SYNTAX_ERROR: line 1:8: Column 'stat' cannot be resolved", false, 'ATHENA_QUERY_FAILED'],
    ['HIVE_CANNOT_OPEN_SPLIT: a file was replaced', true, 'ATHENA_UNAVAILABLE'],
    ['Permission denied on S3 path: s3://bucket/catalogue/recordings/v1/', false, 'ATHENA_DENIED'],
    ['Insufficient permissions to execute the query.', false, 'ATHENA_DENIED'],
  ])(
    'that fails with "%s" (retryable: %s) is %s, in the words of Athena',
    async (reason, retryable, code) => {
      const { ports } = await start({ answer: () => ({ failure: { reason, retryable } }) });
      const error = await failureOf(runQuery(ports, QUERY, unlimited));
      expect(error).toMatchObject({ code, retryable });
      expect(error.message).toContain(reason);
    },
  );

  it('that others cancel is not taken for an answer, nor for a limit', async () => {
    const { ports, athena, service } = await start({ answer: () => ({ ...STATES, looks: 5 }) });
    const error = failureOf(
      runQuery(
        {
          ...ports,
          clock: { ...ports.clock, sleep: () => service.stop(athena.queries()[0]?.id ?? '', unlimited) },
        },
        QUERY,
        unlimited,
      ),
    );
    expect(await error).toMatchObject({
      code: 'ATHENA_QUERY_FAILED',
      message: 'the query was cancelled: Query cancelled by user',
    });
  });

  it('names a work group that is not there, and a missing right, before anything is read', async () => {
    const { ports, athena } = await start();
    const other = { ...QUERY, workGroup: 'another' };
    expect((await failureOf(runQuery(ports, other, unlimited))).code).toBe('ATHENA_WORK_GROUP_MISSING');
    athena.faults.add('StartQueryExecution', 'AccessDeniedException');
    expect(await failureOf(runQuery(ports, QUERY, unlimited))).toMatchObject({
      code: 'ATHENA_DENIED',
      hint: expect.stringContaining('AnalystPolicyArn'),
    });
    expect(athena.queries()).toEqual([]);
  });

  it('is waited for with longer and longer pauses, through throttling and faults of the service', async () => {
    const { ports, athena, clock } = await start({ answer: () => ({ ...STATES, looks: 12 }) });
    athena.faults.add('StartQueryExecution', 'TooManyRequestsException', 2);
    athena.faults.add('GetQueryResults', 'InternalServerException', 2);
    expect(await rowsOf(await runQuery(ports, QUERY, unlimited))).toHaveLength(2);
    expect(athena.queries()).toHaveLength(1);
    const looks = clock.slept.slice(2, 14);
    expect(looks).toEqual(looks.toSorted((one, other) => one - other));
    expect([looks[0], Math.max(...looks)]).toEqual([250, 5_000]);
  });

  it('is cancelled when it is interrupted, and at the end of its time: it does not go on to read', async () => {
    const { ports, athena, clock } = await start({ answer: () => ({ looks: Number.POSITIVE_INFINITY }) });
    const controller = new AbortController();
    const stops = { ...clock, sleep: stopping(controller) };
    const budget = { ...unlimited, signal: controller.signal };
    expect((await failureOf(runQuery({ ...ports, clock: stops }, QUERY, budget))).code).toBe('INTERRUPTED');
    const short = { ...unlimited, deadline: clock.now() + 20_000 };
    expect((await failureOf(runQuery(ports, QUERY, short))).code).toBe('OUT_OF_TIME');
    expect(athena.queries().map(({ state }) => state)).toEqual(['CANCELLED', 'CANCELLED']);
  });

  it('says so where it could not be cancelled', async () => {
    const { ports, athena } = await start({ answer: () => ({ looks: Number.POSITIVE_INFINITY }) });
    athena.faults.add('StopQueryExecution', 'AccessDeniedException', Number.POSITIVE_INFINITY);
    const controller = new AbortController();
    const clock = { ...ports.clock, sleep: stopping(controller) };
    const budget = { ...unlimited, signal: controller.signal };
    const error = await failureOf(runQuery({ ...ports, clock }, QUERY, budget));
    const [{ id } = { id: '' }] = athena.queries();
    expect(error).toMatchObject({ code: 'INTERRUPTED', hint: expect.stringContaining(id) });
    expect(error.message).toContain('may go on to read');
  });

  it('needs a region, and says which setting has it', async () => {
    const clientless = createAthena({ clock: systemClock, logger: silentLogger, region: undefined });
    onTestFinished(() => clientless.close());
    expect(await failureOf(clientless.stop('id', unlimited))).toMatchObject({
      code: 'CONFIG_INVALID',
      hint: 'set AWS_REGION',
    });
  });
});

describe('the error of a query that ended', () => {
  it('names limit and bytes also where Athena adds to its words, and only then', () => {
    const ended = { id: 'id', workGroup: 'archive', limitBytes: undefined, isRetryable: false };
    fc.assert(
      fc.property(
        fc.nat(),
        fc.string(),
        fc.constantFrom('CANCELLED', 'FAILED'),
        (scannedBytes, tail, state) => {
          const limit = errorOfQuery({
            ...ended,
            state,
            scannedBytes,
            reason: `Bytes scanned limit was exceeded${tail}`,
          });
          expect([limit.code, limit.details['scannedBytes']]).toEqual(['ATHENA_SCAN_LIMIT', scannedBytes]);
          const other = errorOfQuery({ ...ended, state, scannedBytes, reason: `X ${tail}` });
          expect(other.code).not.toBe('ATHENA_SCAN_LIMIT');
        },
      ),
    );
  });
});

/** A pause in which the work is interrupted. */
function stopping(controller: AbortController) {
  return () => {
    const reason = new ArchiveError('INTERRUPTED', 'interrupted');
    controller.abort(reason);
    return Promise.reject(reason);
  };
}
