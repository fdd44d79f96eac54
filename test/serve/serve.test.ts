import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseFault } from '../../packages/simulator/src/fault-grammar.ts';
import { canMount } from '../can-mount.ts';
import { runCli, startCli } from '../cli/run-cli.ts';
import { addressOf, openSite, post, readHealth, SECRET, type Site, until, untilEmpty } from './serving.ts';

let site: Site | undefined;
afterEach(async () => {
  await site?.close();
  site = undefined;
});

const SMALL = [{ bytes: 4_000 }, { bytes: 4_000 }, { bytes: 4_000 }];

/** Ids of the simulator's recordings. */
const idsOf = ({ simulator }: Site) => simulator.recordings.map(({ id }) => id);

function mustId({ simulator }: Site, index = 0): string {
  const recording = simulator.recordings[index];
  if (recording === undefined) throw new Error('there is no such recording');
  return recording.id;
}

/** A download is under way, and slow. */
const untilStruck = ({ simulator }: Site) => until(() => Promise.resolve(simulator.faults.injected() > 0));

describe('serve', () => {
  it('archives what signed webhooks name, end to end, and ends with 0 on SIGTERM', async () => {
    site = await openSite(4);
    const cli = site.start('--port', '0');
    const url = await addressOf(cli);
    const sender = startCli(['simulate', '--recordings', '4', '--post', `${url}/events`], {
      env: { ARCHIVE_WEBHOOK_SECRET: SECRET },
    });
    for (const id of idsOf(site)) await sender.shows(`posted ${id}: 202`);
    sender.kill('SIGINT');
    await sender.end;
    await untilEmpty(url);
    cli.kill('SIGTERM');
    const result = await cli.end;
    expect(result.code).toBe(0);
    for (const id of idsOf(site)) expect(result.stdout).toContain(`archived  ${id}  archive/`);
    expect(await site.stored('.enc')).toHaveLength(4);
    expect(await readdir(site.spool)).toEqual(['failed', 'incoming', 'queue']);
    for (const folder of ['queue', 'failed', 'incoming'] as const)
      expect(await site.spooled(folder)).toEqual([]);
    const shown = result.stdout + result.stderr;
    for (const secret of [SECRET, site.env['ENCRYPTION_KEY_HEX'], site.env['GENESYS_CLIENT_SECRET']]) {
      expect(shown).not.toContain(secret);
    }
  });

  it('takes nothing that is not signed, and archives one event once', async () => {
    site = await openSite(SMALL);
    const cli = site.start('--port', '0', '--json');
    await cli.shows('"type":"serving"');
    const { url } = JSON.parse(cli.stdout().split('\n')[0] ?? '') as { url: string };
    const event = site.eventOf(mustId(site));
    const unsigned = await fetch(url, { method: 'POST', body: event });
    expect([unsigned.status, await unsigned.json()]).toEqual([401, { error: 'unauthorized' }]);
    expect([await post(url, event), await post(url, event)]).toEqual([202, 202]);
    await untilEmpty(url);
    expect(await post(url, event)).toBe(202);
    cli.kill('SIGTERM');
    const { records } = await cli.end;
    expect(records().filter(({ type }) => type === 'recording')).toMatchObject([
      { schemaVersion: 1, state: 'archived', recordingId: mustId(site), stored: true },
    ]);
    expect(await site.stored('.enc')).toHaveLength(1);
  });

  it('keeps what can never succeed in failed/, with the reason, as JSON lines', async () => {
    site = await openSite(SMALL);
    const cli = site.start('--port', '0');
    const url = await addressOf(cli);
    const unknown = { mediaId: '99999999-9999-4999-8999-999999999999', interactionId: mustId(site) };
    expect(await post(url, JSON.stringify(unknown))).toBe(202);
    await cli.shows('[MEDIA_NOT_FOUND]');
    await until(async () => (await readHealth(url)).failed === 1);
    const [name = ''] = await site.spooled('failed');
    const text = await readFile(path.join(site.spool, 'failed', name), 'utf8');
    expect(text.split('\n')).toHaveLength(2);
    expect(JSON.parse(text)).toMatchObject({
      event: unknown,
      code: 'MEDIA_NOT_FOUND',
      reason: expect.any(String) as unknown,
      attempts: 1,
    });
    cli.kill('SIGTERM');
    expect((await cli.end).stderr).toContain(`moved to failed/${name}: `);
    // `redrive` takes it from there, once it can be had
    const known = site.eventOf(mustId(site));
    const mended = { ...(JSON.parse(text) as object), event: JSON.parse(known) as unknown };
    const options = { env: site.env, input: `${text}${JSON.stringify(mended)}\n` };
    const shown = await runCli(['redrive', '-', '--dry-run', '--json'], options);
    expect(shown.records().filter(({ type }) => type === 'message')).toMatchObject([
      { reason: expect.stringContaining('recording') as unknown },
      { reason: expect.stringContaining('recording') as unknown },
    ]);
    expect((await runCli(['redrive', '-', '--archive'], options)).code).toBe(3);
    expect(await site.stored('.enc')).toEqual([expect.stringContaining(mustId(site)) as unknown]);
  });

  it('tries again what failed for now, also after a restart', async () => {
    site = await openSite(SMALL);
    site.simulator.faults.add(parseFault('download:404x*'));
    const first = site.start('--port', '0');
    const url = await addressOf(first);
    expect(await post(url, site.eventOf(mustId(site)))).toBe(202);
    await first.shows('again in ');
    first.kill('SIGTERM');
    const result = await first.end;
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(`1 event left in ${site.spool}: the next start takes up from there`);
    const [name = ''] = await site.spooled('queue');
    const spooled = JSON.parse(await readFile(path.join(site.spool, 'queue', name), 'utf8')) as object;
    expect(spooled).toMatchObject({ attempts: 1, code: expect.stringMatching(/^MEDIA_/) as unknown });
    site.simulator.faults.clear();
    const second = site.start('--port', '0');
    const again = await addressOf(second);
    expect(second.stderr()).toContain('1 event found in ');
    await untilEmpty(again);
    expect(await site.stored('.enc')).toHaveLength(1);
  });
});

describe('stopping serve', () => {
  it('SIGTERM lets what is in flight finish', async () => {
    site = await openSite([{ bytes: 20_000 }]);
    site.simulator.faults.add(parseFault('download:trickle=20000'));
    const cli = site.start('--port', '0');
    const url = await addressOf(cli);
    await post(url, site.eventOf(mustId(site)));
    await untilStruck(site);
    cli.kill('SIGTERM');
    const result = await cli.end;
    expect(result.code).toBe(0);
    expect(await site.stored('.enc')).toHaveLength(1);
    expect(await site.spooled('queue')).toEqual([]);
  });

  it('interrupts what takes longer than --grace, cleans up, and the next start does it', async () => {
    site = await openSite([{ bytes: 400_000 }]);
    site.simulator.faults.add(parseFault('download:trickle=40000'));
    const first = site.start('--port', '0', '--grace', '0');
    const url = await addressOf(first);
    await post(url, site.eventOf(mustId(site)));
    await untilStruck(site);
    first.kill('SIGTERM');
    const result = await first.end;
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('1 event left in ');
    const [name = ''] = await site.spooled('queue');
    const spooled = JSON.parse(await readFile(path.join(site.spool, 'queue', name), 'utf8')) as object;
    expect(spooled).toMatchObject({ attempts: 0, notBefore: 0 });
    expect([await site.stored('.enc'), await site.stored('.partial')]).toEqual([[], []]);
    site.simulator.faults.clear();
    const second = site.start('--port', '0');
    await untilEmpty(await addressOf(second));
    expect(await site.stored('.enc')).toHaveLength(1);
  });

  it('SIGINT ends with 130; a second one at once', async () => {
    site = await openSite([{ bytes: 400_000 }]);
    site.simulator.faults.add(parseFault('download:trickle=4000'));
    const cli = site.start('--port', '0', '--grace', '600');
    const url = await addressOf(cli);
    await post(url, site.eventOf(mustId(site)));
    await untilStruck(site);
    cli.kill('SIGINT');
    await cli.shows('press Ctrl-C again to exit at once');
    expect(await post(url, '{}')).toBeUndefined(); // nobody listens any more
    cli.kill('SIGINT');
    expect((await cli.end).code).toBe(130);
    expect(await site.spooled('queue')).toHaveLength(1);
    site.simulator.faults.clear();
    const idle = site.start('--port', '0');
    await untilEmpty(await addressOf(idle));
    idle.kill('SIGINT');
    expect((await idle.end).code).toBe(130);
  });
});

describe('serve --once', () => {
  it('works through the spool without listening: 0 when all is done, 3 when some failed, 7 when some must wait', async () => {
    site = await openSite(SMALL);
    const put = (index: number, event: string) =>
      writeFile(
        path.join(site?.spool ?? '', 'queue', `${index}.json`),
        `{"schemaVersion":1,"receivedAt":${Date.now()},"attempts":0,"notBefore":0,"event":${event}}`,
      );
    expect((await site.start('--once').end).code).toBe(0);
    await put(1, site.eventOf(mustId(site, 0)));
    await put(2, site.eventOf(mustId(site, 1)));
    const done = await site.start('--once').end;
    expect(done).toMatchObject({ code: 0, stderr: expect.not.stringContaining('listening') as unknown });
    expect(await site.stored('.enc')).toHaveLength(2);
    await put(3, '{"mediaId":"no id"}');
    expect(await site.start('--once').end).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('1 event failed permanently  [SOME_FAILED]') as unknown,
    });
    site.simulator.faults.add(parseFault('download:404x*'));
    await put(4, site.eventOf(mustId(site, 2)));
    expect((await site.start('--once').end).code).toBe(7);
    expect(await site.spooled('queue')).toEqual(['4.json']);
  });
});

describe('serve refuses', () => {
  it('a spool that another process serves', async () => {
    site = await openSite(SMALL);
    const first = site.start('--port', '0');
    await addressOf(first);
    const second = await site.start('--port', '0').end;
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(
      /error: the spool \S+ is in use by process \d+ on \S+ {2}\[USAGE\]\nhint: /,
    );
    first.kill('SIGKILL');
    await first.end;
    const third = site.start('--port', '0');
    await addressOf(third);
  });

  it('a port that is taken, and lets go of the spool', async () => {
    site = await openSite(SMALL);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const result = await site.start('--port', String(port)).end;
    server.close();
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`cannot listen on 127.0.0.1 port ${port}: Error EADDRINUSE  [USAGE]`);
    expect(await readdir(site.spool)).not.toContain('lock');
  });

  // 192.0.2.1 is an address of nobody (RFC 5737): to get as far as listening there is to have been let through
  it.each([
    [{}, 'webhooks from other machines must be signed  [CONFIG_INVALID]'],
    [{ ARCHIVE_WEBHOOK_OPEN: '1' }, 'cannot listen on 192.0.2.1 port 8080: Error EADDRNOTAVAIL'],
    [{ ARCHIVE_WEBHOOK_SECRET: SECRET }, 'cannot listen on 192.0.2.1 port 8080: Error EADDRNOTAVAIL'],
  ])('to be open to others without a signature: %j', async (more, message) => {
    site = await openSite(SMALL);
    const { ARCHIVE_WEBHOOK_SECRET: _, ...env } = site.env;
    const result = await runCli(['serve', '--host', '192.0.2.1', '--spool', site.spool], {
      env: { ...env, ...more },
    });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
  });

  it('settings that are missing, before it makes anything', async () => {
    const { code, stderr } = await runCli(['serve', '--spool', '/nowhere/spool'], { env: {} });
    expect(code).toBe(2);
    expect(stderr).toContain('[CONFIG_INVALID]');
  });
});

describe('a full disk', () => {
  it.skipIf(!canMount())('[needs: root and mount] 503, not 202, until there is room', async () => {
    const disk = mkdtempSync(path.join(tmpdir(), 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      site = await openSite(SMALL, path.join(disk, 'spool'));
      const cli = site.start('--port', '0');
      const url = await addressOf(cli);
      const filler = path.join(disk, 'filler');
      await writeFile(filler, Buffer.alloc(1_000_000)).catch(() => undefined);
      const event = site.eventOf(mustId(site));
      expect(await post(url, event)).toBe(503);
      expect(await readHealth(url)).toMatchObject({
        status: 'spool-unwritable',
        code: 'STORE_FULL',
        queued: 0,
      });
      for (const folder of ['queue', 'incoming'] as const) expect(await site.spooled(folder)).toEqual([]);
      await rm(filler);
      expect(await post(url, event)).toBe(202);
      await untilEmpty(url);
      expect(await readHealth(url)).toMatchObject({ status: 'ok' });
      expect(await site.stored('.enc')).toHaveLength(1);
    } finally {
      await site?.close();
      site = undefined;
      execFileSync('umount', [disk]);
      rmdirSync(disk);
    }
  });
});

describe('a disk that is full from the start', () => {
  it.skipIf(!canMount())('[needs: root and mount] is said in words, and nothing is left on it', async () => {
    const disk = mkdtempSync(path.join(tmpdir(), 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      site = await openSite(SMALL, path.join(disk, 'spool'));
      await mkdir(path.join(disk, 'spool'));
      await writeFile(path.join(disk, 'filler'), Buffer.alloc(1_000_000)).catch(() => undefined);
      const { code, stderr } = await site.start('--port', '0').end;
      expect(code).toBe(7);
      expect(stderr).toContain(
        'opening the spool failed: the disk is full (ENOSPC)  [STORE_FULL]\nhint:  free some',
      );
      expect(await readdir(path.join(disk, 'spool'))).toEqual([]);
    } finally {
      await site?.close();
      site = undefined;
      execFileSync('umount', [disk]);
      rmdirSync(disk);
    }
  });
});
