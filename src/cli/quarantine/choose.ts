/** Which of what waits in quarantine is meant. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import {
  listQuarantine,
  type QuarantinedFile,
  type QuarantineTrust,
} from '../../keep/quarantine/list-quarantine.ts';
import { releasedKey } from '../../record/quarantine/key.ts';
import { isSameId } from '../../recording/id.ts';
import type { CommandContext } from '../_context.ts';
import { gatherIds } from '../restore/choose.ts';
import type { QuarantineOptions } from '../options/quarantine.ts';

export interface QuarantineChoice {
  readonly named: readonly string[];
  readonly options: QuarantineOptions;
}

/** Ids named in a message. */
const SHOWN = 10;

/**
 * All files of the recordings that are named, or what is overdue.
 *
 * @throws `USAGE`; `OBJECT_NOT_FOUND` for what is not in quarantine.
 */
export async function chooseQuarantined(
  context: Pick<CommandContext, 'ui' | 'stdin'>,
  trust: QuarantineTrust,
  { named, options }: QuarantineChoice,
  budget: Budget,
): Promise<readonly QuarantinedFile[]> {
  const { overdue = false } = options;
  const isNamed = named.length > 0 || options.ids !== undefined;
  if (isNamed === overdue) {
    throw new ArchiveError('USAGE', isNamed ? 'ids and --overdue both choose' : 'say which recordings', {
      hint: 'ids or keys of recordings, --ids FILE, or --overdue',
    });
  }
  const asked = isNamed ? await gatherIds(context, named, options) : [];
  const missing = new Set(asked);
  const chosen: QuarantinedFile[] = [];
  for await (const file of listQuarantine(trust, budget)) {
    const names = asked.filter((one) => isOf(file, one));
    for (const name of names) missing.delete(name);
    if (isNamed ? names.length > 0 : file.isOverdue) chosen.push(file);
  }
  if (missing.size > 0) throw notThere(trust, [...missing]);
  if (chosen.length === 0)
    throw new ArchiveError(
      'NOTHING_FOUND',
      `nothing in the quarantine of ${trust.store.location} is overdue`,
    );
  return chosen;
}

function isOf({ key, recordingId }: QuarantinedFile, named: string): boolean {
  return named.includes('/') ? releasedKey(named) === releasedKey(key) : isSameId(recordingId, named);
}

function notThere({ store }: QuarantineTrust, missing: readonly string[]): ArchiveError {
  const shown = missing.slice(0, SHOWN).map((id) => id.slice(0, 80));
  const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : '';
  return new ArchiveError(
    'OBJECT_NOT_FOUND',
    `not in the quarantine of ${store.location}: ${shown.join(', ')}${more}`,
    { hint: '`genesys-archive quarantine list` shows what waits there' },
  );
}
