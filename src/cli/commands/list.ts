import { describeRecording, type RecordingDescription } from '../../audit/describe-recording.ts';
import { listMarkedRecordings, listRecordings, type MarkedRecording } from '../../audit/find-recording.ts';
import { openConfiguredStore, readTrust } from '../../create/archiver.ts';
import { ArchiveError } from '../../errors.ts';
import {
  type CommandContext,
  isOutsideTimes,
  namesTime,
  openBudget,
  readRange,
  readSettings,
  searchIn,
} from '../_context.ts';
import { count, formatBytes, formatDuration, printable } from '../_format.ts';
import { mapAhead } from '../_map-ahead.ts';
import { present } from '../../present.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';

interface ListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly brief?: boolean;
}

/** Receipts that are read at a time. */
const READ_AHEAD = 16;

type Listed = MarkedRecording & { readonly description: RecordingDescription | undefined };

/** One line a recording: day (UTC), size of the object, key, and what its receipt says. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const range = readRange(options);
  const isExact = namesTime(options.from) || namesTime(options.to);
  if (isExact && options.brief === true) {
    throw new ArchiveError('USAGE', '--brief reads no receipt, and only receipts state a time', {
      hint: 'name days, such as --from 2026-05-20, or leave out --brief',
    });
  }
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const search = searchIn(config, range);
  const { budget, end } = openBudget(context);
  let recordings = 0;
  let bytes = 0;
  let untimed = 0;
  let isDenied = options.brief === true;
  const describe = async (recording: MarkedRecording): Promise<Listed> => {
    if (isDenied) return { ...recording, description: undefined };
    try {
      const description = await describeRecording(store, search.layout, recording.key, budget);
      return { ...recording, description };
    } catch (error) {
      // who may list and not read is shown what listing shows
      if (!(error instanceof ArchiveError) || error.code !== 'STORE_DENIED' || isExact) throw error;
      if (!isDenied)
        ui.warn('receipts cannot be read (STORE_DENIED), so only days, sizes and keys are shown');
      isDenied = true;
      return { ...recording, description: undefined };
    }
  };
  const listAll = async () => {
    let found = 0;
    // which version is the current one only receipts tell
    const listed =
      options.brief === true
        ? listRecordings(store, search, budget)
        : listMarkedRecordings(store, { ...search, ...(await readTrust(config)) }, budget);
    for await (const recording of mapAhead(listed, READ_AHEAD, describe)) {
      found += 1;
      const recordedAt = recording.description?.recordedAt;
      if (isExact && recordedAt !== undefined && isOutsideTimes(recordedAt, options, range)) continue;
      if (isExact && recordedAt === undefined) untimed += 1;
      recordings += 1;
      bytes += recording.size;
      if (ui.json) ui.record('recording', recordOf(recording));
      else ui.out(lineOf(recording));
      await ui.drained();
    }
    // no recordings of some days are an answer; none at all are a sign of another place
    if (found === 0) await requireArchive(store, search, ['present', 'other-days'], budget);
  };
  try {
    await readArchive(store, listAll);
  } finally {
    end();
  }
  if (untimed > 0) {
    ui.warn(`${count(untimed, 'recording')} without a receipt, whose time is not known: listed by the day`);
  }
  ui.say(`${count(recordings, 'recording')}, ${formatBytes(bytes)} in ${printable(store.location)}`);
  return 0;
}

function recordOf({
  recordingId,
  channel,
  version,
  date,
  key,
  size,
  lastModified,
  isCurrent,
  description,
}: Listed): object {
  const storedAt = new Date(lastModified).toISOString();
  return {
    recordingId,
    channel,
    version,
    ...present({ current: isCurrent }),
    date,
    key,
    size,
    storedAt,
    ...description,
  };
}

function lineOf({ date, key, size, version, isCurrent, description = {} }: Listed): string {
  const { conversationId, kind, durationMs, receipt } = description;
  const known = [
    isCurrent === undefined && version === undefined ? undefined : `version ${version ?? 1}`,
    isCurrent === true ? 'current' : undefined,
    kind,
    durationMs === undefined ? undefined : formatDuration(durationMs),
    conversationId === undefined ? undefined : `conversation ${conversationId}`,
    receipt === undefined || receipt === 'archived' ? undefined : `receipt ${receipt}`,
  ].filter((part) => part !== undefined);
  const fields = [date, formatBytes(size).padStart(9), printable(key), ...known.map(printable)];
  return fields.join('  ');
}
