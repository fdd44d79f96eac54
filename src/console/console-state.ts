import type { Budget, Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { AccessLog } from './access-log.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { GrantsSealer } from './grants-sealer.ts';
import type { ListenRegistry } from './listen-registry.ts';
import type { KeptPeaks } from './peaks/kept-peaks.ts';
import type { Seen } from './seen.ts';
import type { CookieOptions, Session, SessionKeeper } from './session.ts';
import type { SignOn } from './sign-on/sign-on.ts';

/** Of what the package brings along. */
export interface Licence {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/** What all requests of one console share. */
export interface ConsoleState {
  readonly archives: readonly ConsoleArchive[];
  /** An archive as a person reaches it: in AWS with credentials that name the person. @throws what keeps those from being had. */
  readonly archiveFor: (session: Session, archive: ConsoleArchive, budget: Budget) => Promise<ConsoleArchive>;
  readonly signOn: SignOn;
  readonly sessions: SessionKeeper;
  readonly cookies: CookieOptions;
  readonly access: AccessLog;
  readonly listens: ListenRegistry;
  readonly peaks: KeptPeaks;
  readonly seen: Seen;
  readonly grants: GrantsSealer;
  /** Bytes of recordings in one package of evidence; `undefined` where nothing limits it. */
  readonly maxPackageBytes: number | undefined;
  readonly licences: readonly Licence[];
  /** Who listens must say why. */
  readonly reasonRequired: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}
