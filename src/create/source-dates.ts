/** Wires what asks the platform when it deletes its own recordings. */
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { SealConfig } from '../config/config.ts';
import { createGenesysApi } from '../genesys/api-client.ts';
import { createTokenSource } from '../genesys/oauth.ts';
import { pinOrganization } from '../genesys/pin-organization.ts';
import { createRateBudget } from '../genesys/rate-budget.ts';
import { readSourceDate, type SourceDate } from '../genesys/recordings/source-date.ts';
import { createTransport } from '../http/transport.ts';
import { type Logger, silentLogger } from '../log.ts';
import { readClientCredentials } from '../secrets/secret-contents.ts';
import { createSecretValues } from '../secrets/secret-values.ts';

export type { SourceDate } from '../genesys/recordings/source-date.ts';

export interface SourceDates {
  /** @throws `GENESYS_*`, `ORGANIZATION_MISMATCH`. */
  of(
    recording: { readonly conversationId: string; readonly recordingId: string },
    budget: Budget,
  ): Promise<SourceDate>;
  close(): void;
}

/** Makes no request; the first one compares the organization with `GENESYS_ORGANIZATION_ID`. */
export function openSourceDates(
  config: SealConfig,
  tools: { readonly clock?: Clock; readonly logger?: Logger } = {},
): SourceDates {
  const { clock = systemClock, logger = silentLogger } = tools;
  const { genesys, organizationId, proxies } = config;
  const transport = createTransport({ timeouts: {}, proxies });
  const secrets = createSecretValues({ clock, logger, proxies });
  const credentials = readClientCredentials(genesys.credentials, secrets);
  const { loginUrl, apiUrl } = genesys;
  const tokens = createTokenSource({ loginUrl, credentials, scope: undefined, transport, clock, logger });
  const rate = createRateBudget({ clock, share: config.rateShare });
  const api = createGenesysApi({ apiUrl, tokens, transport, clock, logger, rate });
  const pin = pinOrganization({ organizationId, clock, logger });
  return {
    async of(recording, budget) {
      await pin(api, budget);
      return readSourceDate(api, recording, budget);
    },
    close: () => transport.close(),
  };
}
