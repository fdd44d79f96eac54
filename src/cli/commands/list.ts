import { listRecordings } from '../../archive/find-recording.ts';
import { openConfiguredStore } from '../../create-archiver.ts';
import { type CommandContext, openBudget, readRange, readSettings, searchIn } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';

interface ListOptions {
  readonly from?: string;
  readonly to?: string;
}

/** One line a recording: day (UTC), size of the object, key. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const range = readRange(options);
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const { budget, end } = openBudget(context);
  const searched = searchIn(config, range);
  let recordings = 0;
  let bytes = 0;
  const listAll = async () => {
    for await (const recording of listRecordings(store, searched, budget)) {
      const { recordingId, channel, date, key, size, lastModified } = recording;
      recordings += 1;
      bytes += size;
      if (ui.json) {
        const storedAt = new Date(lastModified).toISOString();
        ui.record('recording', { recordingId, channel, date, key, size, storedAt });
      } else ui.out(`${date}  ${formatBytes(size).padStart(9)}  ${printable(key)}`);
      await ui.drained();
    }
    // no recordings of some days are an answer; none at all are a sign of another place
    if (recordings === 0) await requireArchive(store, searched, ['present', 'other-days'], budget);
  };
  try {
    await readArchive(store, listAll);
  } finally {
    end();
  }
  ui.say(`${count(recordings, 'recording')}, ${formatBytes(bytes)} in ${printable(store.location)}`);
  return 0;
}
