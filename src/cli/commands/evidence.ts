import { readFile } from 'node:fs/promises';
import type { Budget } from '../../clock.ts';
import { createReader, openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { openLog } from '../../create/log.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import {
  type CollectedEvidence,
  collectEvidence,
  type EvidencePorts,
  MAX_RECORDINGS,
} from '../../proof/evidence/collect-evidence.ts';
import { present } from '../../present.ts';
import type { RestoreConfig, StoreConfig } from '../../config/config-types.ts';
import type { ObjectStore } from '../../ports.ts';
import type { LogPlace } from '../../proof/log/place.ts';
import type { Layout } from '../../record/layout.ts';
import { openProver } from '../../proof/prove/prove-entry.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { startProgress } from '../_progress.ts';
import { keysWhere, locateAll } from '../find/look-up.ts';
import { requireFound } from '../proof/choose-recordings.ts';
import { readKeptCheckpoint } from '../proof/kept-checkpoint.ts';
import { openFolder } from '../proof/folder-target.ts';
import { openZip } from '../proof/zip-target.ts';
import type { EvidenceOptions } from '../options/proof.ts';

/** Writes the package that an outsider checks without the archive. */
export async function run(
  context: CommandContext,
  named: readonly string[],
  options: EvidenceOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const { output, decrypt = false, asFound = false, withoutStatements = false } = options;
  requireChoice(named, options);
  if (output === undefined)
    throw new ArchiveError('USAGE', 'say where the package goes: -o FOLDER or -o FILE.zip');
  const full = decrypt ? await readSettings(context, 'restore') : undefined;
  const config = full ?? (await readSettings(context, 'store'));
  const store = await openConfiguredStore(config, { clock, logger });
  const range = searchIn(config);
  const place = openLog(config, store);
  const { budget, end } = openBudget(context);
  let progress: ReturnType<typeof startProgress> | undefined;
  try {
    const ids =
      options.where === undefined ? named : await idsWhere(context, options.where, range.layout, budget);
    requireFew(ids);
    const found = await locateAll(context, { config, store, range, everyVersion: true }, ids, budget);
    const keys = await requireFound(found, { store, range }, budget);
    progress = startProgress(ui, 'collecting', { items: keys.length });
    const opened = { config, full, store, place, layout: range.layout };
    const ports = await openPackaging(context, opened, budget);
    const since = options.since === undefined ? undefined : await readKeptCheckpoint(options.since, place);
    const target = await (output.endsWith('.zip') ? openZip(output) : openFolder(output));
    const collected = await collectEvidence(
      ports,
      keys,
      {
        target,
        asFound,
        withoutStatements,
        ...present({ since }),
        onRecording: () => progress?.itemDone(),
      },
      budget,
    );
    report(context, output, keys.length, collected);
    return 0;
  } finally {
    progress?.end();
    end();
  }
}

interface Opened {
  readonly config: StoreConfig;
  /** With the key of recordings, where they are decrypted. */
  readonly full: RestoreConfig | undefined;
  readonly store: ObjectStore;
  readonly place: LogPlace;
  readonly layout: Layout;
}

/** What the package is put together from. */
async function openPackaging(
  context: CommandContext,
  { config, full, store, place, layout }: Opened,
  budget: Budget,
): Promise<EvidencePorts> {
  const ca = config.proof.timestampCaFile;
  return {
    store,
    ...(await readTrust(config)),
    place,
    prover: await openProver(place, layout, budget),
    now: () => context.clock.now(),
    ...present({
      reader: full && (await createReader(full, context)),
      timestampCa: ca === undefined ? undefined : await readCa(ca),
    }),
  };
}

function report(
  { ui }: CommandContext,
  output: string,
  recordings: number,
  collected: CollectedEvidence,
): void {
  for (const finding of collected.findings) ui.warn(printable(finding));
  if (collected.timestampsLeftOut > 0)
    ui.warn(
      `${count(collected.timestampsLeftOut, 'time stamp')} of the checkpoint left out: ARCHIVE_PROOF_TSA_CA_FILE names no certificates to check with`,
    );
  if (ui.json) ui.record('package', { output, recordings, ...collected });
  else ui.out(`${printable(output)}  ${count(recordings, 'file')} of recordings, ${collected.files} in all`);
  ui.say(`write down, apart from the package: SHA-256 of MANIFEST.sha256 ${collected.manifestSha256}`);
  ui.say('check it there with: sh verify-proof.sh --manifest-sha256 HASH');
}

/** @throws `USAGE`. */
function requireChoice(named: readonly string[], { where }: EvidenceOptions): void {
  if (named.length > 0 && where !== undefined)
    throw new ArchiveError('USAGE', '--where chooses the recordings, and so do ids');
  if (named.length > 0 || where !== undefined) return;
  throw new ArchiveError('USAGE', 'name the recordings of the package', {
    hint: 'ids, keys, or --where "…"',
  });
}

function requireFew(ids: readonly string[]): void {
  if (ids.length <= MAX_RECORDINGS) return;
  throw new ArchiveError(
    'USAGE',
    `a package holds at most ${MAX_RECORDINGS} recordings, and ${ids.length} are meant`,
    { hint: 'make several packages' },
  );
}

/** Of a recording that the catalogue has for these flags, every file is packed, as of one that is named. */
async function idsWhere(
  context: CommandContext,
  where: string,
  layout: Layout,
  budget: Budget,
): Promise<readonly string[]> {
  // numbers and names are sealed: the search needs the key, also where nothing is decrypted
  const config = await readSettings(context, 'wrap');
  const keys = await keysWhere(context, config, where, budget);
  return [...new Set(keys.map((key) => layout.parse(key)?.recordingId ?? key))];
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `ARCHIVE_PROOF_TSA_CA_FILE cannot be read: ${describeForeign(error)}`,
    );
  }
}
