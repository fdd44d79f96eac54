import { createGenesysApi } from '../../src/genesys/api-client.ts';
import { createTokenSource } from '../../src/genesys/oauth.ts';
import { createRecordingsApi } from '../../src/genesys/recordings/api.ts';
import type { RecordingsOptions } from '../../src/genesys/recordings/recordings-options.ts';
import { createTransport } from '../../src/http/transport.ts';
import type { RecordingsRequest } from '../../src/ports.ts';
import { RECORDING_KINDS } from '../../src/recording/facts.ts';
import type {
  ScriptedConversation,
  ScriptedRecording,
} from '../../packages/simulator/src/published/recordings/scripted.ts';
import { type SimulatorOptions, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { fixedCredentials } from './fixed-credentials.ts';

export const MINUTE = 60_000;

export interface RecordingsConnectOptions {
  readonly simulator?: SimulatorOptions;
  readonly conversation?: Omit<ScriptedConversation, 'recordings'>;
  readonly resolver?: Partial<Omit<RecordingsOptions, 'api' | 'clock' | 'logger'>>;
}

/** The adapters of the published API, wired to a simulator with one conversation that has ended just now. */
export async function connectRecordings(
  recordings: readonly ScriptedRecording[],
  options: RecordingsConnectOptions = {},
) {
  const clock = fastClock(Date.UTC(2026, 4, 20, 12));
  const simulator = await startSimulator({ now: () => clock.now(), ...options.simulator });
  const conversation = simulator.world.add({ ...options.conversation, recordings });
  const logger = recordingLogger();
  const transport = createTransport();
  const tokens = createTokenSource({
    loginUrl: simulator.apiUrl,
    credentials: fixedCredentials(),
    scope: undefined,
    transport,
    clock,
    logger,
  });
  const api = createGenesysApi({ apiUrl: simulator.apiUrl, tokens, transport, clock, logger });
  const resolver = createRecordingsApi({
    api,
    clock,
    logger,
    format: 'WAV',
    kinds: new Set(RECORDING_KINDS),
    settleMs: 0,
    horizonMs: 120 * MINUTE,
    restoreArchived: false,
    batch: false,
    describeConversation: false,
    ...options.resolver,
  });
  const request: RecordingsRequest = {
    dialect: 'recordings',
    conversationId: conversation.id,
    endedAt: conversation.endedAt,
  };
  return {
    clock,
    simulator,
    conversation,
    ids: conversation.recordings.map(({ id }) => id),
    api,
    logger,
    resolver,
    request,
    count: (part: string) => simulator.requests.filter(({ route }) => route.includes(part)).length,
    close: async () => {
      transport.close();
      await simulator.close();
    },
  };
}
