import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openConfiguredStore } from '../../create/archiver.ts';
import { openLog } from '../../create/log.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { proveConsistency } from '../../proof/prove/prove-consistency.ts';
import { openProver } from '../../proof/prove/prove-entry.ts';
import { requireDay } from '../proof/require-day.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { printable } from '../_format.ts';
import { chooseRecordings, nameOf } from '../proof/choose-recordings.ts';
import { readKeptCheckpoint } from '../proof/kept-checkpoint.ts';
import type { ProveOptions } from '../options/proof.ts';

/** Writes proofs: two files for each recording, or for each statement of a day; one for a checkpoint that was kept. */
export async function run(
  context: CommandContext,
  ids: readonly string[],
  { day, since, output = '.', force }: ProveOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const asked = [ids[0], day, since].filter((each) => each !== undefined).length;
  if (asked !== 1) {
    throw new ArchiveError('USAGE', 'name recordings, or a day with --day, or a checkpoint with --since');
  }
  if (day !== undefined) requireDay('--day', day);
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const range = searchIn(config);
  const { budget, end } = openBudget(context);
  try {
    const log = openLog(config, store);
    const prover = await openProver(log, range.layout, budget);
    if (since !== undefined) {
      const kept = await readKeptCheckpoint(since, log);
      const { size } = prover.head;
      const file = path.join(output, `${kept.size}-${size}.consistency`);
      const proof = await proveConsistency(log, prover.head, kept, budget);
      await writeNew(file, Buffer.from(proof), force === true);
      if (ui.json) ui.record('consistency', { file, from: kept.size, size });
      else
        ui.out(
          `${printable(file)}  ${size} entries, which begin with the ${kept.size} of ${printable(since)}`,
        );
      return 0;
    }
    const write = async (name: string, file: Buffer, proof: string, index: number) => {
      const place = path.join(output, name);
      await writeNew(place, file, force === true);
      await writeNew(`${place}.tlog-proof`, Buffer.from(proof), force === true);
      if (ui.json)
        ui.record('proof', { file: place, proof: `${place}.tlog-proof`, index, size: prover.head.size });
      else ui.out(`${printable(place)}  entry ${index} of ${prover.head.size}`);
    };
    if (day !== undefined) {
      for (const { file, proof, index } of await prover.day(day, budget)) {
        await write(`${day}.${index}.statement.json`, file, proof, index);
      }
      return 0;
    }
    for (const key of await chooseRecordings(store, ids, range, budget)) {
      const { file, proof, index } = await prover.recording(key, budget);
      await write(`${nameOf(key)}.receipt.json`, file, proof, index);
    }
    return 0;
  } finally {
    end();
  }
}

async function writeNew(place: string, bytes: Buffer, force: boolean): Promise<void> {
  try {
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, bytes, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') {
      throw new ArchiveError('OUTPUT_EXISTS', `${place} exists already`, {
        hint: 'choose another folder, or --force',
      });
    }
    throw new ArchiveError('OUTPUT_FAILED', `${place} cannot be written: ${describeForeign(error)}`);
  }
}
