/** Wires what is kept beside recordings: the context of their conversation, and their transcripts. */
import type { ArchiveResult } from '../archive/archive-request.ts';
import type { CompanionPorts } from '../archive/seal-beside.ts';
import { keepContext } from '../archive/store-context.ts';
import { keepTranscripts, type TranscriptPass } from '../archive/store-transcript.ts';
import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import type { GenesysApi } from '../genesys/api-client.ts';
import { fetchContext } from '../genesys/conversation-context.ts';
import { createRateBudget, type RateBudget } from '../genesys/rate-budget.ts';
import { createTranscriptSource } from '../genesys/transcripts.ts';
import type { Logger } from '../log.ts';
import type { MediaOpener, RecordingsRequest, TranscriptLook } from '../ports.ts';

/** ms that a live event waits for its turn within the share of transcripts, and after which it is delivered again. */
const MAX_TURN_MS = 5_000;
const NEXT_TURN_MS = 60_000;

/** What is known of a conversation without asking the platform. */
export interface KnownConversation {
  readonly context?: object | undefined;
  readonly communicationIds?: readonly string[] | undefined;
}

/** How a backfill keeps them, other than live archiving does. */
export interface CompanionsOfBackfill {
  known(conversationId: string): KnownConversation | undefined;
  /** Of transcripts; waits for its turn however long that takes. */
  readonly rate: RateBudget;
}

export interface Companions {
  /** @returns one more result where a transcript may still come. */
  keep(
    ports: CompanionPorts & { readonly api: GenesysApi },
    request: RecordingsRequest,
    results: readonly ArchiveResult[],
    budget: Budget,
  ): Promise<readonly ArchiveResult[]>;
}

export function createCompanions(
  { recordings, rateShare, organizationId }: ArchiveConfig,
  {
    opener,
    backfill,
    clock,
    logger,
  }: {
    readonly opener: MediaOpener;
    readonly backfill: CompanionsOfBackfill | undefined;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): Companions {
  const { context, transcripts } = recordings;
  const rate = backfill?.rate ?? createRateBudget({ clock, share: rateShare * (transcripts?.share ?? 1) });
  const pass: TranscriptPass = backfill === undefined ? 'once' : 'again';
  return {
    keep: async ({ api, ...given }, request, results, budget) => {
      if (!context && transcripts === undefined) return results;
      const { conversationId, endedAt } = request;
      const ports = { ...given, clock, logger };
      const once = askOnce(api);
      const known = backfill?.known(conversationId);
      if (context) {
        const describe = async () =>
          known?.context ?? (await fetchContext(once, conversationId, clock.now(), budget));
        await keepContext(ports, results, describe, budget);
      }
      if (transcripts === undefined) return results;
      const { waitMs } = transcripts;
      const look = (turns: RateBudget) => {
        const source = createTranscriptSource({
          api: once,
          opener,
          rate: turns,
          organizationId,
          waitMs,
          clock,
        });
        const hints = { endedAt, communicationIds: known?.communicationIds };
        return source.look(conversationId, hints, budget);
      };
      const ask = backfill === undefined ? () => lookInTurn(look, rate, clock) : () => look(rate);
      const retryAfterMs = await keepTranscripts(ports, results, { pass, look: ask }, budget);
      if (retryAfterMs === undefined) return results;
      const ids = { conversationId, recordingId: '' };
      return [...results, { state: 'not-ready', ids, status: 'transcribing', retryAfterMs }];
    },
  };
}

/** A live event does not wait for the share of transcripts: its recordings are archived, and it comes again. */
async function lookInTurn(
  look: (rate: RateBudget) => Promise<TranscriptLook>,
  rate: RateBudget,
  clock: Clock,
): Promise<TranscriptLook> {
  let isInTurn = true;
  const turns: RateBudget = {
    observe: (report) => rate.observe(report),
    pause: (ms) => rate.pause(ms),
    acquire: async (budget) => {
      const deadline = Math.min(budget.deadline, clock.now() + MAX_TURN_MS);
      await rate.acquire({ ...budget, deadline }).catch((error: unknown) => {
        isInTurn = !(error instanceof ArchiveError && error.code === 'GENESYS_THROTTLED');
        throw error;
      });
    },
  };
  try {
    return await look(turns);
  } catch (error) {
    if (isInTurn) throw error;
    return { state: 'later', retryAfterMs: NEXT_TURN_MS };
  }
}

/** Answers of the platform about one conversation, each asked for once. */
function askOnce(api: GenesysApi): GenesysApi {
  const asked = new Map<string, ReturnType<GenesysApi['call']>>();
  return {
    call: (request, budget) => {
      if (request.method !== 'GET') return api.call(request, budget);
      const name = JSON.stringify([request.path, request.query]);
      const answer = asked.get(name) ?? api.call(request, budget);
      asked.set(name, answer);
      return answer;
    },
  };
}
