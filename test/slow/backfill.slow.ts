import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Budget } from '../../src/clock.ts';
import { unlimited } from '../../src/clock.ts';
import type { ArchiveResult } from '../../src/archive/archive-request.ts';
import { createBackfillKind } from '../../src/backfill/backfill-kind.ts';
import { createGroupedFiles } from '../../src/genesys/batch/grouped-files.ts';
import { createGenesysApi, type GenesysApi } from '../../src/genesys/api-client.ts';
import { createYieldingBudget, MIN_YIELD_RATE } from '../../src/genesys/rate-yield.ts';
import { createRecordingsApi } from '../../src/genesys/recordings/api.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/http/transport.ts';
import type { Outcome } from '../../src/jobs/kind.ts';
import { silentLogger } from '../../src/log.ts';
import { RECORDING_KINDS } from '../../src/recording/facts.ts';
import { makeWav } from '../backfill/export/make-wav.ts';
import { ORGANIZATION, type ExportedFile, writeExport } from '../backfill/export/write-export.ts';
import { backfills } from '../backfill/start-backfill.ts';
import { virtualClock } from '../virtual-clock.ts';

const { start, closeAll } = backfills();
const dirs: string[] = [];
afterEach(async () => {
  await closeAll();
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

const NOW = Date.UTC(2026, 10, 28, 12);
const MINUTE = 60_000;
const ALLOWED = 300;
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const recordingOf = (n: number) => 1_000_000 + n;

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

interface PlatformScript {
  readonly clock: ReturnType<typeof virtualClock>;
  /** Calls a minute of live archiving, with the same client. */
  readonly livePerMinute: number;
  readonly batchMs: number;
  /** What a batch does with one recording. */
  readonly batch: (recording: number) => 'delivered' | 'omitted' | 'error' | 'foreign';
  /** What a call for one recording is answered with. */
  readonly single: (recording: number) => 'file' | 'forbidden' | 'deleted' | 'error';
}

/** A platform within this process, on a simulated clock: it counts calls in fixed minutes and refuses what is too many. */
function platformOf({ clock, livePerMinute, batchMs, batch, single }: PlatformScript) {
  const random = seeded(11);
  let window = -1;
  let counted = 0;
  let ownCalls = 0;
  let refusedOwn = 0;
  let refusedLive = 0;
  const liveWaits: number[] = [];
  const batches = new Map<
    string,
    { readonly at: number; readonly list: readonly { conversationId: string; recordingId?: string }[] }
  >();
  const counts = { batches: 0, omitted: 0 };

  const roll = () => {
    const current = Math.floor(clock.now() / MINUTE);
    if (current === window) return;
    window = current;
    counted = 0;
  };
  const live = async (until: Promise<unknown>) => {
    const progress = { isOver: false };
    void until.finally(() => {
      progress.isOver = true;
    });
    while (!progress.isOver) {
      await clock.sleep((-Math.log(1 - random()) * MINUTE) / livePerMinute);
      roll();
      if (counted >= ALLOWED) {
        refusedLive += 1;
        liveWaits.push((window + 1) * MINUTE - clock.now());
      } else liveWaits.push(0);
      counted += 1;
    }
  };

  const answer = (request: HttpRequest): { readonly status: number; readonly body: unknown } => {
    const path = request.url.pathname.replace('/api/v2/', '').split('/');
    if (path[0] === 'recording' && request.method === 'POST') {
      counts.batches += 1;
      const { batchDownloadRequestList: list } = JSON.parse(String(request.body)) as {
        batchDownloadRequestList: { conversationId: string; recordingId?: string }[];
      };
      expect(list.length).toBeLessThanOrEqual(100);
      batches.set(String(counts.batches), { at: clock.now(), list });
      return { status: 200, body: { id: String(counts.batches) } };
    }
    if (path[0] === 'recording') {
      const job = batches.get(path[2] ?? '');
      if (job === undefined) return { status: 404, body: {} };
      if (clock.now() - job.at < batchMs) return { status: 200, body: { status: 'InProgress', results: [] } };
      return { status: 200, body: { status: 'Completed', results: job.list.flatMap(resultsOf) } };
    }
    const conversation = Number(path[1]?.slice(-12));
    if (path[2] === 'recordingmetadata') {
      const recording = {
        id: id(recordingOf(conversation)),
        conversationId: path[1],
        media: 'audio',
        fileState: 'AVAILABLE',
      };
      return { status: 200, body: [recording] };
    }
    const recording = Number(path[3]?.slice(-12));
    const base = {
      id: path[3],
      conversationId: path[1],
      media: 'audio',
      startTime: new Date(NOW).toISOString(),
    };
    switch (single(recording)) {
      case 'file':
        return {
          status: 200,
          body: {
            ...base,
            fileState: 'AVAILABLE',
            mediaUris: { S: { mediaUri: `https://media/${path[3]}` } },
          },
        };
      case 'forbidden':
        return { status: 403, body: { code: 'missing.permissions' } };
      case 'deleted':
        return { status: 200, body: { ...base, fileState: 'DELETED' } };
      case 'error':
        return { status: 200, body: { ...base, fileState: 'ERROR' } };
    }
  };
  const resultsOf = ({
    conversationId,
    recordingId,
  }: {
    conversationId: string;
    recordingId?: string;
  }): readonly object[] => {
    const recording = recordingId ?? id(recordingOf(Number(conversationId.slice(-12))));
    const ids = { conversationId, recordingId: recording };
    switch (batch(Number(recording.slice(-12)))) {
      case 'delivered':
        return [{ ...ids, resultUrl: `https://media/${recording}`, contentType: 'audio/ogg' }];
      case 'omitted':
        counts.omitted += 1;
        return [];
      case 'error':
        counts.omitted += 1;
        return [{ ...ids, errorMsg: 'not available' }];
      case 'foreign':
        counts.omitted += 1;
        return [{ ...ids, conversationId: id(77), resultUrl: 'https://media/other' }];
    }
  };
  const transport: Transport = {
    close: () => undefined,
    send: async (request) => {
      await Promise.resolve();
      roll();
      ownCalls += 1;
      counted += 1;
      const reset = Math.ceil(((window + 1) * MINUTE - clock.now()) / 1_000);
      const headers = {
        'inin-ratelimit-allowed': String(ALLOWED),
        'inin-ratelimit-count': String(Math.min(counted, ALLOWED)),
        'inin-ratelimit-reset': String(reset),
      };
      const isRefused = counted > ALLOWED;
      if (isRefused) refusedOwn += 1;
      const { status, body } = isRefused ? { status: 429, body: {} } : answer(request);
      return responseOf(status, headers, body);
    },
  };
  return {
    transport,
    live,
    counts,
    figures: () => ({ ownCalls, refusedOwn, refusedLive, liveWaits: liveWaits.toSorted((a, b) => a - b) }),
  };
}

function responseOf(status: number, headers: Record<string, string>, body: unknown): HttpResponse {
  async function* text() {
    await Promise.resolve();
    yield Buffer.from(JSON.stringify(body));
  }
  return { status, headers, body: text(), discard: () => undefined };
}

/** The kind, the batches and the rate as they are; only storing is left out, which takes no time on a simulated clock. */
function kindOn(clock: ReturnType<typeof virtualClock>, transport: Transport) {
  const rate = createYieldingBudget({ clock, rate: () => 'yield' });
  const tokens = { token: () => Promise.resolve('token'), reject: () => undefined };
  const api: GenesysApi = createGenesysApi({
    apiUrl: 'https://api.test',
    tokens,
    transport,
    clock,
    logger: silentLogger,
    rate,
  });
  const shared = { api, clock, logger: silentLogger, format: 'WAV' } as const;
  const files = createGroupedFiles({
    ...shared,
    asBatchable: (_conversation, recording) => ({ ...recording, recordedAt: NOW }),
    fetchLeftOut: true,
  });
  const resolver = createRecordingsApi({
    ...shared,
    kinds: new Set(RECORDING_KINDS),
    settleMs: 0,
    horizonMs: 0,
    restoreArchived: false,
    batch: false,
    describeConversation: false,
    fetchFiles: files.fetch,
  });
  const stored = new Map<string, number>();
  const kind = createBackfillKind({
    layout: 'date',
    archive: async (request, budget: Budget) => {
      const resolution = await resolver.resolve(request, budget);
      if (resolution.state !== 'ready') throw new Error(resolution.state);
      const { items, terminal = [], failed = [] } = resolution;
      for (const { ids } of items) stored.set(ids.recordingId, (stored.get(ids.recordingId) ?? 0) + 1);
      return [
        ...items.map(
          ({ ids }): ArchiveResult => ({
            state: 'archived',
            ids,
            key: '',
            receiptKey: '',
            bytes: 1,
            stored: true,
            resumes: 0,
            restarts: 0,
          }),
        ),
        ...terminal.map(
          ({ ids, reason, permanent }): ArchiveResult => ({ state: 'gone', ids, reason, settled: permanent }),
        ),
        ...failed.map(
          ({ recordingId = '', error }): ArchiveResult => ({
            state: 'failed',
            ids: { recordingId, conversationId: request.conversationId },
            error,
          }),
        ),
      ];
    },
    archiveExported: () => Promise.reject(new Error('no export')),
    openGroup: () => files.open(),
    useRate: () => undefined,
    limitedBy: () => 'genesys-rate',
  });
  const context = {
    signal: unlimited.signal,
    options: { source: 'days', layout: 'date' },
    rate: () => 'yield' as const,
    limitedBy: () => undefined,
    now: () => clock.now(),
    job: 'job',
  } as const;
  const work = async (from: number, to: number) => {
    const items = Array.from({ length: to - from }, (_, at) => ({
      conversationId: id(from + at),
      endedAt: NOW - 86_400_000,
    }));
    const outcomes: Outcome[] = [];
    for await (const outcome of kind.work(items, context)) outcomes.push(outcome);
    return outcomes;
  };
  return { work, stored, files, rate };
}

describe('10,000 recordings from before, beside live archiving with the same client', () => {
  it('lose none, double none, never have live archiving wait, and use what it leaves', {
    timeout: 120_000,
  }, async () => {
    const clock = virtualClock(NOW);
    const platform = platformOf({
      clock,
      livePerMinute: 60,
      batchMs: 45_000,
      batch: () => 'delivered',
      single: () => 'file',
    });
    const { work, stored } = kindOn(clock, platform.transport);
    const began = clock.now();
    const shards = Array.from({ length: 10 }, (_, at) => at);
    // two runners' workers, a shard each
    const worker = async () => {
      const outcomes: Outcome[] = [];
      for (let shard = shards.shift(); shard !== undefined; shard = shards.shift()) {
        outcomes.push(...(await work(shard * 1_000, shard * 1_000 + 1_000)));
      }
      return outcomes;
    };
    const working = Promise.all([worker(), worker()]);
    void platform.live(working);
    const outcomes = (await clock.run(working)).flat();
    const minutes = (clock.now() - began) / MINUTE;
    const { ownCalls, refusedOwn, refusedLive, liveWaits } = platform.figures();
    const p99 = liveWaits[Math.floor(liveWaits.length * 0.99)] ?? 0;
    const ideal = ownCalls / (0.9 * ALLOWED - 1.25 * 60);
    process.stdout.write(
      `10,000 recordings: ${stored.size} stored, ${[...stored.values()].filter((times) => times > 1).length} doubled, ${(ownCalls / 10_000).toFixed(3)} calls each, ${minutes.toFixed(1)} min (ideal ${ideal.toFixed(1)}), live: ${refusedLive} refused of ${liveWaits.length}, p99 wait ${p99} ms; own refused ${refusedOwn}\n`,
    );
    expect(outcomes.filter(({ state }) => state === 'done')).toHaveLength(10_000);
    expect(stored.size).toBe(10_000);
    expect(Math.max(...stored.values())).toBe(1);
    expect(ownCalls / 10_000).toBeLessThanOrEqual(1.2);
    expect([refusedLive, p99]).toEqual([0, 0]);
    expect(minutes).toBeLessThanOrEqual(ideal * 1.1);
    expect(MIN_YIELD_RATE).toBe(6);
  });
});

describe('1,000 batches of which one in twenty leaves something out', () => {
  it('have each recording archived, or failed with its reason', { timeout: 180_000 }, async () => {
    const clock = virtualClock(NOW);
    const random = seeded(5);
    const batchFate = new Map<number, 'delivered' | 'omitted' | 'error' | 'foreign'>();
    const singleFate = new Map<number, 'file' | 'forbidden' | 'deleted' | 'error'>();
    for (let conversation = 0; conversation < 100_000; conversation += 1) {
      // in one of twenty groups of a hundred, one recording
      if (conversation % 2_000 !== 7) continue;
      const recording = recordingOf(conversation);
      batchFate.set(
        recording,
        (['omitted', 'error', 'foreign'] as const)[Math.floor(random() * 3)] ?? 'omitted',
      );
      singleFate.set(
        recording,
        (['file', 'forbidden', 'deleted', 'error'] as const)[Math.floor(random() * 4)] ?? 'file',
      );
    }
    const platform = platformOf({
      clock,
      livePerMinute: 1,
      batchMs: 1_000,
      batch: (recording) => batchFate.get(recording) ?? 'delivered',
      single: (recording) => singleFate.get(recording) ?? 'file',
    });
    const { work, stored } = kindOn(clock, platform.transport);
    const outcomes: Outcome[] = [];
    for (let shard = 0; shard < 100; shard += 1) {
      outcomes.push(...(await clock.run(work(shard * 1_000, shard * 1_000 + 1_000))));
    }
    const failed = outcomes.filter(({ state }) => state === 'failed');
    const gone = [...singleFate.values()].filter((fate) => fate === 'deleted' || fate === 'error').length;
    const forbidden = [...singleFate.values()].filter((fate) => fate === 'forbidden').length;
    process.stdout.write(
      `${platform.counts.batches} batches, ${platform.counts.omitted} left out: ${stored.size} archived, ${gone} gone with a receipt, ${failed.length} failed with a reason, of 100,000\n`,
    );
    expect(platform.counts.batches).toBe(1_000);
    expect(outcomes).toHaveLength(100_000);
    expect(stored.size + gone + failed.length).toBe(100_000);
    expect(failed).toHaveLength(forbidden);
    expect(failed.every(({ code, reason = '' }) => code === 'GENESYS_FORBIDDEN' && reason !== '')).toBe(true);
  });
});

describe('1,000 files of an export', () => {
  it('have each its right outcome', { timeout: 120_000 }, async () => {
    const startedAt = Date.UTC(2026, 8, 3, 7, 30);
    const fates = [
      'sound',
      'sound',
      'sound',
      'sound',
      'cut',
      'alone',
      'encrypted',
      'again',
      'foreign',
      'empty',
    ] as const;
    const whole = makeWav(2_000);
    const fileOf = (n: number): ExportedFile => {
      const sound = { conversationId: id(n), recordingId: id(recordingOf(n)), startedAt };
      switch (fates[n % 10] ?? 'sound') {
        case 'cut':
          return { ...sound, body: whole.subarray(0, 5_000), durationMs: 2_000 };
        case 'alone':
          return { ...sound, sidecar: null };
        case 'encrypted':
          return {
            ...sound,
            body: Buffer.concat([Buffer.from([0xc1, 0xc0, 0x4c, 3]), Buffer.alloc(200, n % 250)]),
          };
        case 'foreign':
          return { ...sound, sidecar: JSON.stringify({ recordingId: id(1) }) };
        case 'empty':
          return { ...sound, body: Buffer.alloc(0) };
        case 'again':
        case 'sound':
          return { ...sound, durationMs: 100 };
      }
    };
    const expected: Readonly<Record<(typeof fates)[number], string>> = {
      sound: 'done',
      cut: 'failed MEDIA_TRUNCATED',
      alone: 'later MEDIA_NOT_READY',
      encrypted: 'failed EXPORT_ENCRYPTED',
      again: 'already',
      foreign: 'failed EXPORT_MALFORMED',
      empty: 'failed MEDIA_TRUNCATED',
    };
    const dir = await mkdtemp(join(tmpdir(), 'export-'));
    dirs.push(dir);
    const names = await writeExport(
      dir,
      Array.from({ length: 1_000 }, (_, n) => fileOf(n)),
    );
    expect(names[0]).toContain(ORGANIZATION);
    const items = await Promise.all(
      names.map(async (file) => ({ file, bytes: (await stat(join(dir, file))).size })),
    );
    const source = { source: 'export', export: `file:${dir}` } as const;
    const { work, files } = await start({});
    // brought by the API, as it were, before
    await work(
      items.filter((_item, n) => fates[n % 10] === 'again'),
      source,
    );
    const outcomes = await work(items, source);
    const seen = new Map<string, number>();
    for (const [n, { state, code }] of outcomes.entries()) {
      const outcome = code === undefined ? state : `${state} ${code}`;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      expect(outcome).toBe(expected[fates[n % 10] ?? 'sound']);
    }
    process.stdout.write(
      `1,000 files of an export: ${[...seen].map(([what, times]) => `${times} ${what}`).join(', ')}\n`,
    );
    expect(await files()).toHaveLength(500);
  });
});
