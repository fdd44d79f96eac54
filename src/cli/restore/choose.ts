import { describeRecording } from '../../audit/describe-recording.ts';
import { listCurrentRecordings, type SearchRange } from '../../audit/find-recording.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';
import { type CommandContext, isOutsideTimes, namesTime } from '../_context.ts';
import { mapAhead } from '../../map-ahead.ts';
import { FileNames } from './file-names.ts';
import { describeMalformed, readIds, requireWellFormed } from './read-ids.ts';
import type { RestoreOptions } from '../options/read.ts';

/** Receipts that are read at a time, where times are compared. */
const READ_AHEAD = 16;

export type Choice = Pick<
  RestoreOptions,
  'output' | 'directory' | 'ids' | 'where' | 'skipInvalid' | 'objectVersion' | 'from' | 'to'
>;

/** One object that is meant, and the name of its file; without a key an id that nothing bears. */
export interface Chosen {
  readonly asked: string;
  readonly key: string | undefined;
  readonly name: string;
}

/** @throws `USAGE` when it is not clear which recordings are meant, or where they are to go. */
export function requireChoice(args: readonly string[], choice: Choice): void {
  const { output, directory, ids, where, skipInvalid, from, to, objectVersion } = choice;
  const isMany = args.length > 1 || ids !== undefined || args.length === 0;
  if (
    where !== undefined &&
    (args.length > 0 || ids !== undefined || from !== undefined || to !== undefined)
  ) {
    throw new ArchiveError('USAGE', '--where chooses the recordings, and so do ids, --ids, --from and --to', {
      hint: 'write them into --where, e.g. --where "--queue Claims --from 2026-03-01"',
    });
  }
  if (
    args.length === 0 &&
    ids === undefined &&
    where === undefined &&
    from === undefined &&
    to === undefined
  ) {
    throw new ArchiveError('USAGE', 'say which recordings are meant', {
      hint: 'ids or keys of recordings, --ids FILE, --where "…", or --from DAY and --to DAY',
    });
  }
  if (objectVersion !== undefined && args.length === 0 && ids === undefined) {
    throw new ArchiveError('USAGE', '--object-version goes with ids or keys of recordings only');
  }
  if (skipInvalid === true && ids === undefined) {
    throw new ArchiveError('USAGE', '--skip-invalid goes with --ids only');
  }
  if (output !== undefined && directory !== undefined) {
    throw new ArchiveError('USAGE', '-o names a file and -d a directory: it cannot be both');
  }
  if (isMany && output !== undefined) {
    throw new ArchiveError('USAGE', '-o is for one recording, and several may be meant', {
      hint: 'name a directory with -d',
    });
  }
  if (isMany && directory === undefined) {
    throw new ArchiveError('USAGE', 'say where to write the recordings', { hint: '-d DIR' });
  }
}

/** The ids that were named, in arguments and in a list. @throws `USAGE`. */
export async function gatherIds(
  { ui, stdin }: Pick<CommandContext, 'ui' | 'stdin'>,
  args: readonly string[],
  { ids: file, skipInvalid = false }: Choice,
): Promise<readonly string[]> {
  if (file === undefined) return [...new Set(args)];
  const list = await readIds(file, stdin);
  requireWellFormed(list, skipInvalid);
  if (list.malformed.length > 0) ui.warn(`${describeMalformed(list.malformed)}: passed over`);
  return [...new Set([...args, ...list.ids])];
}

/** The objects of these ids, each once, and the ids that nothing bears. */
export async function chooseByIds(
  find: () => Promise<ReadonlyMap<string, readonly string[]>>,
  layout: Layout,
): Promise<readonly Chosen[]> {
  const names = new FileNames(layout);
  const found = await find();
  const seen = new Set<string>();
  return [...found].flatMap(([id, keys]): Chosen[] => {
    if (keys.length === 0) return [{ asked: id, key: undefined, name: '' }];
    const fresh = keys.filter((key) => !seen.has(key));
    for (const key of fresh) seen.add(key);
    return fresh.map((key) => ({ asked: id, key, name: names.claim(key) }));
  });
}

/**
 * The objects of some days, or of times within them where `--from` or `--to` name times, as their receipts state them. What states no
 * time is chosen by its day, and told to `onUntimed`.
 */
export async function* chooseByDays(
  store: ObjectStore,
  named: Pick<Choice, 'from' | 'to'> & { readonly onUntimed: () => void },
  range: SearchRange & { readonly layout: Layout },
  budget: Budget,
): AsyncGenerator<Chosen, void, undefined> {
  const names = new FileNames(range.layout);
  const isExact = namesTime(named.from) || namesTime(named.to);
  const timeOf = async (key: string) =>
    isExact ? (await describeRecording(store, range.layout, key, budget)).recordedAt : undefined;
  const listed = mapAhead(listCurrentRecordings(store, range, budget), READ_AHEAD, async ({ key }) => ({
    key,
    // the name is the same whichever times are chosen
    name: names.claim(key),
    recordedAt: await timeOf(key),
  }));
  for await (const { key, name, recordedAt } of listed) {
    if (isExact && recordedAt === undefined) named.onUntimed();
    if (recordedAt !== undefined && isOutsideTimes(recordedAt, named, range)) continue;
    yield { asked: key, key, name };
  }
}
