import { describeRecording, type RecordingDescription } from '../../audit/describe-recording.ts';
import { listMarkedRecordings, listRecordings, type MarkedRecording } from '../../audit/find-recording.ts';
import type { Budget } from '../../clock.ts';
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
import { mapAhead } from '../../map-ahead.ts';
import type { ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';
import type { Ui } from '../_ui.ts';
import type { ListOptions } from '../options/read.ts';

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
  const describe = describeBy({ store, layout: search.layout, ui, budget }, options.brief === true, isExact);
  const listing = new Listing(ui, (time) => isExact && isOutsideTimes(time, options, range));
  const listAll = async () => {
    let found = 0;
    // which version is the current one only receipts tell
    const listed =
      options.brief === true
        ? listRecordings(store, search, budget)
        : listMarkedRecordings(store, { ...search, ...(await readTrust(config)) }, budget);
    for await (const recording of mapAhead(listed, READ_AHEAD, describe)) {
      found += 1;
      listing.tell(recording);
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
  const { recordings, bytes, untimed } = listing;
  if (isExact && untimed > 0) {
    ui.warn(`${count(untimed, 'recording')} without a receipt, whose time is not known: listed by the day`);
  }
  ui.say(`${count(recordings, 'recording')}, ${formatBytes(bytes)} in ${printable(store.location)}`);
  return 0;
}

/** Tells recordings one by one, and counts them. */
class Listing {
  recordings = 0;
  bytes = 0;
  /** Whose receipt states no time. */
  untimed = 0;
  readonly #ui: Ui;
  readonly #isOutside: (recordedAt: string) => boolean;

  constructor(ui: Ui, isOutside: (recordedAt: string) => boolean) {
    this.#ui = ui;
    this.#isOutside = isOutside;
  }

  tell(recording: Listed): void {
    const recordedAt = recording.description?.recordedAt;
    if (recordedAt === undefined) this.untimed += 1;
    else if (this.#isOutside(recordedAt)) return;
    this.recordings += 1;
    this.bytes += recording.size;
    if (this.#ui.json) this.#ui.record('recording', recordOf(recording));
    else this.#ui.out(lineOf(recording));
  }
}

interface DescribingPorts {
  readonly store: ObjectStore;
  readonly layout: ReturnType<typeof searchIn>['layout'];
  readonly ui: Ui;
  readonly budget: Budget;
}

/** Reads receipts until one is refused: who may list and not read is shown what listing shows, unless times are asked for. */
function describeBy(
  { store, layout, ui, budget }: DescribingPorts,
  brief: boolean,
  isExact: boolean,
): (recording: MarkedRecording) => Promise<Listed> {
  let isDenied = brief;
  return async (recording) => {
    if (isDenied) return { ...recording, description: undefined };
    try {
      const description = await describeRecording(store, layout, recording.key, budget);
      return { ...recording, description };
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'STORE_DENIED' || isExact) throw error;
      if (!isDenied)
        ui.warn('receipts cannot be read (STORE_DENIED), so only days, sizes and keys are shown');
      isDenied = true;
      return { ...recording, description: undefined };
    }
  };
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
