import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Budget } from '../../clock.ts';
import { createReader } from '../../create/archiver.ts';
import { createStaticReader } from '../../envelope/static-gcm.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { makeDirectories } from '../../make-directories.ts';
import { present } from '../../present.ts';
import { type Simulator, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { asUsage } from '../_simulator-errors.ts';
import { tellSkippedFiles } from '../_skipped-files.ts';
import { type Promised, checkPromises } from '../demo/checks.ts';
import { openDemoConsole } from '../demo/open-console.ts';
import { archiveThePast, type PastPorts, type PastResult } from '../demo/past.ts';
import { playTheCalls } from '../demo/play-calls.ts';
import { describeRefused, printCheck, printTable } from '../demo/report.ts';
import { count, formatBytes, formatDuration, printable, quoteForShell } from '../_format.ts';
import type { DemoOptions } from '../options/start.ts';

const DEFAULT_CALLS = 36;
/** RFC 2606 reserves the name. */
const LOG_ORIGIN = 'demo.example/archive';
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

interface DemoRun {
  readonly simulator: Simulator;
  readonly place: DemoPlace;
  readonly options: DemoOptions;
}

async function demonstrate(context: CommandContext, run: DemoRun, budget: Budget): Promise<number> {
  const { ui } = context;
  const { simulator, place, options } = run;
  const began = performance.now();
  const played = await playTheCalls(context, run, budget);
  const archiveMs = performance.now() - began;
  const { archived, histories } = played;

  ui.say('checking what is there');
  const { checks, restored, exampleKey } = await checkPromises({
    simulator,
    store: played.store,
    reader: await createReader(played.config),
    wrongReader: createStaticReader(randomBytes(32)),
    restoredDir: path.join(place.dir, 'restored'),
    budget,
  });
  const recordings = simulator.recordings.length;
  const bytes = [...histories.values()].reduce((sum, { result }) => sum + (result?.bytes ?? 0), 0);
  const summary: Promised = {
    kept: archived === recordings,
    text: `archived ${archived} of ${count(recordings, 'recording')} (${formatBytes(bytes)}) in ${formatDuration(archiveMs)}`,
  };
  const past = options.media === undefined ? await showThePast(context, place, budget) : undefined;
  const all = [summary, ...checks, ...(past?.checks ?? [])];
  const kept = all.every((check) => check.kept);
  const refused = describeRefused(simulator, histories);
  if (ui.json) {
    for (const row of played.rows) ui.record('fault', row);
    for (const check of all) ui.record('check', check);
    for (const file of refused) ui.record('refused', file);
    ui.record('summary', {
      recordings,
      archived,
      bytes,
      durationMs: Math.round(archiveMs),
      kept,
      store: place.store,
      envFile: place.envFile,
      restored,
    });
    return kept ? 0 : 1;
  }
  printTable(context, played.rows);
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
