/** What the items of a backfill need: the archiver of live events, asked ahead for what many conversations have in common. */
import type { BackfillPorts } from '../../backfill/backfill-kind.ts';
import type { DownloadSlots } from '../../backfill/download-slots.ts';
import { openExported } from '../../backfill/export/exported-media.ts';
import type { KnownContexts } from '../../backfill/facts/known-contexts.ts';
import type { ConversationItem } from '../../backfill/items.ts';
import type { KnownTimes } from '../../backfill/known-times.ts';
import { queuedResult } from '../../backfill/outcome.ts';
import type { Budget } from '../../clock.ts';
import type { GroupedFiles } from '../../genesys/batch/grouped-files.ts';
import type { YieldingBudget } from '../../genesys/rate-yield.ts';
import { QUEUED_FOR_RESTORE } from '../../genesys/recordings/states.ts';
import type { RestoreWave } from '../../genesys/recordings/restore-wave.ts';
import type { Limit, Rate } from '../../jobs/kind.ts';
import type { ConversationAnalytics, ObjectStore, RecordingsRequest } from '../../ports.ts';
import type { Archiver } from '../archiver.ts';

type Results = Awaited<ReturnType<BackfillPorts['archive']>>;

export interface BackfillWorkOptions {
  /** The archive's layout, as the setting says it. */
  readonly layout: string;
  readonly archiver: Archiver;
  readonly files: GroupedFiles;
  readonly slots: DownloadSlots;
  readonly times: KnownTimes;
  readonly contexts: KnownContexts | undefined;
  readonly restores: RestoreWave;
  readonly rate: YieldingBudget;
  readonly useRate: (rate: () => Rate) => void;
  /** Whose times are asked for where items do not state them: a batch cannot file a recording without. */
  readonly analytics: ConversationAnalytics | undefined;
  readonly readLimit: (budget: Budget) => Promise<unknown>;
  readonly openExport: (location: string) => Promise<ObjectStore>;
}

export class BackfillWork implements BackfillPorts {
  readonly #options: BackfillWorkOptions;
  #hasReadLimit = false;

  constructor(options: BackfillWorkOptions) {
    this.#options = options;
  }

  get layout(): string {
    return this.#options.layout;
  }

  async prepare(items: readonly ConversationItem[], budget: Budget): Promise<void> {
    const { analytics, contexts, times, readLimit } = this.#options;
    if (!this.#hasReadLimit) {
      this.#hasReadLimit = true;
      await readLimit(budget);
    }
    await contexts?.prepare(items, budget);
    const unknown = times.note(items);
    if (analytics === undefined || unknown.length === 0) return;
    for (const [id, known] of await analytics.times(unknown, budget)) times.set(id, known);
  }

  async archive(request: RecordingsRequest, budget: Budget): Promise<Results> {
    const { archiver, restores, slots, times } = this.#options;
    const { conversationId } = request;
    if (restores.mustWait(conversationId)) return [queuedResult(conversationId, QUEUED_FOR_RESTORE)];
    try {
      return await archiver.archive(request, budget);
    } finally {
      slots.giveBack(conversationId);
      times.forget(conversationId);
    }
  }

  async archiveExported(location: string, file: string, bytes: number, budget: Budget): Promise<Results> {
    const { archiver, slots, openExport } = this.#options;
    const source = await openExport(location);
    await slots.take(file, budget.signal);
    try {
      const { request, ...ports } = await openExported(source, file, bytes, budget);
      return await archiver.archiveFrom(ports, request, budget);
    } finally {
      slots.giveBack(file);
    }
  }

  openGroup(): ReturnType<GroupedFiles['open']> {
    return this.#options.files.open();
  }

  useRate(rate: () => Rate): void {
    this.#options.useRate(rate);
  }

  /** What most of the work waits for. */
  limitedBy(): Limit {
    const { files, rate, slots } = this.#options;
    if (slots.waiting > 0) return 'download';
    if (rate.waiting() > 0) return 'genesys-rate';
    if (files.counts.making > 0) return 'transcoding';
    return slots.used > 0 ? 'download' : 'idle';
  }
}
