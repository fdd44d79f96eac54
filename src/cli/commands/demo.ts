import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Budget } from '../../clock.ts';
import { loadConfig } from '../../config/config.ts';
import { createArchiver, createReader, openConfiguredStore } from '../../create/archiver.ts';
import { createStaticReader } from '../../envelope/static-gcm.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { makeDirectories } from '../../make-directories.ts';
import { present } from '../../present.ts';
import { EVENT_SHAPES } from '../../../packages/simulator/src/archiving-events.ts';
import { type Simulator, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { asUsage } from '../_simulator-errors.ts';
import { tellSkippedFiles } from '../_skipped-files.ts';
import { type Promised, checkPromises } from '../demo/checks.ts';
import { type CallHistory, deliver, type DemoDelivery } from '../demo/delivery.ts';
import { armFaults } from '../demo/faults.ts';
import { openDemoConsole } from '../demo/open-console.ts';
import { archiveThePast, type PastPorts, type PastResult } from '../demo/past.ts';
import { describeFaults, describeOthers, describeRefused, printCheck, printTable } from '../demo/report.ts';
import { count, formatBytes, formatDuration, printable, quoteForShell } from '../_format.ts';
import { countBytes, startProgress } from '../_progress.ts';

interface DemoOptions {
  readonly calls?: number;
  readonly media?: string;
  readonly out?: string;
  readonly console?: boolean;
}

const DEFAULT_CALLS = 36;
/** RFC 2606 reserves the name. */
const LOG_ORIGIN = 'demo.example/archive';
const CONCURRENCY = 6;
/** Every so many events one is delivered twice. */
const DUPLICATE_EVERY = 6;

/** ms. A stalled download is given up soon, or the demo would be about waiting. */
const TIMEOUTS = { connectMs: 2_000, headersMs: 2_000, idleMs: 600 };

/**
 * The product's own code path from event to object and back, against a simulator that makes requests fail. Prints only what
 * was counted; exit code 1 when a promise was not kept.
 */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: DemoOptions,
): Promise<number> {
  const place = await prepareDirectory(options.out);
  const simulator = await asUsage(() =>
    startSimulator({
      recordings: options.calls ?? DEFAULT_CALLS,
      ...present({ mediaDir: options.media }),
    }),
  );
  tellSkippedFiles(context.ui, simulator);
  const { budget, end } = openBudget(context);
  try {
    return await demonstrate(context, { simulator, place, options }, budget);
  } finally {
    end();
    await simulator.close();
  }
}

interface DemoPlace {
  readonly dir: string;
  readonly store: string;
  readonly envFile: string;
  readonly keyHex: string;
  readonly logSettings: PastPorts['logSettings'];
}

async function prepareDirectory(wanted: string | undefined): Promise<DemoPlace> {
  try {
    const dir = path.resolve(wanted ?? (await mkdtemp(path.join(tmpdir(), 'genesys-archive-demo-'))));
    await makeDirectories(dir);
    if ((await readdir(dir)).length > 0) {
      throw new ArchiveError('USAGE', `${dir} is not empty`, { hint: 'name a new directory with --out' });
    }
    const keyHex = randomBytes(32).toString('hex');
    const store = `file:${path.join(dir, 'archive')}`;
    const envFile = path.join(dir, 'demo.env');
    const lines = [`export ARCHIVE_STORE=${quoteForShell(store)}`, `export ENCRYPTION_KEY_HEX=${keyHex}`];
    await writeFile(envFile, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
    const logKey = path.join(dir, 'log-private.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(logKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    const logSettings = { ARCHIVE_PROOF_ORIGIN: LOG_ORIGIN, ARCHIVE_PROOF_KEY_FILE: logKey };
    return { dir, store, envFile, keyHex, logSettings };
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const named = wanted === undefined ? '' : ` (${wanted})`;
    throw new ArchiveError(
      'OUTPUT_FAILED',
      `the demo's directory${named} cannot be made: ${describeForeign(error)}`,
      { hint: 'name a new directory that you can write to with --out' },
    );
  }
}

async function demonstrate(
  context: CommandContext,
  {
    simulator,
    place,
    options,
  }: { readonly simulator: Simulator; readonly place: DemoPlace; readonly options: DemoOptions },
  budget: Budget,
): Promise<number> {
  const { ui, clock, logger } = context;
  const began = performance.now();
  const env = {
    ...simulator.environment(),
    ARCHIVE_STORE: place.store,
    ENCRYPTION_KEY_HEX: place.keyHex,
  };
  // not through readSettings: its warning about loopback addresses is no news in a demo
  const config = loadConfig({ env }, 'archive');
  const { recordings } = simulator;
  const synthetic = recordings.filter(({ fileName }) => fileName === undefined);
  const faults = armFaults(
    simulator,
    synthetic.map(({ id }) => id),
  );
  const unfinished = synthetic.at(-1);
  const deliveries = planDeliveries(simulator);
  const duplicates = deliveries.length - recordings.length;
  if (unfinished !== undefined) simulator.setStatus(unfinished.id, 'processing');
  ui.say(`simulator: Genesys Cloud on ${simulator.apiUrl}, ${count(recordings.length, 'call')} recorded`);
  ui.say(
    `injecting: ${count(faults.length, 'fault')}, ${count(duplicates, 'duplicate delivery', 'duplicate deliveries')}`,
  );

  const totalBytes = recordings.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = startProgress(ui, 'archiving', { items: recordings.length, bytes: totalBytes });
  const archived = new Set<string>();
  let revokedAfter: number | undefined;
  const store = await openConfiguredStore(config, { clock, logger });
  const archiver = await createArchiver(config, {
    clock,
    logger,
    timeouts: TIMEOUTS,
    store: countBytes(store, progress.addBytes),
  });
  let histories: ReadonlyMap<string, CallHistory>;
  try {
    histories = await deliver(deliveries, CONCURRENCY, {
      archiver,
      clock,
      budget,
      onSetback: (id) => {
        if (id === unfinished?.id) simulator.setStatus(id, 'complete');
      },
      onDelivered: (id, done) => {
        if (!done || archived.has(id)) return;
        archived.add(id);
        progress.itemDone();
        if (revokedAfter === undefined && archived.size >= recordings.length / 2) {
          revokedAfter = archived.size;
          simulator.revokeTokens();
        }
      },
    });
  } finally {
    progress.end();
    archiver.close();
  }
  const archiveMs = performance.now() - began;
  const storedBytes = [...histories.values()].reduce((sum, { result }) => sum + (result?.bytes ?? 0), 0);

  ui.say('checking what is there');
  const { checks, restored, exampleKey } = await checkPromises({
    simulator,
    store,
    reader: await createReader(config),
    wrongReader: createStaticReader(randomBytes(32)),
    restoredDir: path.join(place.dir, 'restored'),
    budget,
  });
  const rows = [
    ...describeFaults(faults, simulator, histories),
    ...describeOthers({ simulator, histories, duplicates, revokedAfter, unfinishedId: unfinished?.id }),
  ];
  const summary: Promised = {
    kept: archived.size === recordings.length,
    text: `archived ${archived.size} of ${count(recordings.length, 'recording')} (${formatBytes(storedBytes)}) in ${formatDuration(archiveMs)}`,
  };
  const past = options.media === undefined ? await showThePast(context, place, budget) : undefined;
  const all = [summary, ...checks, ...(past?.checks ?? [])];
  const kept = all.every((check) => check.kept);
  const refused = describeRefused(simulator, histories);
  if (ui.json) {
    for (const row of rows) ui.record('fault', row);
    for (const check of all) ui.record('check', check);
    for (const file of refused) ui.record('refused', file);
    ui.record('summary', {
      recordings: recordings.length,
      archived: archived.size,
      bytes: storedBytes,
      durationMs: Math.round(archiveMs),
      kept,
      store: place.store,
      envFile: place.envFile,
      restored,
    });
    return kept ? 0 : 1;
  }
  printTable(context, rows);
  ui.out('');
  for (const check of all) printCheck(context, check);
  for (const { name, reason } of refused) ui.out(`  not archived: ${printable(name)}: ${printable(reason)}`);
  printNextSteps(context, place, { restored, exampleKey, past });
  if (!kept || options.console !== true) return kept ? 0 : 1;
  ui.out('');
  return openDemoConsole(context, {
    ARCHIVE_STORE: place.store,
    ENCRYPTION_KEY_HEX: place.keyHex,
    ...past?.verifySettings,
  });
}

/** The days before. */
async function showThePast(context: CommandContext, place: DemoPlace, budget: Budget): Promise<PastResult> {
  const { ui, clock, logger } = context;
  ui.say('the past: a backfill of three days from before, a search, a seal');
  const past = await archiveThePast({
    clock,
    logger,
    settings: { ARCHIVE_STORE: place.store, ENCRYPTION_KEY_HEX: place.keyHex },
    logSettings: place.logSettings,
    budget,
  });
  const exported = Object.entries(past.verifySettings).map(
    ([name, value]) => `export ${name}=${quoteForShell(value)}`,
  );
  await appendFile(place.envFile, `${exported.join('\n')}\n`);
  return past;
}

/** Each call once, in every shape an event can have; some of them twice, the second time at the end. */
function planDeliveries(simulator: Simulator): DemoDelivery[] {
  const events = simulator.recordings.map(({ id }, index) => ({
    recordingId: id,
    event: simulator.event(id, EVENT_SHAPES[index % EVENT_SHAPES.length] ?? 'bare', {
      data: { status: 'complete' },
    }),
  }));
  return [...events, ...events.filter((_, index) => index % DUPLICATE_EVERY === DUPLICATE_EVERY - 1)];
}

function printNextSteps(
  { ui, program }: CommandContext,
  place: DemoPlace,
  {
    restored,
    exampleKey,
    past,
  }: {
    readonly restored: string | undefined;
    readonly exampleKey: string | undefined;
    readonly past: PastResult | undefined;
  },
): void {
  ui.out('');
  ui.out(`encrypted  ${printable(path.join(place.dir, 'archive'))}`);
  if (restored !== undefined) ui.out(`restored   ${printable(restored)}`);
  ui.out('');
  ui.out('next, in this shell:');
  ui.out(`  . ${quoteForShell(place.envFile)}`);
  ui.out(`  ${program} verify --all`);
  if (exampleKey !== undefined) ui.out(`  ${program} inspect ${exampleKey}`);
  if (past === undefined) return;
  ui.out(`  ${program} find --from ${past.from} --to ${past.to}`);
  ui.out(`  ${program} verify-proof --all`);
  if (past.example === undefined) return;
  const evidence = path.join(place.dir, 'evidence');
  ui.out(`  ${program} evidence ${past.example} -o ${quoteForShell(evidence)}`);
  ui.out(`  (cd ${quoteForShell(evidence)} && sh verify-proof.sh)    # with openssl alone`);
  ui.out(`  ${program} console --open    # search, listen, verify and export in a browser`);
}
