/** Wires a client of the platform's API for what asks it a few questions, beside archiving. */
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { ArchiveConfig, SealConfig } from '../config/config.ts';
import { createGenesysApi, type GenesysApi } from '../genesys/api-client.ts';
import { createTokenSource } from '../genesys/oauth.ts';
import { pinOrganization } from '../genesys/pin-organization.ts';
import { createRateBudget } from '../genesys/rate-budget.ts';
import { createTransport } from '../http/transport.ts';
import { type Logger, silentLogger } from '../log.ts';
import { readClientCredentials } from '../secrets/contents.ts';
import { createSecretValues } from '../secrets/values.ts';

export type PlatformConfig = Pick<
  SealConfig | ArchiveConfig,
  'genesys' | 'organizationId' | 'proxies' | 'rateShare'
>;

export interface PlatformApi {
  readonly api: GenesysApi;
  /**
   * Compares the organization with `GENESYS_ORGANIZATION_ID`, once; comes before every question.
   *
   * @throws `ORGANIZATION_MISMATCH`; `GENESYS_*`.
   */
  pin(budget: Budget): Promise<void>;
  close(): void;
}

/** Makes no request. */
export function openPlatformApi(
  config: PlatformConfig,
  { clock = systemClock, logger = silentLogger }: { readonly clock?: Clock; readonly logger?: Logger } = {},
): PlatformApi {
  const { genesys, organizationId, proxies, rateShare: share } = config;
  const transport = createTransport({ timeouts: {}, proxies });
  const secrets = createSecretValues({ clock, logger, proxies });
  const credentials = readClientCredentials(genesys.credentials, secrets);
  const { loginUrl, apiUrl } = genesys;
  const tokens = createTokenSource({ loginUrl, credentials, scope: undefined, transport, clock, logger });
  const rate = createRateBudget({ clock, share });
  const api = createGenesysApi({ apiUrl, tokens, transport, clock, logger, rate });
  const pin = pinOrganization({ organizationId, clock, logger });
  return {
    api,
    pin: async (budget) => void (await pin(api, budget)),
    close: () => transport.close(),
  };
}
