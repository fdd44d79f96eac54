import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { GenesysApi } from '../api-client.ts';

/** What every question to analytics needs. */
export interface AnalyticsOptions {
  readonly api: GenesysApi;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where it is known, answers about another organization are refused. */
  readonly organizationId?: string | undefined;
}
