import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { AccessLog } from './access-log.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { EvidenceGrants } from './evidence-grants.ts';
import type { ListenRegistry } from './listen-registry.ts';
import type { KeptPeaks } from './peaks/kept-peaks.ts';
import type { Seen } from './seen.ts';
import type { CookieOptions, SessionKeeper } from './session.ts';
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
  readonly signOn: SignOn;
  readonly sessions: SessionKeeper;
  readonly cookies: CookieOptions;
  readonly access: AccessLog;
  readonly listens: ListenRegistry;
  readonly peaks: KeptPeaks;
  readonly seen: Seen;
  readonly evidence: EvidenceGrants;
  readonly licences: readonly Licence[];
  /** Who listens must say why. */
  readonly reasonRequired: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}
