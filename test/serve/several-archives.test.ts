import { createHmac, randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { makeDirectory, type RunningCli, startCli } from '../cli/run-cli.ts';
import { untilEmpty } from './serving.ts';

const SECRETS = { emea: 'the-secret-of-emea-webhooks', apac: 'the-secret-of-apac-webhooks' } as const;
type Name = keyof typeof SECRETS;

let dir: string;
let remove: () => Promise<void>;
let platforms: Record<Name, Simulator>;
let env: Record<string, string>;
let running: RunningCli | undefined;

beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  const [emea, apac] = await Promise.all([1, 2].map((seed) => startSimulator({ recordings: 1, seed })));
  if (emea === undefined || apac === undefined) throw new Error('no simulators');
  platforms = { emea, apac };
  env = {};
  const archives: Record<string, object> = {};
  for (const name of ['emea', 'apac'] as const) {
    const { GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET = '', ...platform } = platforms[name].environment();
    archives[name] = { ...platform, GENESYS_CLIENT_ID, ARCHIVE_STORE: `file:${path.join(dir, name)}` };
    env[`GENESYS_CLIENT_SECRET__${name.toUpperCase()}`] = GENESYS_CLIENT_SECRET;
    env[`ENCRYPTION_KEY_HEX__${name.toUpperCase()}`] = randomBytes(32).toString('hex');
    env[`ARCHIVE_WEBHOOK_SECRET__${name.toUpperCase()}`] = SECRETS[name];
  }
  await writeFile(path.join(dir, 'settings.json'), JSON.stringify({ archives }));
});
afterEach(async () => {
  running?.kill('SIGTERM');
  await running?.end;
  running = undefined;
  await Promise.all([platforms.emea.close(), platforms.apac.close()]);
  await remove();
});

async function serve(...args: string[]): Promise<string> {
  running = startCli(['serve', '--config', 'settings.json', '--port', '0', ...args], { env, cwd: dir });
  await running.shows('listening on ');
  return /listening on (\S+);/.exec(running.stderr())?.[1] ?? '';
}

function eventOf(name: Name): string {
  const { recordings } = platforms[name];
  return JSON.stringify(platforms[name].event(recordings[0]?.id ?? '', 'bare'));
}

async function post(url: string, body: string, secret: string) {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const response = await fetch(url, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } });
  return { status: response.status, text: await response.text() };
}

const stored = async (name: Name) =>
  (await readdir(path.join(dir, name), { recursive: true }).catch(() => [])).filter(
    // the catalogue, which a server makes once an hour, has a key of its own
    (file) => file.endsWith('.enc') && !file.startsWith('catalogue'),
  );

describe('serve with several archives', () => {
  it('takes the events of each at its own path, with its own secret, spool and store', async () => {
    const url = await serve();
    for (const name of ['emea', 'apac'] as const) {
      expect((await post(`${url}/events/${name}`, eventOf(name), SECRETS[name])).status).toBe(202);
    }
    await running?.shows(`emea  archived  ${platforms.emea.recordings[0]?.id}`);
    await running?.shows(`apac  archived  ${platforms.apac.recordings[0]?.id}`);
    for (const name of ['emea', 'apac'] as const) {
      expect(await stored(name)).toEqual([
        expect.stringContaining(platforms[name].recordings[0]?.id ?? '-') as unknown,
      ]);
      expect(await readdir(path.join(dir, 'spool', name))).toContain('queue');
    }
    // a result is told a moment before its event leaves the spool
    await untilEmpty(url);
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toMatchObject({ status: 'ok', queued: 0, failed: 0 });
    expect((await fetch(`${url}/health/emea`)).status).toBe(200);
    expect((await fetch(`${url}/health/latam`)).status).toBe(404);
  });

  it('refuses an event that does not say for which, one for an archive it does not have, and the secret of another', async () => {
    const url = await serve();
    const body = eventOf('emea');
    for (const bare of ['/events', '/', '/events?archive=emea']) {
      const { status, text } = await post(`${url}${bare}`, body, SECRETS.emea);
      expect([status, text]).toEqual([
        400,
        expect.stringContaining('send the event to /events/NAME') as unknown,
      ]);
      expect(text).not.toContain('emea');
    }
    for (const strange of [
      '/events/latam',
      '/events/',
      '/events/emea/',
      '/events/emea/x',
      '/events/EMEA',
      '/events/%65mea',
    ]) {
      expect([strange, (await post(`${url}${strange}`, body, SECRETS.emea)).status]).toEqual([strange, 404]);
    }
    expect((await post(`${url}/events/emea`, body, SECRETS.apac)).status).toBe(401);
    expect((await fetch(`${url}/events/emea`)).status).toBe(405);
    expect([await stored('emea'), await stored('apac')]).toEqual([[], []]);
  });

  it('serves one of them alone with --archive, at both paths', async () => {
    const url = await serve('--archive', 'emea');
    expect((await post(`${url}/events/apac`, eventOf('apac'), SECRETS.apac)).status).toBe(404);
    expect((await post(`${url}/events`, eventOf('emea'), SECRETS.emea)).status).toBe(202);
    expect((await post(`${url}/events/emea`, eventOf('emea'), SECRETS.emea)).status).toBe(202);
    await running?.shows('archived');
    expect([(await stored('emea')).length, await stored('apac')]).toEqual([1, []]);
  });

  it('does not start when one of them could be written to by other users', async () => {
    const { ARCHIVE_WEBHOOK_SECRET__APAC: _, ...unsigned } = env;
    const cli = startCli(['serve', '--config', 'settings.json', '--port', '0', '--host', '0.0.0.0'], {
      env: unsigned,
      cwd: dir,
    });
    const { code, stderr } = await cli.end;
    expect([code, stderr]).toEqual([2, expect.stringContaining('those of archive apac') as unknown]);
  });

  it('names the archive in each record of --json', async () => {
    running = startCli(['serve', '--config', 'settings.json', '--port', '0', '--json'], { env, cwd: dir });
    await running.shows('"type":"serving"');
    const [line = '{}'] = running.stdout().split('\n');
    const { url = '', archives } = JSON.parse(line) as { url?: string; archives?: unknown };
    expect(archives).toEqual(['emea', 'apac']);
    await post(`${url}/events/apac`, eventOf('apac'), SECRETS.apac);
    await running.shows('"type":"recording"');
    expect(running.stdout()).toMatch(/"type":"recording".*"archive":"apac"/);
  });
});
