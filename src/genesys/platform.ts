import type { Budget, Clock } from '../clock.ts';
import type { Transport } from '../http/transport.ts';
import type { Logger } from '../log.ts';
import type { MediaResolver, ReferenceWriter } from '../ports.ts';
import type { AudioFormat, RecordingKind } from '../recording/facts.ts';
import { createGenesysApi, type GenesysApi } from './api-client.ts';
import { createInteractionWriter } from './write-back/interaction-writer.ts';
import { gateChanges, type OrganizationStanding, pinOrganization } from './pin-organization.ts';
import { createMediaApi, MEDIA_SCOPES } from './media/api.ts';
import { createTokenSource, type OAuthOptions, type TokenSource } from './oauth.ts';
import { createRateBudget, type RateBudget } from './rate-budget.ts';
import { createRecordingsApi } from './recordings/api.ts';
import type { FetchOptions } from './recordings/fetch.ts';
import type { FileFetcher } from './recordings/look.ts';
import type { RestoreWave } from './recordings/restore-wave.ts';
import { createReferenceWriter, type WriteBackChoice } from './write-back/reference-writer.ts';

export interface PlatformConfig {
  readonly genesys: {
    readonly loginUrl: string;
    readonly apiUrl: string;
  };
  readonly organizationId?: string;
  readonly writeBack: 'interaction' | 'none';
  readonly recordings: WriteBackChoice & {
    readonly format: AudioFormat;
    readonly kinds: readonly RecordingKind[];
    readonly settleMs: number;
    readonly horizonMs: number;
    readonly restoreArchived: boolean;
    readonly batch: boolean;
  };
  readonly rateShare: number;
  /** A layout that files by conversation has to know when conversations began. */
  readonly layout: { readonly name: string };
}

/** One of the two APIs that events can be of. */
export interface Dialect {
  readonly tokens: TokenSource;
  /** Of this one nothing waits for the organization to be compared. */
  readonly api: GenesysApi;
  /**
   * Compares the configured organization with that of the OAuth client, once for both dialects; see `pinOrganization`. Calls of
   * `resolver` and `references` that change something wait for it.
   */
  readonly pin: (budget: Budget) => Promise<OrganizationStanding>;
  readonly resolver: MediaResolver;
  readonly references: ReferenceWriter | undefined;
}

export interface PlatformPorts {
  readonly credentials: OAuthOptions['credentials'];
  readonly transport: Transport;
  readonly onOrganizationUnknown?: (() => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a backfill; default a whole one of its own. */
  readonly rate?: RateBudget;
  /** Fetches the files of many conversations together; default each by itself. */
  readonly fetchFiles?: (options: FetchOptions) => FileFetcher;
  /** How many recordings are brought back from the platform's archive at once; default all. */
  readonly restores?: RestoreWave;
}

/**
 * Both dialects of the platform. Each has a token of its own, because they ask for it differently (the tutorial in the form, with
 * scopes; the published API by HTTP Basic, without any); the rate budget is one, because it belongs to the OAuth client.
 *
 * @throws `CONFIG_INVALID` when the chosen write-back lacks a setting.
 */
export function createPlatform(
  config: PlatformConfig,
  ports: PlatformPorts,
): Readonly<Record<'media' | 'recordings', Dialect>> {
  const { credentials, transport, clock, logger, fetchFiles, restores } = ports;
  const { onOrganizationUnknown: onUnknown } = ports;
  const rate = ports.rate ?? createRateBudget({ clock, share: config.rateShare });
  const { loginUrl, apiUrl } = config.genesys;
  const compare = pinOrganization({ organizationId: config.organizationId, clock, logger, onUnknown });
  const connect = (scope: string | undefined) => {
    const tokens = createTokenSource({ loginUrl, credentials, scope, transport, clock, logger });
    const api = createGenesysApi({ apiUrl, tokens, transport, clock, logger, rate });
    const pin = (budget: Budget) => compare(api, budget);
    return { tokens, api, pin, gated: gateChanges(api, pin) };
  };
  const { gated: gatedMedia, ...media } = connect(MEDIA_SCOPES);
  const { gated: gatedRecordings, ...recordings } = connect(undefined);
  const { kinds, ...choices } = config.recordings;
  return {
    media: {
      ...media,
      resolver: createMediaApi(gatedMedia, config.organizationId),
      references: config.writeBack === 'none' ? undefined : createInteractionWriter(gatedMedia),
    },
    recordings: {
      ...recordings,
      resolver: createRecordingsApi({
        ...choices,
        organizationId: config.organizationId,
        kinds: new Set(kinds),
        describeConversation: config.layout.name === 'genesys-export',
        api: gatedRecordings,
        clock,
        logger,
        restores,
        fetchFiles: fetchFiles?.({
          api: recordings.api,
          clock,
          logger,
          format: choices.format,
          organizationId: config.organizationId,
        }),
      }),
      references: createReferenceWriter(gatedRecordings, logger, config.recordings),
    },
  };
}
