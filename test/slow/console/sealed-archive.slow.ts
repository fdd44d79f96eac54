import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import type { ConsoleArchive } from '../../../src/console/console-archive.ts';
import { openConsoleArchive } from '../../../src/create/console.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { planJob } from '../../../src/jobs/plan-job.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { ACCESS_PREFIX } from '../../../src/record/access-entry.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';
import { ask, openConsole, type OpenConsole } from '../../console/invented-console.ts';

let log: SealedLog;
let archive: ConsoleArchive;
let opened: OpenConsole;
let cookie = '';
let dir = '';

const idAt = (index: number): string => log.archive.recordings[index]?.ids.recordingId ?? '';

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'console-pages-'));
  log = await makeSealedLog(12, 6_000);
  archive = await openConsoleArchive(loadConfig({ env: log.env }, 'wrap'), {});
  await updateCatalogue(archive.catalogue, { scope: 'all' }, unlimited);
  opened = await openConsole([archive]);
  cookie = await opened.signIn();
});

afterAll(async () => {
  await opened.stop();
  await log.remove();
  await rm(dir, { recursive: true, force: true });
});

const get = async (where: string, own = opened) =>
  ask(own.url + where, { cookie: own === opened ? cookie : await own.signInAs({ roles: ['viewer'] }) });

interface Day {
  readonly date: string;
  readonly statement: string;
}

const dayOf = async (date: string, own = opened): Promise<Day | undefined> => {
  const { days } = (await get('/api/completeness?year=2026', own)).json() as { days: Day[] };
  return days.find((day) => day.date === date);
};

describe('completeness', () => {
  it('is sealed only for days whose statement verifies, with the numbers that it states; others are not asked', async () => {
    expect(await dayOf('2026-05-21')).toEqual({
      date: '2026-05-21',
      statement: 'sealed',
      recorded: 2,
      archived: 2,
      gone: 0,
      pending: 0,
      missing: 0,
    });
    expect(await dayOf('2026-02-01')).toMatchObject({ statement: 'none', recorded: null, missing: null });
    const day = await get('/api/completeness/2026-05-21');
    expect(day.json()).toMatchObject({
      items: [],
      next: null,
      command: 'genesys-archive reconcile --day 2026-05-21 --backfill',
    });
    expect((await get('/api/completeness/2026-13-01')).status).toBe(404);
  });

  it('is broken where a statement was exchanged, and unchecked without the key of the log', async () => {
    const folder = path.join(log.archive.dir, 'proof/org/days/2026/05/22');
    const name = (await readdir(folder)).find((each) => /^\d+\.json$/.test(each)) ?? '';
    const file = path.join(folder, name);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"archived":', '"archived":1'));
    const fresh = await openConsole([{ ...archive }]);
    expect(await dayOf('2026-05-22', fresh)).toMatchObject({
      statement: 'broken',
      recorded: null,
      why: expect.stringContaining('2026/05/22') as unknown,
    });
    expect(await dayOf('2026-05-21', fresh)).toMatchObject({ statement: 'sealed' });
    await fresh.stop();
    await writeFile(file, text);
    const keyless = await openConsole([{ ...archive, log: log.ports && { ...log.ports, trusted: [] } }]);
    expect(await dayOf('2026-05-21', keyless)).toMatchObject({ statement: 'unchecked', recorded: null });
    await keyless.stop();
  });
});

async function packageOf(recordings: readonly string[], decrypted: boolean) {
  const granted = await ask(`${opened.url}/api/evidence`, {
    json: { recordings, reason: 'case 7', decrypted },
    cookie,
  });
  expect(granted.status).toBe(201);
  const { download } = granted.json() as { download: string };
  return { download, answer: await get(download) };
}

describe('evidence', () => {
  it('is a ZIP that an outsider checks, with who had access, fetched once by its own session', async () => {
    const stranger = await opened.signInAs({ roles: ['custodian'] });
    const { download, answer } = await packageOf([idAt(3), idAt(4)], false);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/zip']);
    expect((await get(download)).status).toBe(404);
    expect((await ask(opened.url + download, { cookie: stranger })).status).toBe(404);
    const out = path.join(dir, 'package');
    await mkdir(out);
    await writeFile(path.join(dir, 'evidence.zip'), answer.body);
    expect(await runScript('unzip', ['-q', '../evidence.zip'], out)).toEqual({ code: 0, output: '' });
    const custody = await readFile(path.join(out, 'custody.jsonl'), 'utf8');
    const exported = custody.split('\n').filter((line) => line.includes('"action":"export"'));
    expect(exported).toHaveLength(2);
    expect(exported.every((line) => line.includes('"reason":"case 7"'))).toBe(true);
    if (!HAS_OPENSSL) return;
    const checked = await runScript('sh', ['verify-proof.sh'], out);
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('OK') as unknown });
  });

  it('holds what was recorded where decrypted media are asked for', async () => {
    const { answer } = await packageOf([idAt(5)], true);
    const out = path.join(dir, 'decrypted');
    await mkdir(out);
    await writeFile(path.join(out, 'evidence.zip'), answer.body);
    expect((await runScript('unzip', ['-q', 'evidence.zip'], out)).code).toBe(0);
    const [name = ''] = await readdir(path.join(out, 'media'));
    const media = await readFile(path.join(out, 'media', name));
    const receipt = JSON.parse(
      await readFile(path.join(out, `receipts/${idAt(5)}.receipt.json`), 'utf8'),
    ) as { plaintext: { sha256: string } };
    expect(createHash('sha256').update(media).digest('hex')).toBe(receipt.plaintext.sha256);
  });

  it('of a damaged recording is refused before its first byte, or has no end', async () => {
    const { key = '' } = log.archive.recordings[6] ?? {};
    const file = path.join(log.archive.dir, key);
    const before = await readFile(file);
    const changed = Buffer.from(before);
    changed.writeUInt8(changed.readUInt8(100) ^ 1, 100);
    await writeFile(file, changed);
    for (const decrypted of [true, false]) {
      const outcome = await packageOf([idAt(6)], decrypted).then(
        ({ answer }) => (answer.status === 200 ? answer.body : answer.status),
        () => 'broken off',
      );
      expect(outcome).not.toBeInstanceOf(Buffer);
    }
    await writeFile(file, before);
  });

  it('of a recording that is not sealed yet says so', async () => {
    const ids = {
      recordingId: 'aaaaaaaa-0000-4000-8000-00000000fffe',
      conversationId: 'cccccccc-0000-4000-8000-00000000fffe',
    };
    await log.archive.add(ids, Date.UTC(2026, 5, 20, 12));
    await updateCatalogue(archive.catalogue, { scope: 'all' }, unlimited);
    const { answer } = await packageOf([ids.recordingId], false);
    expect(answer.json()['error']).toMatchObject({ code: 'NOT_SEALED' });
  });
});

describe('work', () => {
  it('lists jobs with how far they are, pauses one, changes its rate, and tells it as it goes', async () => {
    const plan = await planJob({
      store: archive.derived,
      kind: { name: 'verify' },
      items: ['a', 'b', 'c'],
      options: {},
      name: 'spring',
      createdBy: 'a test',
      clock: systemClock,
      budget: unlimited,
    });
    const list = (await get('/api/work')).json() as { items: object[] };
    expect(list.items).toMatchObject([
      { id: plan.id, name: 'spring', state: 'waiting', items: 3, done: 0, rate: 'yield', etaS: null },
    ]);
    const control = (json: object) => ask(`${opened.url}/api/work/${plan.id}/control`, { json, cookie });
    expect((await control({ wish: 'pause' })).json()).toMatchObject({ state: 'paused' });
    expect((await control({ wish: 'run', rate: 30 })).json()).toMatchObject({ state: 'waiting', rate: 30 });
    expect((await control({})).status).toBe(400);
    expect((await control({ wish: 'cancel' })).status).toBe(400);
    expect((await get('/api/work/20260101t0000-222222')).status).toBe(404);
    const controller = new AbortController();
    const events = await fetch(`${opened.url}/api/work/${plan.id}/events`, {
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
      signal: controller.signal,
    });
    expect(events.headers.get('content-type')).toBe('text/event-stream');
    const first = await events.body?.getReader().read();
    expect(Buffer.from(first?.value ?? []).toString('utf8')).toMatch(/^event: job\ndata: \{"id":/);
    controller.abort();
  });
});

describe('the access log', () => {
  it('shows who did what, the newest first, its own reading included, in pages that join', async () => {
    const all: { action: string; n: number }[] = [];
    let cursor = '';
    for (;;) {
      const page = (await get(`/api/access?limit=3${cursor}`)).json() as {
        items: { action: string; n: number }[];
        next: string | null;
        chain: string;
      };
      expect(page.chain).toBe('intact');
      all.push(...page.items);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(all[0]).toMatchObject({ action: 'oversee' });
    const own = all.filter(({ action }) => action === 'export');
    expect(own.length).toBeGreaterThan(3);
    expect(new Set(all.map(({ n }) => n)).size).toBe(all.length);
    const of = (await get(`/api/access?recording=${idAt(3)}&person=STARTER`)).json() as { items: object[] };
    expect(of.items).toMatchObject([{ action: 'export', recording: idAt(3), reason: 'case 7' }]);
    expect((await get('/api/access?to=2026-01-01')).json()).toMatchObject({ items: [], chain: 'intact' });
    expect((await get('/api/access?from=2026-02-01&to=2026-01-01')).status).toBe(400);
  });

  it('is a file for a spreadsheet', async () => {
    const csv = (await get('/api/access.csv?action=export')).body.toString('utf8').split('\r\n');
    expect(csv[0]).toBe('at,who,session,n,action,outcome,recording,query,reason');
    expect(csv.filter((line) => line.includes(idAt(3)))).toHaveLength(1);
  });

  it('is broken where an entry was taken out, changed or put in', async () => {
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    const folder = path.join(log.archive.dir, 'access', today);
    const entries = (await readdir(folder))
      .filter((name) => /^\d.*Z?-[0-9a-f]{12}\.json$/.test(name))
      .toSorted();
    const file = path.join(folder, entries[2] ?? '');
    const text = await readFile(file, 'utf8');
    const chain = async () => ((await get('/api/access')).json() as { chain: string }).chain;
    for (const other of [
      undefined,
      text.replace('"outcome":"granted"', '"outcome":"refused"'),
      '{"no":"entry"}\n',
    ]) {
      if (other === undefined) await rm(file);
      else await writeFile(file, other);
      expect(await chain()).toMatch(/^broken at access\//);
    }
    await writeFile(file, text);
    expect(await chain()).toBe('intact');
    await writeFile(path.join(folder, entries[2]?.replace(/-[0-9a-f]{12}/, '-000000000000') ?? ''), text);
    expect(await chain()).toMatch(/^broken at access\//);
  });
});

describe('about', () => {
  it('names stores and keys by their ids, and has no key in it', async () => {
    const about = (await get('/api/about')).body.toString('utf8');
    expect(about).toContain(log.vkey);
    expect(about).toContain(`file:${log.archive.dir}`);
    expect(about).not.toContain(log.archive.secret.toString('hex'));
    expect((await get('/api/health')).json()).toEqual({ status: 'ok' });
  });
});

describe('a package of several instances', () => {
  it('is fetched once of all instances together, once that is on record, and not at all where it cannot be', async () => {
    const key = randomBytes(32);
    let refuses = false;
    const store: ObjectStore = {
      ...archive.store,
      put: (name, body, options, budget) =>
        refuses && name.startsWith(ACCESS_PREFIX)
          ? Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'planted'))
          : archive.store.put(name, body, options, budget),
    };
    const open = () => openConsole([{ ...archive, store }], { key, shared: true, maxPackageBytes: 50_000 });
    const [one, other] = await Promise.all([open(), open()]);
    try {
      const own = await one.signInAs({ roles: ['custodian'] });
      const at = (console_: OpenConsole) => own.replace(/_\d+=/, `_${new URL(console_.url).port}=`);
      const grant = async (recordings: readonly string[]) =>
        ask(`${one.url}/api/evidence`, { json: { recordings, reason: 'case 9' }, cookie: own });
      const { download } = (await grant([idAt(3)])).json() as { download: string };
      const fetchFrom = (from: OpenConsole) => ask(from.url + download, { cookie: at(from) });
      refuses = true;
      expect(await fetchFrom(other)).toMatchObject({ status: 503 });
      refuses = false;
      const answers = await Promise.all([one, other, one, other].map(fetchFrom));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404, 404, 404]);
      expect((await fetchFrom(other)).status).toBe(404);
      expect((await grant(Array.from({ length: 12 }, (_, index) => idAt(index)))).status).toBe(400);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
  });
});
