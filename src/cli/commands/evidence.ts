import { readFile } from 'node:fs/promises';
import { createReader, openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { openLog } from '../../create/log.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { collectEvidence, MAX_RECORDINGS } from '../../proof/evidence/collect-evidence.ts';
import { present } from '../../present.ts';
import { openProver } from '../../proof/prove/prove-entry.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { startProgress } from '../_progress.ts';
import { chooseRecordings } from '../proof/choose-recordings.ts';
import { readKeptCheckpoint } from '../proof/kept-checkpoint.ts';
import { openFolder } from '../proof/folder-target.ts';
import { openZip } from '../proof/zip-target.ts';

interface EvidenceOptions {
  readonly output?: string;
  readonly decrypt?: boolean;
  readonly withoutStatements?: boolean;
  readonly asFound?: boolean;
  readonly since?: string;
}

/** Writes the package that an outsider checks without the archive. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  options: EvidenceOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const { output, decrypt = false, asFound = false, withoutStatements = false } = options;
  if (ids.length === 0) throw new ArchiveError('USAGE', 'name the recordings of the package');
  if (ids.length > MAX_RECORDINGS)
    throw new ArchiveError('USAGE', `a package holds at most ${MAX_RECORDINGS} recordings`);
  if (output === undefined)
    throw new ArchiveError('USAGE', 'say where the package goes: -o FOLDER or -o FILE.zip');
  const full = decrypt ? await readSettings(context, 'restore') : undefined;
  const config = full ?? (await readSettings(context, 'store'));
  const store = await openConfiguredStore(config, { clock, logger });
  const range = searchIn(config);
  const place = openLog(config, store);
  const { budget, end } = openBudget(context);
  const progress = startProgress(ui, 'collecting', { items: ids.length });
  try {
    const keys = await chooseRecordings(store, ids, range, budget);
    const prover = await openProver(place, range.layout, budget);
    const ca = config.proof.timestampCaFile;
    const ports = {
      store,
      ...(await readTrust(config)),
      place,
      prover,
      now: () => clock.now(),
      ...present({
        reader: full === undefined ? undefined : await createReader(full, context),
        timestampCa: ca === undefined ? undefined : await readCa(ca),
      }),
    };
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
        onRecording: () => progress.itemDone(),
      },
      budget,
    );
    for (const finding of collected.findings) ui.warn(printable(finding));
    if (ui.json) ui.record('package', { output, recordings: keys.length, ...collected });
    else
      ui.out(`${printable(output)}  ${count(keys.length, 'file')} of recordings, ${collected.files} in all`);
    ui.say('check it there with: sh verify-proof.sh');
    return 0;
  } finally {
    progress.end();
    end();
  }
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
