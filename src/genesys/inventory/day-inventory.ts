/** What the platform says was recorded on a day: conversations from analytics, their recordings one by one, uploads, orphans. */
import type { Budget, Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type {
  AnalyzedConversation,
  ConversationAnalytics,
  CountProgress,
  RecordingInventory,
  SourceDay,
  SourceFacts,
  SourceInventory,
  SourceRecording,
} from '../../ports.ts';
import type { RecordingKind } from '../../recording/facts.ts';
import { DAY_MS, parseDay } from '../../recording/time.ts';
import type { GenesysApi } from '../api-client.ts';
import type { RecordingAnswer } from '../recordings/answers.ts';
import { listRecordings } from '../recordings/listing.ts';
import { triage } from '../recordings/states.ts';
import { present } from '../../present.ts';
import { forEachOf } from '../../for-each-of.ts';

export interface DayInventoryOptions {
  readonly api: GenesysApi;
  readonly clock: Clock;
  readonly analytics: ConversationAnalytics;
  readonly inventory: Pick<RecordingInventory, 'orphans' | 'uploads'>;
  /** Host of the API. */
  readonly apiHost: string;
  readonly organizationId?: string | undefined;
  readonly clientId?: string | undefined;
  /** Kinds that are archived; of others a statement says that a rule leaves them out. */
  readonly kinds: ReadonlySet<RecordingKind>;
  /** Recordings that the platform has moved to its archive are brought back. */
  readonly restoreArchived: boolean;
  /** Whose start decides under which day a recording is filed. */
  readonly filedBy: 'recording' | 'conversation';
}

/** Conversations whose recordings are asked for at a time; the rate budget is shared anyway. */
const CONCURRENCY = 8;

/** Looks at a list that is still being made, and the pause between two of them, ms. */
const MAX_LOOKS = 4;
const LOOK_PAUSE_MS = 5_000;

/** Of digital conversations no flag says whether they were recorded. */
const DIGITAL: ReadonlySet<string> = new Set(['chat', 'email', 'message', 'internalmessage']);

const PERMISSIONS = ['analytics:conversationDetail:view', 'recording:recording:view'] as const;

/** Lists a day from three sources. None of them alone would do: a flag says that a recording began, not that it was kept. */
export function createDayInventory(options: DayInventoryOptions): SourceInventory {
  return { listDay: (day, budget, progress) => listDay(options, day, budget, progress) };
}

async function listDay(
  options: DayInventoryOptions,
  date: string,
  budget: Budget,
  progress?: CountProgress,
): Promise<SourceDay> {
  const day = parseDay(date);
  if (day === undefined) throw new ArchiveError('USAGE', `${date.slice(0, 20)} is not a day`);
  const { analytics } = options;
  let until: number | undefined;
  const query = { day, of: 'active', onAvailability: (at: number) => (until = at) } as const;
  const conversations: Pick<AnalyzedConversation, 'conversationId' | 'start' | 'divisionIds'>[] = [];
  let seen = 0;
  for await (const conversation of analytics.conversations(query, budget)) {
    seen += 1;
    const { conversationId, start, divisionIds } = conversation;
    if (mayBeRecorded(conversation)) conversations.push({ conversationId, start, divisionIds });
  }
  if (until === undefined) {
    const availability = await analytics.availability(budget);
    if (availability.state === 'known') ({ until } = availability);
  }
  const recordings: SourceRecording[] = [];
  await forEachOf(conversations, CONCURRENCY, async (conversation) => {
    const { conversationId } = conversation;
    const known = progress?.known.get(conversationId);
    const listed = known ?? (await listOne(options, conversation, budget));
    if (known === undefined) progress?.onCounted(conversationId, listed);
    recordings.push(...listed);
  });
  const others = await askOthers(options, day, budget);
  return {
    recordings,
    facts: {
      method: 'conversation-job+recordings',
      api: options.apiHost,
      ...present({ organization: options.organizationId, client: options.clientId }),
      query: JSON.stringify({ day: date, of: 'active', kinds: [...options.kinds].sort() }),
      interval: `${new Date(day).toISOString()}/${new Date(day + DAY_MS).toISOString()}`,
      ...present({ dataAvailableUntil: until }),
      pages: 1 + conversations.length,
      conversations: seen,
      // the platform leaves out what the client may not see without a word, and no answer says what that is
      visibility: { divisions: 'unknown', permissions: PERMISSIONS },
      ...others,
    },
  };
}

function mayBeRecorded({ recorded, media }: AnalyzedConversation): boolean {
  const { audio, screen, snippet } = recorded;
  return audio || screen || snippet || media.some((each) => DIGITAL.has(each));
}

async function listOne(
  options: DayInventoryOptions,
  {
    conversationId,
    start,
    divisionIds,
  }: Pick<AnalyzedConversation, 'conversationId' | 'start' | 'divisionIds'>,
  budget: Budget,
): Promise<readonly SourceRecording[]> {
  const { api, clock, organizationId, filedBy } = options;
  for (let looks = 1; looks <= MAX_LOOKS; looks += 1) {
    const listing = await listRecordings(api, { conversationId, organizationId }, budget);
    if (listing.state === 'not-found') return [];
    if (listing.state === 'listed') {
      const [failed] = listing.failed;
      // a list with a hole in it is no denominator
      if (failed !== undefined) throw failed.error;
      const [divisionId] = divisionIds;
      return listing.recordings.map((recording) => {
        const startedAt = filedBy === 'conversation' ? Date.parse(start) : recording.recordedAt;
        return {
          conversationId,
          recordingId: recording.id,
          media: recording.kind,
          ...present({ startedAt, divisionId }),
          ...standingOf(options, recording),
        };
      });
    }
    await clock.sleep(LOOK_PAUSE_MS, budget.signal);
  }
  throw new ArchiveError(
    'SOURCE_UNAVAILABLE',
    `the recordings of conversation ${conversationId} are still being listed`,
  );
}

function standingOf(
  { kinds, restoreArchived }: DayInventoryOptions,
  { kind, fileState }: RecordingAnswer,
): Pick<SourceRecording, 'state' | 'reason'> {
  switch (triage(fileState)) {
    case 'deleted':
      return { state: 'excluded', reason: 'deleted-at-source' };
    case 'error':
      return { state: 'excluded', reason: 'errored-at-source' };
    case 'wait':
    case 'restore':
    case 'fetch':
      break;
  }
  if (!kinds.has(kind)) return { state: 'excluded', reason: 'policy:kind' };
  if (triage(fileState) === 'wait') {
    return { state: 'pending', reason: fileState === 'RESTORING' ? 'restoring' : 'uploading' };
  }
  if (triage(fileState) !== 'restore') return { state: 'available' };
  return restoreArchived
    ? { state: 'pending', reason: 'restoring' }
    : { state: 'excluded', reason: 'policy:archived-at-source' };
}

/** Uploads and orphans: what keeps them from being asked is said, and keeps nothing else back. */
async function askOthers(
  { inventory }: DayInventoryOptions,
  day: number,
  budget: Budget,
): Promise<Pick<SourceFacts, 'orphans' | 'notAsked'>> {
  const notAsked: Record<string, string> = {};
  let orphans: number | undefined;
  try {
    let count = 0;
    for await (const { createdAt } of inventory.orphans(budget)) {
      if (createdAt !== undefined && createdAt >= day && createdAt < day + DAY_MS) count += 1;
    }
    orphans = count;
  } catch (error) {
    notAsked['orphans'] = reasonOf(error, budget);
  }
  try {
    const report = await inventory.uploads({ since: day, status: 'Pending' }, budget);
    // the format of the report is not documented: that there is one says nothing yet
    notAsked['uploads'] = report.state === 'known' ? 'format-unknown' : report.state;
  } catch (error) {
    notAsked['uploads'] = reasonOf(error, budget);
  }
  return { ...present({ orphans }), notAsked };
}

function reasonOf(error: unknown, budget: Budget): string {
  const isAnswer = error instanceof ArchiveError && error.code.startsWith('GENESYS_');
  if (!isAnswer || budget.signal.aborted) throw error;
  return error.code === 'GENESYS_FORBIDDEN' ? 'forbidden' : 'unavailable';
}
