import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import { AccessLog } from './access-log.ts';
import { answerRequest, type ConsoleDoor } from './answer-request.ts';
import type { ConsoleState, Licence } from './console-state.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { EvidenceGrants } from './evidence-grants.ts';
import { ListenRegistry } from './listen-registry.ts';
import { endedEntry } from './listens.ts';
import { createNodeServer } from './node-adapter.ts';
import { KeptPeaks } from './peaks/kept-peaks.ts';
import { ROUTES } from './routes.ts';
import { Seen } from './seen.ts';
import { createSessionKeeper } from './session.ts';
import { launchSignOn } from './sign-on/launch-token.ts';
import type { SignOn } from './sign-on/sign-on.ts';
import { readStaticFiles } from './static-files.ts';

/** Only this machine: the console has the keys of the person who started it. */
const LOOPBACK = '127.0.0.1';
const TOKEN_BYTES = 32;
/** ms that answers under way have when the console is stopped. */
const GRACE_MS = 2_000;

export interface ConsoleOptions {
  readonly archives: readonly ConsoleArchive[];
  /** 0 is any free one. */
  readonly port: number;
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
}

export interface LaptopOptions extends ConsoleOptions {
  /** Who started it, for the access log. */
  readonly who: string;
  /** Puts another way to sign in around the launch token, for tests. */
  readonly wrapSignOn?: (launch: SignOn) => SignOn;
}

export interface SharedOptions extends ConsoleOptions {
  /** To listen on, such as 0.0.0.0 in a container. */
  readonly host: string;
  /** By which people open it: an origin. TLS ends before this process. */
  readonly address: string;
  readonly signOn: SignOn;
  /** Seals sessions; 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** Epoch ms: sessions that began earlier are over. */
  readonly signOutBefore?: number;
}

export interface SharedConsole {
  /** Where it listens. */
  readonly url: string;
  /** Ends answers under way after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

export interface RunningConsole extends SharedConsole {
  /** With the launch token in its fragment; signs in once. */
  readonly launchUrl: string;
}

type EntryPoint = Pick<ConsoleDoor, 'hosts' | 'scheme'> &
  Pick<ConsoleState, 'signOn' | 'sessions' | 'cookies'>;

/**
 * The console on a laptop, for the person who starts it.
 *
 * @throws `USAGE` when the port is in use; `OUTPUT_FAILED` when the page’s files cannot be read.
 */
export async function startConsole(options: LaptopOptions): Promise<RunningConsole> {
  const { who, wrapSignOn = (launch: SignOn) => launch } = options;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const running = await start(options, LOOPBACK, (port) => ({
    hosts: [`${LOOPBACK}:${port}`, `localhost:${port}`],
    scheme: 'http',
    signOn: wrapSignOn(launchSignOn(token, who)),
    sessions: createSessionKeeper({ key: randomBytes(32) }),
    cookies: { port, sameSite: 'Strict' },
  }));
  return { ...running, launchUrl: `${running.url}/#token=${token}` };
}

/**
 * The console for several people, whom a provider signs in.
 *
 * @throws as {@link startConsole}.
 */
export function startSharedConsole(options: SharedOptions): Promise<SharedConsole> {
  const { host, address, signOn, sessionKey, signOutBefore } = options;
  const { host: name, protocol } = new URL(address);
  return start(options, host, () => ({
    hosts: [name],
    scheme: protocol === 'http:' ? 'http' : 'https',
    signOn,
    sessions: createSessionKeeper({ key: sessionKey, ...present({ notBefore: signOutBefore }) }),
    // the provider sends people back from another site
    cookies: { port: undefined, sameSite: 'Lax' },
  }));
}

async function start(
  options: ConsoleOptions,
  host: string,
  entryAt: (port: number) => EntryPoint,
): Promise<SharedConsole> {
  const { archives, pageFolder, reasonRequired, clock, logger } = options;
  const files = await readStaticFiles(pageFolder);
  const access = new AccessLog({ clock, logger, entryMs: options.entryMs });
  const listens = new ListenRegistry({
    clock,
    onEnded: (listen) => void access.note(listen.archive, listen.session, endedEntry(listen)),
  });
  let door: ConsoleDoor | undefined;
  const server = createNodeServer((request) =>
    door === undefined ? Promise.reject(new Error('not listening')) : answerRequest(door, request),
  );
  const port = await listen(server, host, options.port);
  const { hosts, scheme, ...entry } = entryAt(port);
  door = {
    routes: ROUTES,
    files,
    hosts,
    scheme,
    state: {
      ...entry,
      archives,
      access,
      listens,
      peaks: new KeptPeaks({ script: options.peaksWorker, logger, now: () => clock.now() }),
      seen: new Seen(),
      evidence: new EvidenceGrants(),
      licences: options.licences ?? [],
      reasonRequired,
      clock,
      logger,
    },
  };
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url, stop: (graceMs = GRACE_MS) => stop(server, graceMs) };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ArchiveError('USAGE', `cannot listen on ${host} port ${port}: ${describeForeign(error)}`, {
      hint: 'EADDRINUSE: another program has the port; choose another one with --port',
    });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), graceMs).unref();
  });
}
