import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AthenaEndpoint, startAthena } from '../../../packages/simulator/src/athena/athena.ts';
import { runCli, startCli } from '../../cli/run-cli.ts';
import { runHere } from '../../cli/run-here.ts';

let athena: AthenaEndpoint;
let env: Record<string, string>;

beforeAll(async () => {
  athena = await startAthena({
    workGroups: { analysts: { scanLimitBytes: 10_000_000 } },
    answer: (sql) => {
      if (sql.includes('everything')) return { scannedBytes: 20_000_000 };
      if (sql.includes('for ever')) return { looks: Number.POSITIVE_INFINITY };
      return {
        columns: [
          ['state', 'varchar'],
          ['calls', 'bigint'],
          ['share', 'double'],
        ],
        rows: [
          ['arch\tived', '9007199254740993', '0.5'],
          [null, '1', null],
        ],
        scannedBytes: 2_621_440,
      };
    },
  });
  env = {
    ...athena.environment(),
    ARCHIVE_ATHENA_WORK_GROUP: 'analysts',
    ARCHIVE_ATHENA_DATABASE: 'catalogue',
    ARCHIVE_ALLOW_LOOPBACK: '1',
  };
});
afterAll(() => athena.close());

describe('catalogue sql --athena', () => {
  it('shows rows, and how many bytes were read for them; it needs no archive and no key', async () => {
    const shown = await runCli(['catalogue', 'sql', 'SELECT state FROM recordings', '--athena'], { env });
    expect([shown.code, shown.stdout]).toEqual([0, 'arch�ived  9007199254740993  0.5\n  1  \n']);
    expect(shown.stderr).toContain('2 rows; Athena has read 2.5 MiB (2621440 bytes) in analysts');
    const json = await runCli(['catalogue', 'sql', '-', '--athena', '--json'], {
      env,
      input: '-- all\nselect 1',
    });
    expect(json.records()).toMatchObject([
      { type: 'row', row: { state: 'arch\tived', calls: '9007199254740993', share: 0.5 } },
      { type: 'row', row: { state: null, calls: '1', share: null } },
      { type: 'query', workGroup: 'analysts', rows: 2, scannedBytes: 2_621_440 },
    ]);
  }, 30_000);

  it('ends with an error and the bytes at the limit, and shows no row', async () => {
    const result = await runCli(['catalogue', 'sql', 'SELECT everything', '--athena'], { env });
    expect([result.code, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toContain('ATHENA_SCAN_LIMIT');
    expect(result.stderr).toContain('10000000 bytes were read');
  }, 30_000);

  it('cancels the query at Ctrl-C', async () => {
    const running = startCli(['catalogue', 'sql', 'SELECT for ever', '--athena'], { env });
    while (athena.queries().at(-1)?.state !== 'RUNNING') await new Promise((wake) => setTimeout(wake, 20));
    running.kill('SIGINT');
    expect((await running.end).code).toBe(130);
    expect(athena.queries().at(-1)).toMatchObject({ sql: 'SELECT for ever', state: 'CANCELLED' });
  }, 30_000);

  it.each([
    'DROP TABLE recordings',
    "/* SELECT */ -- SELECT\nUNLOAD (SELECT 1) TO 's3://elsewhere/'",
    '/* select */ INSERT INTO recordings SELECT 1',
    'CREATE TABLE copy AS SELECT * FROM recordings',
  ])('refuses to send what changes something: %s', async (sql) => {
    const before = athena.queries().length;
    const result = await runHere(['catalogue', 'sql', sql, '--athena'], { env });
    expect([result.code, athena.queries().length]).toEqual([2, before]);
    expect(result.stderr).toContain('changes nothing');
  });

  it('says which settings it needs, and that --timeout is for it alone', async () => {
    const unset = await runHere(['catalogue', 'sql', 'select 1', '--athena'], { env: {} });
    expect([unset.code, unset.stderr]).toEqual([2, expect.stringContaining('ARCHIVE_ATHENA_WORK_GROUP')]);
    const alone = await runHere(['catalogue', 'sql', 'select 1', '--timeout', '5'], { env });
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--timeout is for --athena')]);
    const other = await runHere(['catalogue', 'status', '--athena'], { env });
    expect(other.code).toBe(2);
  });
});
