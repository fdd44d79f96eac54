/** What all entries of the console share: a laptop, a server of several people, a function. */
import type { Budget, Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { AccessLog } from './access-log.ts';
import type { ConsoleDoor } from './answer-request.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { ConsoleState, Licence } from './console-state.ts';
import { createGrantsSealer } from './grants-sealer.ts';
import { ListenRegistry } from './listen-registry.ts';
import { endedEntry } from './listens.ts';
import { KeptPeaks } from './peaks/kept-peaks.ts';
import { ROUTES } from './routes/routes.ts';
import { Seen } from './seen.ts';
import type { Session } from './session.ts';
import { readStaticFiles } from './static-files.ts';

export interface DoorOptions {
  readonly archives: readonly ConsoleArchive[];
  /** Of the page’s files. */
  readonly pageFolder: string;
  /** The script of the worker thread that makes waveforms; without one none are made. */
  readonly peaksWorker: URL | undefined;
  readonly licences?: readonly Licence[];
  readonly reasonRequired: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** ms that an entry of the access log may take, for tests. */
  readonly entryMs?: number;
  /** Other processes answer the same people. */
  readonly shared?: boolean;
  /** ms that a request waits for a waveform that is being made. */
  readonly peaksWaitMs?: number;
  /** Bytes of recordings in one package of evidence. */
  readonly maxPackageBytes?: number;
  /** As a person reaches an archive; without it, all reach it alike. */
  readonly archiveFor?: (
    session: Session,
    archive: ConsoleArchive,
    budget: Budget,
  ) => Promise<ConsoleArchive>;
}

/** How people come in, and what their sessions are sealed with. */
export type DoorEntry = Pick<ConsoleDoor, 'hosts' | 'scheme'> &
  Pick<ConsoleState, 'signOn' | 'sessions' | 'cookies'> & {
    /** 32 bytes. */
    readonly key: Uint8Array;
  };

/** @throws `OUTPUT_FAILED` when the page’s files cannot be read. */
export async function openDoor(options: DoorOptions): Promise<(entry: DoorEntry) => ConsoleDoor> {
  const { archives, reasonRequired, clock, logger, shared = false } = options;
  const files = await readStaticFiles(options.pageFolder);
  const access = new AccessLog({ clock, logger, entryMs: options.entryMs });
  const peaks = new KeptPeaks({
    script: options.peaksWorker,
    logger,
    now: () => clock.now(),
    waitMs: options.peaksWaitMs ?? 0,
  });
  return ({ hosts, scheme, key, ...entry }) => {
    const grants = createGrantsSealer(key);
    const onEnded: ConstructorParameters<typeof ListenRegistry>[0]['onEnded'] = (listen) =>
      void access.note(listen.archive, listen.session, endedEntry(listen, shared));
    const listens = new ListenRegistry({ clock, grants, shared, onEnded });
    return {
      routes: ROUTES,
      files,
      hosts,
      scheme,
      state: {
        ...entry,
        archives,
        archiveFor: options.archiveFor ?? ((_session, archive) => Promise.resolve(archive)),
        access,
        listens,
        grants,
        peaks,
        seen: new Seen(),
        maxPackageBytes: options.maxPackageBytes,
        licences: options.licences ?? [],
        reasonRequired,
        clock,
        logger,
      },
    };
  };
}
