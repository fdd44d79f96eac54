import { whyNoObject } from '../../audit/why-missing.ts';
import { openChecked } from '../../audit/open-checked.ts';
import { restoreRecording, type RestoreTarget } from '../../audit/read-recording.ts';
import { createReader, openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { createExpiredObjects } from '../../keep/retention/removal-notes.ts';
import type { ObjectStat } from '../../ports.ts';
import { present } from '../../present.ts';
import { type CommandContext, openBudget, readRange, readSettings, searchVersions } from '../_context.ts';
import { tellNotes } from '../_conclude.ts';
import { formatBytes, printable } from '../_format.ts';
import { countBytes, startProgress } from '../_progress.ts';
import { keysWhere, locateAll, locateRecording } from '../find/look-up.ts';
import { checkOutput, createFileTarget } from '../file-target.ts';
import { gatherIds, requireChoice } from '../restore/choose.ts';
import { restoreMany } from '../restore/restore-many.ts';
import type { RestoreOptions } from '../options/read.ts';

/** Decrypts recordings into files that appear only when they have proved to be whole and unchanged. */
export async function run(
  context: CommandContext,
  args: readonly string[],
  options: RestoreOptions,
): Promise<number> {
  requireChoice(args, options);
  const { output } = options;
  if (output === undefined) return restoreByName(context, args, options);
  requirePipe(options);
  return restoreOne(context, args[0] ?? '', output, options);
}

/** Into files that are named after the recordings: of the directory that is named, or for one recording of the one this runs in. */
async function restoreByName(
  context: CommandContext,
  args: readonly string[],
  options: RestoreOptions,
): Promise<number> {
  const { clock, logger } = context;
  const days = readRange(options);
  const config = await readSettings(context, 'restore');
  const {
    force = false,
    dryRun = false,
    unverified = false,
    directory = '.',
    concurrency,
    from,
    to,
  } = options;
  const store = await openConfiguredStore(config, { clock, logger });
  const reader = await createReader(config, context);
  const trust = await readTrust(config);
  const expired = createExpiredObjects({ store, keys: trust.keys ?? new Map(), clock });
  const ports = { store, reader, ...trust, expired, unverified };
  const range = searchVersions(config, days, {
    keys: trust.keys,
    version: options.objectVersion,
    expired,
  });
  const { budget, end } = openBudget(context);
  try {
    const ids =
      options.where === undefined
        ? await gatherIds(context, args, options)
        : await keysWhere(context, config, options.where, budget);
    const find = () => locateAll(context, { config, store, range }, ids, budget);
    const times = present({ from, to });
    const many = { directory, force, dryRun, unverified, concurrency, ...times };
    return await restoreMany(context, ports, { ids, find, range, ...many }, budget);
  } finally {
    end();
  }
}

async function restoreOne(
  context: CommandContext,
  idOrKey: string,
  output: string,
  options: RestoreOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const range = readRange(options);
  const config = await readSettings(context, 'restore');
  const store = await openConfiguredStore(config, { clock, logger });
  const reader = await createReader(config, context);
  const known = await readTrust(config);
  const expired = createExpiredObjects({ store, keys: known.keys ?? new Map(), clock });
  const trust = { ...known, expired, unverified: options.unverified === true };
  const { budget, end } = openBudget(context);
  try {
    const search = searchVersions(config, range, {
      keys: trust.keys,
      version: options.objectVersion,
      expired,
    });
    const key = await locateRecording(context, { config, store, range: search }, idOrKey, budget);
    if (options.dryRun === true) {
      const { stat, notes } = await openChecked({ store, ...trust }, key, budget);
      tellNotes(ui, notes, trust.unverified);
      return await plan(context, stat, output, options);
    }
    const stat = await store.head(key, budget);
    if (stat === undefined) throw await whyNoObject({ store, ...trust }, key, budget);
    const target =
      output === '-'
        ? standardOutput()
        : await createFileTarget(output, { force: options.force === true, followOwnLinks: true });
    const progress = startProgress(ui, 'restoring', { items: 1, bytes: stat.size });
    try {
      const ports = { store: countBytes(store, progress.addBytes), reader, ...trust };
      const { bytes, sha256, receipt, notes } = await restoreRecording(ports, key, target, budget);
      progress.end();
      tellNotes(ui, notes, receipt === 'unverified');
      const file = 'path' in target ? String(target.path) : undefined;
      if (file === undefined) ui.say(`restored ${key}: ${bytes} bytes, SHA-256 ${sha256}`);
      else if (ui.json) ui.record('restored', { key, file, bytes, sha256, receipt, notes });
      else {
        ui.out(`restored  ${printable(file)}`);
        ui.out(`bytes     ${bytes}`);
        ui.out(`sha256    ${sha256}`);
      }
      return 0;
    } finally {
      progress.end();
    }
  } finally {
    end();
  }
}

/** Decrypts nothing, so it cannot tell whether the key is right: `verify` does. */
async function plan(
  { ui }: CommandContext,
  { key, size }: ObjectStat,
  output: string,
  { force }: RestoreOptions,
): Promise<number> {
  const file =
    output === '-' ? output : await checkOutput(output, { force: force === true, followOwnLinks: true });
  if (ui.json) ui.record('plan', { key, file, objectBytes: size });
  else ui.out(`would restore  ${key} (${formatBytes(size)})  to  ${printable(file)}`);
  ui.say('dry run: nothing was decrypted or written');
  return 0;
}

/** @throws `USAGE` where a pipe is meant and may not be. */
function requirePipe({ output, allowUnverified }: RestoreOptions): void {
  if (output !== '-') return;
  if (process.stdout.isTTY) {
    throw new ArchiveError('USAGE', 'refusing to write binary data to a terminal', {
      hint: 'name a file with -o, or pipe the output',
    });
  }
  if (allowUnverified === true) return;
  throw new ArchiveError(
    'USAGE',
    'a pipe receives plaintext before the end of the object has proved that all of it is genuine',
    {
      hint: 'name a file with -o; or pass --allow-unverified, and throw the output away unless the exit code is 0',
    },
  );
}

/** Readers of the pipe must look at the exit code: what was written cannot be taken back. */
function standardOutput(): RestoreTarget {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        process.stdout.write(chunk, (error) => {
          if (error === null || error === undefined) resolve();
          else
            reject(
              new ArchiveError('OUTPUT_FAILED', `writing to the pipe failed: ${describeForeign(error)}`),
            );
        });
      }),
    commit: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
}
