import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { linkKey } from '../../src/record/object-key.ts';
import { recordingLogger } from '../recording-logger.ts';
import { only, setUpArchive } from './set-up.ts';

const PATCH = 'PATCH /api/v2/interactions/{id}';

describe('the marker that a recording is linked, where its sender takes it over', () => {
  let archive: Awaited<ReturnType<typeof setUpArchive>>;
  let ports: ArchivePorts;
  let rest: Promise<void>[];
  let release: (failure?: Error) => void;
  let asked: string[];
  const logger = recordingLogger();

  beforeEach(async () => {
    archive = await setUpArchive();
    rest = [];
    asked = [];
    const released = new Promise<void>((resolve, reject) => {
      release = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    released.catch(() => {});
    const store: ObjectStore = {
      ...archive.store,
      put: async (key, ...others) => {
        asked.push(key);
        if (key.startsWith('links/')) await released;
        return archive.store.put(key, ...others);
      },
    };
    ports = { ...archive.ports, store, logger };
  });
  afterEach(async () => {
    release();
    await Promise.all(rest);
    await archive.close();
  });

  const hints = { afterwards: (work: Promise<void>) => void rest.push(work) };
  const archiveNow = () => only(archiveRequest(ports, archive.request, unlimited, hints));
  const markerOf = (key: string) => archive.store.head(linkKey(key), unlimited);

  it('keeps no recording waiting, and is written after its receipt and its reference', async () => {
    const result = await archiveNow();
    if (result.state !== 'archived') throw new Error(result.state);
    const { key, receiptKey } = result;
    expect(asked).toEqual([key, receiptKey, linkKey(key)]);
    expect(archive.count(PATCH)).toBe(1);
    expect(await markerOf(key)).toBeUndefined();
    release();
    await Promise.all(rest);
    expect(await markerOf(key)).toBeDefined();
    expect(await archive.archive()).toMatchObject({ stored: false });
    expect(archive.count(PATCH)).toBe(1);
  });

  it('fails no recording when it is lost: another delivery writes the same reference again, and the marker', async () => {
    const result = await archiveNow();
    if (result.state !== 'archived') throw new Error(result.state);
    const reference = archive.simulator.interaction(archive.recording.interactionId);
    release(new ArchiveError('STORE_UNAVAILABLE', 'made up'));
    await Promise.all(rest);
    expect(await markerOf(result.key)).toBeUndefined();
    const line = JSON.parse(logger.lines.find((text) => text.includes('no link marker')) ?? '{}') as unknown;
    expect(line).toMatchObject({
      level: 'warn',
      code: 'STORE_UNAVAILABLE',
      key: result.key,
      recordingId: result.ids.recordingId,
    });
    expect(await archive.archive()).toMatchObject({ state: 'archived', stored: false });
    expect(archive.count(PATCH)).toBe(2);
    expect(archive.simulator.interaction(archive.recording.interactionId)).toEqual(reference);
    expect(await markerOf(result.key)).toBeDefined();
  });

  it('is waited for by each recording where no caller takes it over', async () => {
    let isDone = false;
    const archived = only(archiveRequest(ports, archive.request, unlimited)).finally(() => {
      isDone = true;
    });
    while (!asked.some((key) => key.startsWith('links/'))) await systemClock.sleep(5);
    await systemClock.sleep(20);
    expect(isDone).toBe(false);
    release();
    await archived;
  });

  it('is waited for by an invocation of the function before its answer', async () => {
    const event = archive.simulator.event(archive.recording.id, 'eventbridge');
    const handle = createHandler({
      archiver: {
        archive: (request, budget = unlimited, given = {}) => archiveRequest(ports, request, budget, given),
      },
      config: { webhook: { secrets: [], open: false, signatures: ['v1'] }, idPattern: /.*/ } as never,
      clock: systemClock,
      logger: silentLogger,
      onLambda: true,
    });
    let isAnswered = false;
    const answer = handle(event).finally(() => {
      isAnswered = true;
    });
    while (!asked.some((key) => key.startsWith('links/'))) await systemClock.sleep(5);
    await systemClock.sleep(20);
    expect(isAnswered).toBe(false);
    release();
    expect(await answer).toMatchObject({ statusCode: 200 });
  });
});
