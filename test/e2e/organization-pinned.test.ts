import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

const OWN = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';
const OTHER = '11111111-52a4-4a8b-9c55-1f3f6a1a9b77';

async function start(settings: Readonly<Record<string, string>>, recordings = 3) {
  const clock = fastClock();
  const simulator = await startSimulator({ recordings, organizationId: OWN, now: () => clock.now() });
  const dir = await mkdtemp(join(tmpdir(), 'pinned-'));
  onTestFinished(async () => {
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  });
  const env = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${join(dir, 'archive')}`,
    ...settings,
  };
  const logger = recordingLogger();
  const steps: string[] = [];
  const wrapStore = (store: ObjectStore): ObjectStore => ({
    ...store,
    location: store.location,
    head: (key, budget) => store.head(key, budget),
    get: (key, budget, range) => store.get(key, budget, range),
    list: (prefix, budget, options) => store.list(prefix, budget, options),
    put: (key, body, options, budget) => {
      steps.push('put');
      return store.put(key, body, options, budget);
    },
  });
  const open = async () => {
    const archiver = await createArchiver(loadConfig({ env }, 'archive'), { clock, logger, wrapStore });
    onTestFinished(() => archiver.close());
    return archiver;
  };
  const requestOf = (index: number) => {
    const parsed = parseEvent(simulator.event(simulator.recordings[index]?.id ?? '', 'eventbridge'));
    const [request] = parsed.kind === 'requests' ? parsed.requests : [];
    if (request === undefined) throw new Error('the event names nothing');
    return request;
  };
  const asked = () =>
    simulator.requests
      .filter(({ path }) => /\/(?:organizations|tokens)\/me$/.test(path))
      .map(({ path }) => path);
  const changed = () => simulator.requests.filter(({ method }) => method === 'PATCH').length;
  const kept = () => readdir(join(dir, 'archive'), { recursive: true }).catch(() => []);
  return { simulator, env, dir, logger, steps, open, requestOf, asked, changed, kept };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: string }).code,
  );

describe('the organization of the archive', () => {
  it('is asked for once a process, for any number of recordings', async () => {
    const { open, requestOf, asked, kept } = await start({ GENESYS_ORGANIZATION_ID: OWN });
    const archiver = await open();
    await Promise.all([archiver.archive(requestOf(0)), archiver.archive(requestOf(1))]);
    await archiver.archive(requestOf(2));
    await archiver.archive(requestOf(2));
    expect(asked()).toEqual(['/api/v2/organizations/me']);
    expect((await kept()).filter((name) => name.endsWith('.enc'))).toHaveLength(3);
  });

  it('is not asked for where no setting names it', async () => {
    const { open, requestOf, asked } = await start({});
    await (await open()).archive(requestOf(0));
    expect(asked()).toEqual([]);
  });

  it('is compared beside the look-up and the download, and known before the first write', async () => {
    const { open, requestOf, simulator, steps } = await start({ GENESYS_ORGANIZATION_ID: OWN });
    // some 110 bytes of answer: it is never complete here
    simulator.faults.add({ on: 'conversation', fault: { kind: 'trickle', bytesPerSecond: 1 } });
    const archiver = await open();
    await archiver.checkCredentials();
    const stop = new AbortController();
    const ended = codeOf(archiver.archive(requestOf(0), { ...unlimited, signal: stop.signal }));
    const media = () => simulator.requests.filter(({ server }) => server === 'media');
    await vi.waitFor(() => expect(media().map(({ status }) => status)).toContain(200));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(steps).toEqual([]);
    stop.abort(new ArchiveError('INTERRUPTED', 'interrupted'));
    expect(await ended).toBe('INTERRUPTED');
    expect(steps).toEqual([]);
  });

  it('is not told by the platform: archives all the same, and says once that it was not compared', async () => {
    const { open, requestOf, simulator, logger, kept } = await start({ GENESYS_ORGANIZATION_ID: OWN });
    // neither by the organization nor by the token
    simulator.faults.add({ on: 'conversation', fault: { kind: 'status', status: 403 } });
    simulator.faults.add({ on: 'platform', fault: { kind: 'status', status: 403 } });
    const archiver = await open();
    await archiver.archive(requestOf(0));
    await archiver.archive(requestOf(1));
    expect((await kept()).filter((name) => name.endsWith('.enc'))).toHaveLength(2);
    expect(logger.lines.filter((line) => line.includes('ORGANIZATION_UNKNOWN'))).toHaveLength(1);
  });

  it('is another one: nothing is written, neither to the store nor to the platform', async () => {
    const { open, requestOf, steps, changed, kept } = await start({ GENESYS_ORGANIZATION_ID: OTHER });
    const archiver = await open();
    expect(await codeOf(archiver.archive(requestOf(0)))).toBe('ORGANIZATION_MISMATCH');
    expect(await codeOf(archiver.archive(requestOf(0), unlimited, { isFirst: true }))).toBe(
      'ORGANIZATION_MISMATCH',
    );
    expect([steps, changed(), await kept()]).toEqual([[], 0, []]);
  });

  it('is another one: a recording that is archived already gets no reference', async () => {
    const world = await start({ ARCHIVE_WRITE_BACK: 'none' });
    await (await world.open()).archive(world.requestOf(0));
    const before = await world.kept();
    Object.assign(world.env, { ARCHIVE_WRITE_BACK: 'interaction', GENESYS_ORGANIZATION_ID: OTHER });
    expect(await codeOf((await world.open()).archive(world.requestOf(0)))).toBe('ORGANIZATION_MISMATCH');
    expect([world.changed(), await world.kept()]).toEqual([0, before]);
  });

  it('ends a list of the command line with exit code 2 when it is another one', async () => {
    const { env, dir, simulator, kept } = await start({ GENESYS_ORGANIZATION_ID: OTHER }, 1);
    const file = join(dir, 'event.json');
    await writeFile(file, JSON.stringify(simulator.event(simulator.recordings[0]?.id ?? '', 'bare')));
    const { code, stderr } = await runCli(['archive', '--event', file], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('[ORGANIZATION_MISMATCH]');
    expect(stderr).toContain(OWN);
    expect(await kept()).toEqual([]);
    const { code: doctor, stdout } = await runCli(['doctor', '--json'], { env });
    expect(doctor).toBe(2);
    expect(stdout).toMatch(/"name":"organization","status":"fail"/);
  });

  it('is told by doctor when it is the right one, and not mentioned where none is set', async () => {
    const { env } = await start({ GENESYS_ORGANIZATION_ID: OWN }, 1);
    const { code, stdout } = await runCli(['doctor', '--json'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain(`issued a token, of organization ${OWN}`);
    const { GENESYS_ORGANIZATION_ID: _, ...unset } = env as Record<string, string>;
    expect((await runCli(['doctor', '--json'], { env: unset })).stdout).not.toContain('of organization');
  });
});
