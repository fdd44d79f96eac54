import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import {
  addRecording,
  DAY,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../../catalogue/invented-archive.ts';
import { runCli } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

const KEY = Buffer.alloc(32, 9);
let folder = '';
let recordings: Invented[] = [];
let env: Record<string, string> = {};

const cli = (...args: string[]) => runHere(args, { env });
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'find-'));
  env = { ARCHIVE_STORE: `file:${at('archive')}`, ENCRYPTION_KEY_HEX: KEY.toString('hex') };
  const archive = createDirectoryStore(at('archive'));
  const ports = inventPorts({ archive, catalogue: archive, key: KEY });
  for (let count = 0; count < 4; count += 1)
    recordings.push(await addRecording(archive, { at: Date.parse(`${DAY}T08:00:00Z`) + count * 3_600_000 }));
  recordings.push(await addRecording(archive, { without: 'object', at: Date.parse(`${DAY}T20:00:00Z`) }));
  const [one, two, three] = recordings as [Invented, Invented, Invented];
  await putFacts(ports, [
    factsLine(one.conversationId, { agents: ['agent-1'], queues: ['queue-1'], totalMs: 30_000 }),
    factsLine(two.conversationId, {
      agents: ['agent-2'],
      queues: ['queue-2'],
      customer: '+4917099',
      totalMs: 600_000,
    }),
    factsLine(three.conversationId, {
      agents: ['agent-1', 'agent-2'],
      direction: 'outbound',
      customer: '+4917088',
    }),
  ]);
  const made = await cli('catalogue', 'update');
  expect(made.stderr).toContain('1 written');
  expect(made.code).toBe(0);
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  recordings = [];
});

const ids = (result: { records: () => Record<string, unknown>[] }) =>
  result.records().map((row) => row['recording_id']);

describe('find', () => {
  it('finds by id of the recording or the conversation, key, queue name, agent, direction, time, length and state', async () => {
    const [one, two, three, , missing] = recordings as [Invented, Invented, Invented, Invented, Invented];
    const cases: [string[], Invented[]][] = [
      [[one.recordingId], [one]],
      [[one.conversationId.toUpperCase()], [one]],
      [[one.key], [one]],
      [['--conversation', two.conversationId], [two]],
      [
        ['--queue', 'claims'],
        [three, one],
      ],
      [['--queue', 'queue-2'], [two]],
      [
        ['--agent', 'agent-2'],
        [three, two],
      ],
      [['--direction', 'outbound'], [three]],
      [['--customer', '+49 170 99'], [two]],
      [
        ['--company', '+49301234', '--direction', 'inbound'],
        [two, one],
      ],
      [
        ['--min-duration', '1m', '--max-duration', '1h'],
        [three, two],
      ],
      [['--state', 'missing'], [missing]],
      [['--from', `${DAY}T09:30:00Z`, '--to', `${DAY}T10:30:00Z`], [three]],
      [
        ['--wrap-up', 'Solved', '--media', 'call', '--agent', 'agent-1'],
        [three, one],
      ],
      [['--on-hold'], []],
    ];
    for (const [args, wanted] of cases) {
      const result = await cli('find', ...args, '--json');
      expect([args, ids(result)]).toEqual([args, wanted.map(({ recordingId }) => recordingId)]);
      expect([args, result.code]).toEqual([args, wanted.length === 0 ? 6 : 0]);
    }
  }, 120_000);

  it('makes a table for eyes, with names for ids, numbers to the right, and the command that restores', async () => {
    const [, , , last] = recordings;
    const result = await cli('find', '--state', 'archived');
    const [heading = '', first = ''] = result.stdout.split('\n');
    expect(heading).toMatch(/^UTC +local +length +size +kind +queue +agent +wrap-up +state +id$/);
    expect(first.startsWith(`${DAY} 11:00`)).toBe(true);
    expect(result.stdout).toContain('Claims');
    expect(result.stdout).not.toContain('\u001b');
    expect(result.stderr).toMatch(/as of 20\d\d-/);
    expect(result.stderr).toContain(`restore ${last?.recordingId}`);
  });

  it('shows numbers and names with --reveal alone, and writes down who asked before it does', async () => {
    const [, two] = recordings as [Invented, Invented];
    const closed = await cli('find', two.recordingId, '--json');
    expect(closed.stdout).not.toContain('4917099');
    const open = await cli('find', two.recordingId, '--reveal', '--reason', 'case 7', '--json');
    expect(open.records()).toMatchObject([
      { customer: '+4917099', customer_name: 'Kim Beispiel', agent_names: ['Jonas Reh'] },
    ]);
    const entries = await readdir(at('archive/access'), { recursive: true });
    const entry =
      entries.findLast((name) => name.endsWith('.json') && !name.endsWith('.metadata.json')) ?? '';
    const text = await readFile(path.join(at('archive/access'), entry), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ v: 1, action: 'reveal', reason: 'case 7', outcome: 'granted' });
    expect(text).not.toContain('4917099');
  });

  it('takes the beginning of an agent’s name', async () => {
    const [one, , three] = recordings as [Invented, Invented, Invented];
    const result = await cli('find', '--agent', 'mar*', '--json');
    expect(ids(result)).toEqual([three.recordingId, one.recordingId]);
  });

  it('counts, and counts by day, queue, agent and state', async () => {
    expect((await cli('find', '--count')).stdout).toBe('5\n');
    const groups = (await cli('find', '--group-by', 'queue', '--json')).records();
    expect(groups).toMatchObject([
      { group: '(unknown)', recordings: 2 },
      { group: 'Claims', recordings: 2 },
      { group: 'Sales', recordings: 1 },
    ]);
    expect((await cli('find', '--group-by', 'state', '--json')).records()).toMatchObject([
      { group: 'archived', recordings: 4 },
      { group: 'missing', recordings: 1 },
    ]);
    expect((await cli('find', '--group-by', 'day', '--json')).records()).toMatchObject([
      { group: DAY, recordings: 5 },
    ]);
  }, 60_000);

  it('chooses for inspect as well, with --where, one recording only', async () => {
    const [, two] = recordings as [Invented, Invented];
    const one = await cli('inspect', '--where', '--queue "Sales" --direction inbound', '--json');
    expect(one.stdout).toContain(two.key);
    const several = await cli('inspect', '--where', '--queue Claims');
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('describes 2 recordings')]);
    expect((await cli('inspect', '--where', '--nonsense')).code).toBe(2);
    expect((await cli('restore', '--where', '--queue Nowhere', '-d', at('out'))).code).toBe(6);
  }, 60_000);

  it('takes many ids from a file', async () => {
    const [one, two] = recordings as [Invented, Invented];
    const result = await runCli(['find', '--ids', '-', '--json'], {
      env,
      input: `id\n${one.recordingId}\n${two.conversationId}\n`,
    });
    expect(ids(result)).toEqual([two.recordingId, one.recordingId]);
  });

  it('reads receipts of days that have changed with --fresh, and writes nothing', async () => {
    const archive = createDirectoryStore(at('archive'));
    const late = await addRecording(archive, { day: '2026-03-07' });
    expect((await cli('find', late.recordingId)).code).toBe(6);
    const before = await readdir(at('archive/catalogue'), { recursive: true });
    expect(ids(await cli('find', late.recordingId, '--fresh', '--json'))).toEqual([late.recordingId]);
    expect(await readdir(at('archive/catalogue'), { recursive: true })).toEqual(before);
  });

  it('refuses a catalogue that is too old, and one that is not there', async () => {
    const old = await cli('find', '--max-age', '1m', '--count');
    expect([0, 7]).toContain(old.code);
    const none = await runCli(['find', '--count'], { env: { ARCHIVE_STORE: `file:${at('nothing')}` } });
    expect(none.code).toBe(7);
    expect(none.stderr).toContain('CATALOGUE_STALE');
    expect(none.stderr).toContain('catalogue update');
  });

  it('says what is wrong with a question', async () => {
    for (const [args, words] of [
      [['--customer', 'somebody'], 'neither a number nor an address'],
      [['--on-hold', '--no-hold'], 'exclude each other'],
      [['--count', '--group-by', 'day'], 'counts already'],
      [['--format', 'parquet'], 'is for a file'],
      [['--columns', 'customer', '--format', 'csv'], 'is about people'],
      [['--min-duration', 'long'], 'duration'],
      [['--from', '2026-03-09', '--to', '2026-03-01'], 'later'],
    ] as const) {
      const result = await cli('find', ...args);
      expect([args, result.code]).toEqual([args, 2]);
      expect(result.stderr).toContain(words);
    }
    const { ENCRYPTION_KEY_HEX: _key, ...keyless } = env;
    const closed = await runCli(['find', '--customer', '+49170'], { env: keyless });
    expect(closed.code).toBe(2);
    expect(closed.stderr).toContain('keyed hashes');
  }, 60_000);

  it('writes csv that a spreadsheet takes for text, and parquet', async () => {
    const csv = await cli(
      'find',
      '--reveal',
      '--customer',
      '+4917099',
      '--format',
      'csv',
      '-o',
      at('one.csv'),
    );
    expect(csv.code).toBe(0);
    const [heading, line] = (await readFile(at('one.csv'), 'utf8')).split('\r\n');
    expect(heading).toContain('recording_id');
    expect(line).toContain("'+4917099");
    expect(line).toContain("'+49301234");
    expect((await cli('find', '-o', at('all.parquet'))).code).toBe(0);
    expect((await readFile(at('all.parquet'))).subarray(0, 4).toString()).toBe('PAR1');
    expect((await cli('find', '-o', at('all.parquet'))).code).toBe(2);
  }, 60_000);
});

describe('catalogue', () => {
  it('lists its days, and which have changed', async () => {
    const status = await cli('catalogue', 'status', '--from', '2026-03-01', '--to', '2026-03-10', '--json');
    expect(status.records()).toMatchObject([{ type: 'catalogue', days: 1, firstDay: DAY }]);
  });

  it('exports with a note of what was exported, and makes a manifest of buckets only', async () => {
    const done = await cli(
      'catalogue',
      'export',
      '--state',
      'archived',
      '-o',
      at('rows.jsonl'),
      '--format',
      'jsonl',
    );
    expect(done.code).toBe(0);
    const about = JSON.parse(await readFile(at('rows.jsonl.about.json'), 'utf8')) as Record<string, unknown>;
    expect(about).toMatchObject({ rows: 4, filter: 'states=archived', archive: env['ARCHIVE_STORE'] });
    expect((await readFile(at('rows.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(4);
    const manifest = await cli('catalogue', 'export', '--manifest', 's3-batch', '-o', at('manifest.csv'));
    expect(manifest.code).toBe(2);
  }, 60_000);

  it('rebuilds every receipt, elsewhere and as of a time as well', async () => {
    expect((await cli('catalogue', 'rebuild')).code).toBe(0);
    expect((await cli('find', '--count')).stdout).not.toBe('0\n');
    const early = await cli(
      'catalogue',
      'rebuild',
      '--as-of',
      `${DAY}T08:30:00Z`,
      '--into',
      `file:${at('early')}`,
    );
    expect([early.code, early.stderr]).toMatchObject([0, expect.stringContaining('written')]);
    const then = await runCli(['find', '--count'], {
      env: { ...env, ARCHIVE_CATALOGUE: `file:${at('early')}` },
    });
    expect(then.stdout).toBe('1\n');
    expect((await cli('catalogue', 'rebuild', '--as-of', DAY)).code).toBe(2);
  }, 60_000);

  it('prints the table for Athena with every column, and the view for DuckDB', async () => {
    const athena = await cli('catalogue', 'ddl', 'athena', '--location', 's3://bucket/prefix');
    expect(athena.stdout).toContain("LOCATION 's3://bucket/prefix/catalogue/recordings/v1/'");
    expect(athena.stdout).toContain('`agent_ids` array<string>');
    expect(athena.stdout).toContain('day=${day}/');
    expect((await cli('catalogue', 'ddl', 'duckdb')).stdout).toContain('union_by_name = true');
    expect((await cli('catalogue', 'ddl', 'athena')).code).toBe(2);
  }, 60_000);

  it('says what to install where sql has no engine', async () => {
    const result = await cli('catalogue', 'sql', 'select 1');
    const found = result.code === 0; // continuous integration installs it
    expect(found ? result.stdout : result.stderr).toContain(found ? '1' : '@duckdb/node-api');
    expect(result.code).toBe(found ? 0 : 2);
  });

  it('is of one archive: another one is refused, not mixed in', async () => {
    const other = await runCli(['find', '--state', 'archived'], {
      env: { ...env, ARCHIVE_STORE: `file:${at('other')}`, ARCHIVE_CATALOGUE: env['ARCHIVE_STORE'] ?? '' },
    });
    expect(other.code).toBe(5);
    expect(other.stderr).toContain('CATALOGUE_UNREADABLE');
  });

  it('keeps the store’s listing in order: nothing of it is foreign to the archive', async () => {
    const keys: string[] = [];
    for await (const { key } of createDirectoryStore(at('archive')).list('catalogue/', unlimited))
      keys.push(key);
    expect(keys.some((key) => key.startsWith('catalogue/recordings/v1/day='))).toBe(true);
  });
});
