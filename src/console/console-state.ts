import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { CookieOptions, SessionKeeper } from './session.ts';
import type { SignOn } from './sign-on/sign-on.ts';

/** What all requests of one console share. */
export interface ConsoleState {
  readonly archives: readonly ConsoleArchive[];
  readonly signOn: SignOn;
  readonly sessions: SessionKeeper;
  readonly cookies: CookieOptions;
  /** Who listens must say why. */
  readonly reasonRequired: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}
