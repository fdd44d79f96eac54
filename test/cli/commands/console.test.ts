import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, cookieOf } from '../../console/invented-console.ts';
import { type ArchiveFixture, FIRST, makeArchive } from '../archive-fixture.ts';
import { runCli, startCli } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

let fixture: ArchiveFixture;

beforeAll(async () => {
  fixture = await makeArchive(2_000);
  expect(
    (
      await runHere(['catalogue', 'update', '--from', '2026-05-20', '--to', '2026-05-22'], {
        env: fixture.env,
      })
    ).code,
  ).toBe(0);
}, 60_000);

afterAll(() => fixture.remove());

/** Starts the console, signs in with the address that it prints, and stops it as a service is stopped. */
async function withConsole(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  work: (url: string, cookie: string) => Promise<void>,
): Promise<void> {
  const cli = startCli(['console', '--port', '0', '--json', ...args], { env });
  await cli.shows('"type":"console"');
  const line =
    cli
      .stdout()
      .split('\n')
      .find((one) => one.includes('"type":"console"')) ?? '{}';
  const { url, launchUrl } = JSON.parse(line) as { url: string; launchUrl: string };
  try {
    const token = new URL(launchUrl).hash.replace('#token=', '');
    const signedIn = await ask(`${url}/api/session`, { json: { token } });
    expect(signedIn.status).toBe(201);
    await work(url, cookieOf(signedIn));
  } finally {
    cli.kill('SIGTERM');
  }
  expect(await cli.end).toMatchObject({ code: 0 });
}

describe('console', () => {
  it('is built with the worker thread that makes waveforms', async () => {
    const worker = new Worker(path.resolve('dist/peaks-worker.mjs'));
    await expect(once(worker, 'online')).resolves.toEqual([]);
    await worker.terminate();
  });

  it('prints an address that signs in, plays from a directory, and ends with 0 when it is stopped', async () => {
    await withConsole([], fixture.env, async (url, cookie) => {
      expect(new URL(url).hostname).toBe('127.0.0.1');
      const page = await ask(url, { headers: { 'sec-fetch-site': 'none' } });
      expect(page.headers['content-type']).toContain('text/html');
      const list = (await ask(`${url}/api/recordings`, { cookie })).json() as { items: { id: string }[] };
      expect(list.items.map(({ id }) => id)).toContain(FIRST);
      const listen = await ask(`${url}/api/listens`, { json: { recording: FIRST }, cookie });
      expect(listen.status).toBe(201);
      const { media, bytes } = listen.json() as { media: string; bytes: number };
      const sound = await ask(url + media, { headers: { range: 'bytes=0-' }, cookie });
      expect([sound.status, sound.body.length]).toEqual([206, bytes]);
    });
  });

  it('shows each of several archives by its name, with --all-archives', async () => {
    const config = path.join(fixture.dir, 'archives.json');
    const { ARCHIVE_STORE: store = '', ENCRYPTION_KEY_HEX: key = '' } = fixture.env;
    await mkdir(path.join(fixture.dir, 'empty'), { recursive: true });
    const archives = { emea: { ARCHIVE_STORE: store }, apac: { ARCHIVE_STORE: `file:${fixture.dir}/empty` } };
    await writeFile(config, JSON.stringify({ archives }));
    const env = { ENCRYPTION_KEY_HEX__EMEA: key };
    await withConsole(['--all-archives', '--config', config], env, async (url, cookie) => {
      expect((await ask(`${url}/api/me`, { cookie })).json()['archives']).toEqual(['emea', 'apac']);
      const emea = (await ask(`${url}/api/recordings?archive=emea`, { cookie })).json() as {
        items: object[];
      };
      expect(emea.items).toHaveLength(3);
      expect(emea.items[0]).toMatchObject({ archive: 'emea' });
      const apac = await ask(`${url}/api/recordings?archive=apac`, { cookie });
      expect([apac.status, apac.json()['error']]).toMatchObject([409, { code: 'CATALOGUE_STALE' }]);
    });
    const unnamed = await runCli(['console', '--port', '0', '--config', config], { env });
    expect([unnamed.code, unnamed.stderr]).toMatchObject([2, expect.stringContaining('--archive')]);
  });

  it('says which port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    const { port } = other.address() as AddressInfo;
    const refused = await runHere(['console', '--port', String(port)], { env: fixture.env });
    other.close();
    expect([refused.code, refused.stderr]).toMatchObject([2, expect.stringContaining(`port ${port}`)]);
  });
});
