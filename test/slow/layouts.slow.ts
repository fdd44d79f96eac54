import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { runCli } from '../cli/run-cli.ts';
import { runHere } from '../cli/run-here.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

const ORGANIZATION = '32aa07aa-db1b-4987-abd0-9483601ec29d';
/** Two conversations of one night: the first begins before midnight UTC, at the end of a month, and ends after it. */
const FIRST_END = Date.UTC(2026, 8, 1, 0, 5);
const SECOND_END = Date.UTC(2026, 8, 10, 12, 0);

interface Archive {
  readonly simulator: Simulator;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly archive: (
    conversation: number,
  ) => Promise<readonly { readonly state: string; readonly key?: string }[]>;
  readonly files: () => Promise<readonly string[]>;
  readonly recording: (conversation: number, recording: number) => string;
  readonly close: () => Promise<void>;
}

async function start(settings: Readonly<Record<string, string>>): Promise<Archive> {
  const clock = fastClock();
  const simulator = await startSimulator({
    organizationId: ORGANIZATION,
    now: () => clock.now(),
    conversations: [
      {
        endedAt: FIRST_END,
        lastedS: 600,
        recordings: [{ perChannel: true }, { kind: 'screen' }, { kind: 'chat' }, { fate: 'deleted' }],
      },
      { endedAt: SECOND_END, lastedS: 600, recordings: [{ leg: 'station' }] },
    ],
  });
  const dir = await mkdtemp(join(tmpdir(), 'layouts-'));
  const env = {
    ...simulator.environment(),
    GENESYS_API: 'recordings',
    GENESYS_ORGANIZATION_ID: ORGANIZATION,
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
    ARCHIVE_SETTLE: '0s',
    ARCHIVE_WRITE_BACK: 'annotation',
    ARCHIVE_CONTEXT: '1',
    ...settings,
  };
  const config = loadConfig({ env }, 'archive');
  const archiver = await createArchiver(config, { clock, logger: recordingLogger() });
  const { conversations } = simulator.world;
  return {
    simulator,
    dir,
    env,
    archive: async (at) => {
      const event = simulator.conversationEvent(conversations[at]?.id ?? '');
      const parsed = parseEvent(event, { api: config.genesys.api });
      const [request] = parsed.kind === 'requests' ? parsed.requests : [];
      if (request === undefined) throw new Error('no request');
      return archiver.archive(request, unlimited);
    },
    files: async () =>
      (await readdir(dir, { recursive: true }))
        .filter((name) => /\.\w+$/.test(name) && !name.endsWith('.metadata.json'))
        .toSorted(),
    recording: (at, which) => conversations[at]?.recordings[which]?.id ?? '',
    close: async () => {
      archiver.close();
      await simulator.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const TEMPLATE = 'archive/calls/{conversationId}/{yyyy}-{mm}-{dd}T{hh}/{recordingId}{channel}.enc';

describe.each(['genesys-export', TEMPLATE])('an archive in the layout %s', (layout) => {
  const isExport = layout === 'genesys-export';
  let archive: Archive;
  let keys: string[];
  beforeAll(async () => {
    archive = await start({ ARCHIVE_LAYOUT: layout });
    const results = [...(await archive.archive(0)), ...(await archive.archive(1))];
    expect(results.map(({ state }) => state)).toEqual([
      'archived',
      'archived',
      'archived',
      'archived',
      'gone',
      'archived',
    ]);
    keys = results.flatMap(({ key }) => (key === undefined ? [] : [key]));
  });
  afterAll(() => archive.close());

  const cli = (...args: string[]) => runHere(args, { env: archive.env });

  it('has its objects where the layout says, by immutable times', () => {
    const { recording, simulator } = archive;
    const [first, second] = simulator.world.conversations.map(({ id }) => id);
    const one = isExport
      ? `${ORGANIZATION}/year=2026/month=8/day=31/hour=23/conversation_id=${first}`
      : `archive/calls/${first}/2026-08-31T23`;
    const other = isExport
      ? `${ORGANIZATION}/year=2026/month=9/day=10/hour=11/conversation_id=${second}`
      : `archive/calls/${second}/2026-09-10T11`;
    const end = (extension: string) => (isExport ? extension : 'enc');
    expect(keys).toEqual([
      `${one}/${recording(0, 0)}.0.${end('wav')}`,
      `${one}/${recording(0, 0)}.1.${end('wav')}`,
      `${one}/${recording(0, 1)}.${end('webm')}`,
      `${one}/${recording(0, 2)}.${end('zip')}`,
      `${other}/${recording(1, 0)}.${end('wav')}`,
    ]);
  });

  it('has a receipt, a mark and a context for each of them, and a receipt for what is gone', async () => {
    const files = await archive.files();
    const under = (folder: string) => files.filter((name) => name.startsWith(`${folder}/`));
    expect(under('receipts')).toHaveLength(6);
    expect(under('links')).toHaveLength(5);
    expect(under('context')).toHaveLength(5);
    expect(under('receipts').filter((name) => name.includes(archive.recording(0, 3)))).toHaveLength(1);
    // in the export everything is filed by the conversation's start: no claim is needed, not even for what is gone
    expect(under('claims')).toHaveLength(isExport ? 0 : 1);
  });

  it('finds everything again when the events are delivered again, and downloads nothing', async () => {
    const before = await archive.files();
    const asked = archive.simulator.requests.length;
    expect((await archive.archive(0)).map(({ state }) => state)).toEqual([
      'archived',
      'archived',
      'archived',
      'archived',
      'gone',
    ]);
    expect(await archive.files()).toEqual(before);
    const since = archive.simulator.requests.slice(asked);
    expect(since.filter(({ route }) => route.startsWith('GET /genesys-media'))).toEqual([]);
    expect(since.filter(({ route }) => route.endsWith('/annotations'))).toEqual([]);
  });

  it('`list` shows them, of all days or of some', async () => {
    const all = await cli('list', '--json');
    expect(all.records().map(({ key }) => key)).toEqual(keys.toSorted());
    const some = await cli('list', '--json', '--from', '2026-08-31', '--to', '2026-09-09');
    expect(some.records().map(({ key, date }) => [key, date])).toEqual(
      keys
        .slice(0, 4)
        .toSorted()
        .map((key) => [key, '2026-08-31']),
    );
    const open = await cli('list', '--json', '--from', '2026-09-01');
    expect(open.records().map(({ key }) => key)).toEqual(keys.slice(4));
  });

  it('`restore` finds one by its id, and by its key in any layout', async () => {
    const out = join(archive.dir, '..', `${archive.recording(1, 0)}.wav`);
    const byId = await cli('restore', archive.recording(1, 0), '-o', out, '--force');
    expect(byId.code).toBe(0);
    const sha256 = createHash('sha256')
      .update(await readFile(out))
      .digest('hex');
    const { ARCHIVE_LAYOUT: _, ...rest } = archive.env;
    const byKey = await runCli(['restore', keys[4] ?? '', '-o', out, '--force', '--json'], { env: rest });
    expect(byKey.records()).toEqual([expect.objectContaining({ sha256 })]);
    await rm(out);
    const several = await cli('restore', archive.recording(0, 0), '-o', out);
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('name one by its key')]);
  });

  it('`inspect` says whose it is', async () => {
    const { code, records } = await cli('inspect', archive.recording(1, 0), '--json');
    expect([code, records()]).toEqual([
      0,
      [
        expect.objectContaining({
          recordingId: archive.recording(1, 0),
          date: '2026-09-10',
          format: 'static-gcm',
        }),
      ],
    ]);
  });

  it('`verify` looks at every object and every receipt, and misses what is missing', async () => {
    const whole = await cli('verify', '--all', '--json');
    expect([whole.code, whole.records().at(-1)]).toEqual([
      0,
      expect.objectContaining({ type: 'summary', verified: 6, damaged: 0 }),
    ]);
    const one = await cli(
      'verify',
      archive.recording(0, 2),
      '--from',
      '2026-08-31',
      '--to',
      '2026-08-31',
      '--json',
    );
    expect([one.code, one.records().at(-1)]).toEqual([
      0,
      expect.objectContaining({ verified: 1, damaged: 0 }),
    ]);

    const copy = await start({ ARCHIVE_LAYOUT: layout });
    try {
      const [result] = await copy.archive(1);
      const key = result?.key ?? '';
      await rm(join(copy.dir, key));
      await rm(join(copy.dir, `${key}.metadata.json`));
      const missing = await runHere(['verify', '--all', '--json'], { env: copy.env });
      expect(missing.code).toBe(5);
      expect(missing.records()).toContainEqual(expect.objectContaining({ kind: 'missing-object', key }));
    } finally {
      await copy.close();
    }
  });

  it('`adopt` and `rewrap` go through all of it', async () => {
    const keyring = join(archive.dir, '..', `${archive.recording(0, 1)}.keyring.json`);
    const made = await runHere(['keys', 'generate', '--keyring-file', keyring]);
    expect(made.code).toBe(0);
    const env = { ...archive.env, ARCHIVE_KEYRING_FILE: keyring };
    const adopted = await runHere(['adopt', '--all', '--json'], { env });
    expect(adopted.records().at(-1)).toMatchObject({ recordings: 5, adopted: 5, failed: 0 });
    const rewrapped = await runHere(['rewrap', '--all', '--json'], { env });
    expect(rewrapped.records().at(-1)).toMatchObject({ recordings: 5, current: 5, failed: 0 });
    // instruction files stand beside the objects, and are none
    expect((await cli('list', '--json')).records()).toHaveLength(5);
    await rm(keyring);
  });

  it('`archive --dry-run`, `gc` and `doctor` know it too', async () => {
    const again = await runCli(['archive', '--dry-run', '--json', '--event', '-'], {
      env: archive.env,
      input: JSON.stringify({
        conversationId: archive.simulator.world.conversations[1]?.id,
        recordingId: archive.recording(1, 0),
      }),
    });
    expect(again.records()[0]).toMatchObject({ key: keys[4] });
    expect((await cli('gc', '--multipart', '--json')).records().at(-1)).toMatchObject({ found: 0 });
    const doctor = await cli('doctor', '--json');
    expect(doctor.records()).toContainEqual(expect.objectContaining({ name: 'store', status: 'ok' }));
  });
});

describe('an archive in the layout genesys-export', () => {
  it('has the platform’s own sidecars, in clear, about no person', async () => {
    const archive = await start({ ARCHIVE_LAYOUT: 'genesys-export' });
    try {
      const keys = (await archive.archive(0)).flatMap(({ key }) => (key === undefined ? [] : [key]));
      const sidecars = (await archive.files()).filter((name) => name.endsWith('_metadata.json'));
      expect(sidecars).toEqual(keys.map((key) => `${key}_metadata.json`).toSorted());
      const [first] = archive.simulator.world.conversations;
      expect(JSON.parse(await readFile(join(archive.dir, `${keys[0]}_metadata.json`), 'utf8'))).toEqual({
        mediaType: 'Call',
        mediaSubtype: 'Trunk',
        provider: 'edge',
        conversationId: first?.id,
        recordingId: archive.recording(0, 0),
        startTime: '2026-08-31T23:55:00.000+0000',
        endTime: '2026-09-01T00:05:00.000+0000',
        durationMs: 600_000,
        initialDirection: 'inbound',
      });
      for (const name of sidecars) {
        expect(await readFile(join(archive.dir, name), 'utf8')).not.toMatch(/userIds|Doe|tel:|1317/);
      }
    } finally {
      await archive.close();
    }
  });

  it('has the same folders, and sidecars that say less, when files come in batches', async () => {
    const archive = await start({ ARCHIVE_LAYOUT: 'genesys-export', GENESYS_BATCH: '1' });
    try {
      const [result] = await archive.archive(1);
      expect(result?.key).toMatch(
        /\/year=2026\/month=9\/day=10\/hour=11\/conversation_id=[0-9a-f-]+\/[0-9a-f-]+\.\w+$/,
      );
      const sidecar: unknown = JSON.parse(
        await readFile(join(archive.dir, `${result?.key}_metadata.json`), 'utf8'),
      );
      expect(sidecar).toMatchObject({
        mediaType: 'Call',
        mediaSubtype: 'Station',
        initialDirection: 'inbound',
      });
      expect(sidecar).not.toHaveProperty('startTime');
    } finally {
      await archive.close();
    }
  });

  it('is finished by the next delivery when it was interrupted before the sidecar', async () => {
    const archive = await start({ ARCHIVE_LAYOUT: 'genesys-export' });
    try {
      const [result] = await archive.archive(1);
      const sidecar = `${result?.key}_metadata.json`;
      await rm(join(archive.dir, sidecar));
      await rm(join(archive.dir, `${sidecar}.metadata.json`));
      await archive.archive(1);
      expect(await archive.files()).toContain(sidecar);
    } finally {
      await archive.close();
    }
  });

  it.each([
    [403, 'GENESYS_FORBIDDEN'],
    [404, 'GENESYS_BAD_RESPONSE'],
    [500, 'GENESYS_UNAVAILABLE'],
  ])('keeps nothing while the start of the conversation is not available (%i)', async (status, code) => {
    const archive = await start({ ARCHIVE_LAYOUT: 'genesys-export' });
    try {
      archive.simulator.faults.add({
        on: 'conversation',
        times: Number.POSITIVE_INFINITY,
        fault: { kind: 'status', status },
      });
      await expect(archive.archive(1)).rejects.toMatchObject({ code });
      expect(await archive.files()).toEqual([]);
    } finally {
      await archive.close();
    }
  });
});
