import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import {
  addRecording,
  DAY,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../../catalogue/invented-archive.ts';
import { runHere } from '../run-here.ts';

const KEY = Buffer.alloc(32, 9);
const QUEUE = 'Réclamations 申請';
let folder = '';
let env: Record<string, string> = {};
const recordings: Invented[] = [];

const cli = (args: readonly string[], more: Record<string, string> = {}, input = '') =>
  runHere(args, { env: { ...env, ...more }, input });
const at = (name: string) => path.join(folder, name);
const place = (name: string) => `file:${at(name)}`;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'questions-'));
  env = { ARCHIVE_STORE: place('archive'), ENCRYPTION_KEY_HEX: KEY.toString('hex') };
  const archive = createDirectoryStore(at('archive'));
  const ports = inventPorts({ archive, catalogue: archive, key: KEY });
  for (let hour = 8; hour < 11; hour += 1)
    recordings.push(await addRecording(archive, { at: Date.parse(`${DAY}T08:00:00Z`) + hour * 3_600_000 }));
  const [one, two] = recordings as [Invented, Invented, Invented];
  // of the third recording the platform’s facts are missing
  await putFacts(
    ports,
    [
      factsLine(one.conversationId, { agents: ['agent-1'], queues: ['queue-1'] }),
      factsLine(two.conversationId, { agents: ['agent-2'], queues: ['queue-2'], customer: '+4917099' }),
    ],
    DAY,
    {
      named: {
        queues: { status: 'known', names: { 'queue-1': QUEUE, 'queue-2': 'Sales' } },
        wrapUps: { status: 'known', names: { 'wrap-1': 'Solved' } },
        divisions: { status: 'known', names: {} },
        users: { status: 'known', names: { 'agent-1': 'Mara Vogel', 'agent-2': 'Mara Vogel' } },
      },
    },
  );
  expect((await cli(['catalogue', 'update'])).code).toBe(0);
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const ids = (result: { records: () => Record<string, unknown>[] }) =>
  result.records().map((row) => row['recording_id']);

describe('a question that cannot be meant', () => {
  it.each([
    [['--queue', ''], '--queue is empty'],
    [['--agent', '  '], '--agent is empty'],
    [['--wrap-up', ''], '--wrap-up is empty'],
    [['--division', ''], '--division is empty'],
    [['--company', ''], '--company is empty'],
    [['--customer', ''], '--customer is empty'],
    [['--recording', ''], '--recording is empty'],
    [[''], 'is empty'],
    [['Mara Vogel'], 'is not an id'],
    [['--conversation', 'a?b'], 'is not an id'],
    [['some/other/key.enc'], 'is not a key of a recording'],
    [['--customer', 'tel:'], 'neither a number nor an address'],
    [['--customer', 'anonymous@'], 'neither a number nor an address'],
    [['--company', 'unknown'], 'neither a number nor an address'],
    [['--from', '2026-02-30'], 'neither a day nor a time'],
    [['--from', '2026-02-30T10:00:00Z'], 'neither a day nor a time'],
    [['--to', '05.03.2026'], 'neither a day nor a time'],
    [['--from', '2026-03-05T10:00:00'], 'neither a day nor a time'],
    [['--from', '2026-03-06', '--to', DAY], '--from is later than --to'],
    [['--from', `${DAY}T10:00:00Z`, '--to', `${DAY}T09:00:00Z`], '--from is later than --to'],
    [['--media', 'phone'], 'must be one of'],
    [['--state', 'lost'], 'must be one of'],
    [['--direction', 'in'], 'must be one of'],
    [['--min-duration', '1h', '--max-duration', '5m'], 'longer than --max-duration'],
    [['-o', 'calls.xlsx'], 'does not say its format'],
  ] as const)('%j is refused, with what is wrong', async (args, words) => {
    const result = await cli(['find', ...args]);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it('is refused within --where as well', async () => {
    for (const where of ['--queue ""', "--agent ' '"]) {
      const result = await cli(['inspect', '--where', where]);
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('is empty')]);
    }
  });

  it('is not one that names a time and the same day as its end', async () => {
    const result = await cli(['find', '--from', `${DAY}T17:30:00Z`, '--to', DAY, '--json']);
    expect(ids(result)).toEqual([recordings[2]?.recordingId]);
  });
});

describe('names', () => {
  it('are taken in any letter case and spelling, whole or by their beginning', async () => {
    const [one, two] = recordings;
    for (const [flag, name, found] of [
      ['--queue', QUEUE.normalize('NFD').toUpperCase(), one],
      ['--queue', 'récl*', one],
      ['--queue', ' sales ', two],
      ['--queue', 'sal', undefined],
      ['--wrap-up', 'SOL*', two],
    ] as const) {
      const result = await cli(['find', flag, name, '--json']);
      expect([name, ids(result)[0]]).toEqual([name, found?.recordingId]);
    }
  });

  it('of agents mean each agent who is called so, and say how many that are', async () => {
    const result = await cli(['find', '--agent', 'mara vogel', '--json']);
    expect(ids(result)).toHaveLength(2);
    expect(result.stderr).toContain('looked for: 2 agents');
  });

  it('of agents are looked up by export too', async () => {
    const done = await cli(['catalogue', 'export', '--agent', 'Mara*', '-o', at('mara.csv')]);
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('2 recordings')]);
    expect((await readFile(at('mara.csv'), 'utf8')).trim().split('\r\n')).toHaveLength(3);
  });

  it.each([[['find', '--agent', 'Mara*']], [['catalogue', 'export', '--agent', 'Mara*', '-o', 'x.csv']]])(
    'of agents need a key: %j is no question without one',
    async (args) => {
      const result = await cli(args, { ENCRYPTION_KEY_HEX: '' });
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('no key is configured')]);
    },
  );
});

describe('nothing found', () => {
  it('says how many recordings may be meant of which the platform’s facts are missing', async () => {
    const missed = await cli(['find', '--queue', 'Nowhere']);
    expect(missed).toMatchObject({ code: 6, stdout: '' });
    expect(missed.stderr).toContain('no recording matches');
    expect(missed.stderr).toContain('1 recording without facts of the platform');
    for (const args of [
      ['--queue', 'Nowhere', '--state', 'missing'],
      ['--queue', 'Nowhere', '--to', '2026-03-01'],
      ['no-such-id'],
    ]) {
      const known = await cli(['find', ...args]);
      expect([known.code, known.stderr]).toEqual([6, expect.not.stringContaining('without facts')]);
    }
  });

  it.each([
    ['find', '--fresh'],
    ['find', '--fresh', '--count'],
    ['catalogue', 'status'],
    ['catalogue', 'update'],
  ])('at a place without an archive is an error, and leaves it alone: %s %s', async (...args) => {
    const typo = place('typo');
    const result = await cli(args, { ARCHIVE_STORE: typo });
    expect([result.code, result.stdout]).toEqual([6, '']);
    expect(result.stderr).toContain('no archive here');
    expect(existsSync(typo.replace('file:', ''))).toBe(false);
  });

  it.each([
    [['find', '--from', '2031-01-01']],
    [['find', '--count', '--from', '2031-01-01']],
    [['catalogue', 'export', '--from', '2031-01-01', '-o', 'x.csv']],
    [['inspect', '--where', '--from 2031-01-01']],
  ])('in the catalogue of another archive is an error, also where no file is asked: %j', async (args) => {
    const result = await cli(args, { ARCHIVE_STORE: place('other'), ARCHIVE_CATALOGUE: place('archive') });
    expect([result.code, result.stdout]).toEqual([5, '']);
    expect(result.stderr).toContain('CATALOGUE_UNREADABLE');
  });
});

describe('a list of ids', () => {
  const found = async (text: string | Buffer) => {
    await writeFile(at('ids'), text);
    return cli(['find', '--ids', at('ids'), '--json']);
  };

  it('may be of Windows, with a mark, headings, twice the same, conversations and keys', async () => {
    const [one, two, three] = recordings as [Invented, Invented, Invented];
    const all = [three, two, one].map(({ recordingId }) => recordingId);
    for (const text of [
      `\uFEFFConversation ID;note\r\n${one.conversationId};a\r\n${two.conversationId};b\r\n${three.conversationId};c\r\n`,
      Buffer.from(`\uFEFF${one.recordingId}\r\n${two.key}\r\n${three.recordingId}\r\n`, 'utf16le'),
      `${one.recordingId}\n${one.recordingId.toUpperCase()}\n${two.recordingId}\n${three.recordingId}\n\n`,
      `{"conversationId":"${one.conversationId}"}\n{"recordingId":"${two.recordingId}"}\n{"conversation_id":"${three.conversationId}"}\n`,
      `receipts/${one.key}.json\n${two.key}\n${three.key}`,
    ]) {
      const result = await found(text);
      expect([text, result.code, ids(result)]).toEqual([text, 0, all]);
    }
  });

  it.each([
    ['', 'names no recordings'],
    ['\uFEFF\r\n', 'names no recordings'],
    ['conversation_id\n', 'names no recordings'],
    ['good-id\n?\n', 'line 2'],
  ])('%j is refused', async (text, words) => {
    const result = await found(text);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(words)]);
    // find has no such flag
    expect(result.stderr).not.toContain('--skip-invalid');
  });

  it('that is not there is refused', async () => {
    const result = await cli(['find', '--ids', at('nothing')]);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('cannot be read')]);
  });
});

describe('rows that go to other programs', () => {
  it('keep what a terminal is not shown: invisible characters and tabs', async () => {
    const archive = createDirectoryStore(at('odd'));
    const ports = inventPorts({ archive, catalogue: archive, key: KEY });
    const one = await addRecording(archive);
    await putFacts(ports, [factsLine(one.conversationId, {})], DAY, {
      named: {
        queues: { status: 'known', names: { 'queue-1': 'می\u200Cخواهم\tx' } },
        wrapUps: { status: 'known', names: {} },
        divisions: { status: 'known', names: {} },
        users: { status: 'known', names: {} },
      },
    });
    const odd = { ARCHIVE_STORE: place('odd') };
    expect((await cli(['catalogue', 'update'], odd)).code).toBe(0);
    const jsonl = await cli(['find', '--json'], odd);
    expect(jsonl.records()[0]?.['queue_names']).toEqual(['می\u200Cخواهم\tx']);
    const csv = await cli(['find', '--format', 'csv', '--columns', 'queue_names'], odd);
    expect(csv.stdout).toBe('queue_names\n"می\u200Cخواهم\tx"\n');
    const table = await cli(['find'], odd);
    expect(table.stdout).not.toContain('\u200C');
  });
});

describe('what find says beside its answer', () => {
  it('names the archive in the command that restores', async () => {
    await writeFile(
      at('several.json'),
      JSON.stringify({ archives: { emea: { ARCHIVE_STORE: env['ARCHIVE_STORE'] } } }),
      { mode: 0o600 },
    );
    const result = await cli(['find', '--config', at('several.json'), '--archive', 'emea'], {
      ARCHIVE_STORE: '',
    });
    expect(result.stderr).toMatch(/listen: genesys-archive --archive emea restore [0-9a-f-]{36}/);
  });

  it('says as of when it is, also where rows are JSON', async () => {
    const { stderr } = await cli(['find', '--json']);
    expect(stderr).toMatch(/"as of 20\d\d-/);
  });
});
