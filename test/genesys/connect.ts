import { onTestFinished } from 'vitest';
import { createGenesysApi } from '../../src/genesys/api-client.ts';
import { createInteractionWriter } from '../../src/genesys/write-back/interaction-writer.ts';
import { createMediaApi, MEDIA_SCOPES } from '../../src/genesys/media/api.ts';
import { createMediaOpener } from '../../src/genesys/media/download.ts';
import { createTokenSource } from '../../src/genesys/oauth.ts';
import { createTransport, type TransportOptions } from '../../src/http/transport.ts';
import type { MediaRequest } from '../../src/ports.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { type FastClock, fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { fixedCredentials } from './fixed-credentials.ts';

export interface ConnectOptions {
  readonly simulator?: SimulatorOptions;
  readonly clientSecret?: string;
  readonly scope?: string | undefined;
  readonly timeouts?: TransportOptions['timeouts'];
}

export type Connection = Awaited<ReturnType<typeof connect>>;

/** The real adapters, wired to a simulator of their own. */
export async function connect(options: ConnectOptions = {}) {
  const clock: FastClock = fastClock();
  const simulator: Simulator = await startSimulator({
    recordings: [{ seconds: 1 }],
    now: () => clock.now(),
    ...options.simulator,
  });
  const logger = recordingLogger();
  const timeouts = { idleMs: 200, headersMs: 2000, ...options.timeouts };
  const apiTransport = createTransport({ timeouts });
  const mediaTransport = createTransport({ timeouts, guard: { allowLoopback: true } });
  const tokens = createTokenSource({
    loginUrl: simulator.apiUrl,
    credentials: fixedCredentials(options.clientSecret),
    scope: 'scope' in options ? options.scope : MEDIA_SCOPES,
    transport: apiTransport,
    clock,
    logger,
  });
  const api = createGenesysApi({ apiUrl: simulator.apiUrl, tokens, transport: apiTransport, clock, logger });
  const policy = { hosts: ['media.example.com'], allowLoopback: true };
  const [recording] = simulator.recordings;
  if (recording === undefined) throw new Error('the simulator has no recording');
  const request: MediaRequest = {
    dialect: 'media',
    mediaId: recording.id,
    interactionId: recording.interactionId,
  };
  return {
    clock,
    simulator,
    logger,
    tokens,
    api,
    recording,
    request,
    resolver: createMediaApi(api),
    references: createInteractionWriter(api),
    opener: createMediaOpener({ transport: mediaTransport, policy, clock, logger }),
    count: (route: string) => simulator.requests.filter((asked) => asked.route === route).length,
    close: async () => {
      apiTransport.close();
      mediaTransport.close();
      await simulator.close();
    },
  };
}

/** A connection that is closed when the test that calls this is over. */
export async function connected(options?: ConnectOptions): Promise<Connection> {
  const connection = await connect(options);
  onTestFinished(() => connection.close());
  return connection;
}
