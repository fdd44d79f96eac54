import type { MediaItem, RecordingIds } from '../ports.ts';
import type { QuarantineNote } from '../record/quarantine/note.ts';

/** How an object is filed: of which recording it is, under which key, and by which time. */
export interface Filing {
  readonly ids: RecordingIds;
  readonly key: string;
  /** Epoch ms. */
  readonly at: number;
  /** Of an object that waits for a person's decision; `key` is the one that it has once it is released. */
  readonly quarantine?: QuarantineNote | undefined;
  /** Of a successor: what it takes the place of, and why. */
  readonly succeeds?: Succession | undefined;
}

/** An object takes the place of an earlier one of the same recording; its receipt states it. */
export interface Succession {
  readonly predecessor: { readonly key: string; readonly receiptSha256?: string };
  readonly reason: string;
}

/** One file as the platform offers it. */
export interface Source {
  readonly item: MediaItem;
  /** The same under a fresh link. @throws `MEDIA_LINK_EXPIRED` when the platform has no link. */
  readonly refresh: () => Promise<MediaItem>;
}

/** Asks the platform for a file that is archived already. `undefined` when the platform no longer has it. */
export type FindSource = () => Promise<Source | undefined>;
