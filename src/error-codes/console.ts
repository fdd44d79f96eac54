import { errorCodes } from './facts.ts';

/** Codes of the console: what its page, and programs that speak to it, are answered. */
export const CONSOLE_CODES = errorCodes({
  SIGN_IN_REQUIRED: {
    exit: 4,
    retryable: false,
    meaning: 'The request to the console has no session, or its session is over.',
    hint: 'sign in again; on a laptop, start `genesys-archive console` again and open the address that it prints',
  },
  PROVIDER_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning: 'The provider that signs people in to the console did not answer.',
    hint: 'try again; if it stays, check that the console reaches the issuer of its sign-on file',
  },
  NOT_ALLOWED: {
    exit: 4,
    retryable: false,
    meaning: 'The roles of the person do not grant that.',
    hint: 'ask for the role that grants it; docs/console.md lists what each role may do',
  },
  REQUEST_REFUSED: {
    exit: 4,
    retryable: false,
    meaning: 'The request to the console does not come from its own page, or names another host.',
    hint: 'open the console by the address that it prints',
  },
  REQUEST_INVALID: {
    exit: 2,
    retryable: false,
    meaning: 'A request to the console is not one that its API takes.',
    hint: 'docs/console-api.md lists the requests and their members',
  },
  NO_SUCH_ROUTE: {
    exit: 6,
    retryable: false,
    meaning: 'The console has nothing at that address.',
    hint: 'docs/console-api.md lists the routes',
  },
  REASON_REQUIRED: {
    exit: 2,
    retryable: false,
    meaning: 'A reason must be given, and stands in the access log.',
    hint: 'give the reason; ARCHIVE_CONSOLE_REASON=optional makes it optional for listening',
  },
  ACCESS_LOG_UNAVAILABLE: {
    exit: 7,
    retryable: true,
    meaning:
      'The entry of the access log could not be written, so what it is about was not done and nothing was shown.',
    hint: 'try again; if it stays, check that the console may write below access/ in the store of the archive',
  },
  LISTEN_OVER: {
    exit: 6,
    retryable: false,
    meaning:
      'The listen is over: it was ended, was idle for 15 minutes, has lasted as long as it may, or is of another session.',
    hint: 'press play again, which begins a new listen and a new entry of the access log',
  },
  ROLE_NOT_ASSUMED: {
    exit: 7,
    retryable: true,
    meaning:
      'The role that the console reads with under the name of a person could not be assumed; nothing was read.',
    hint: 'try again; if it stays, check ARCHIVE_CONSOLE_ROLE_ARN, and that the role of the function may assume that role',
  },
  TOO_MUCH_AT_ONCE: {
    exit: 7,
    retryable: true,
    meaning: 'The session has as many listens, ranges or packages open as it may have.',
    hint: 'close another tab that plays, or wait until one has ended',
  },
  RANGE_NOT_SATISFIABLE: {
    exit: 2,
    retryable: false,
    meaning: 'The asked bytes lie behind the end of the recording.',
    hint: 'ask for bytes before its length, which Content-Range states',
  },
  NO_TRANSCRIPT: {
    exit: 6,
    retryable: false,
    meaning: 'No transcript of the recording is archived.',
    hint: 'docs/transcripts.md says how transcripts are archived, where the archive has them',
  },
  NO_PEAKS: {
    exit: 6,
    retryable: false,
    meaning:
      'No waveform can be made of the recording: its format is not one that the console reads, or no key opens it.',
    hint: 'the player works without a waveform',
  },
});
