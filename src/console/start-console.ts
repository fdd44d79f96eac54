import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AccessLog } from './access-log.ts';
import { answerRequest, type ConsoleDoor } from './answer-request.ts';
import type { Licence } from './console-state.ts';
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

export interface LaptopOptions {
  readonly archives: readonly ConsoleArchive[];
  /** 0 is any free one. */
  readonly port: number;
  /** Of the page’s files. */
  readonly pageFolder: string;
  /** The script of the worker thread that makes waveforms; without one none are made. */
  readonly peaksWorker: URL | undefined;
  readonly licences?: readonly Licence[];
  /** Who started it, for the access log. */
  readonly who: string;
  readonly reasonRequired: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** ms that an entry of the access log may take, for tests. */
  readonly entryMs?: number;
  /** Puts another way to sign in around the launch token, for tests. */
  readonly wrapSignOn?: (launch: SignOn) => SignOn;
}

export interface RunningConsole {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** With the launch token in its fragment; signs in once. */
  readonly launchUrl: string;
  /** Ends answers under way after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * The console on a laptop, for the person who starts it.
 *
 * @throws `USAGE` when the port is in use; `OUTPUT_FAILED` when the page’s files cannot be read.
 */
export async function startConsole(options: LaptopOptions): Promise<RunningConsole> {
  const { archives, pageFolder, who, reasonRequired, clock, logger } = options;
  const { wrapSignOn = (launch: SignOn) => launch } = options;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
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
  const port = await listen(server, options.port);
  door = {
    routes: ROUTES,
    files,
    hosts: [`${LOOPBACK}:${port}`, `localhost:${port}`],
    scheme: 'http',
    state: {
      archives,
      signOn: wrapSignOn(launchSignOn(token, who)),
      sessions: createSessionKeeper({ key: randomBytes(32) }),
      cookies: { port, sameSite: 'Strict' },
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
  const url = `http://${LOOPBACK}:${port}`;
  return { url, launchUrl: `${url}/#token=${token}`, stop: (graceMs = GRACE_MS) => stop(server, graceMs) };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen({ host: LOOPBACK, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ArchiveError('USAGE', `cannot listen on ${LOOPBACK} port ${port}: ${describeForeign(error)}`, {
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
