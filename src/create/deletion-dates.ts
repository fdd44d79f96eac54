/** Wires what asks the platform when it deletes its own recordings. */
import type { Budget, Clock } from '../clock.ts';
import type { SealConfig } from '../config/config.ts';
import { readSourceDate, type SourceDate } from '../genesys/recordings/source-date.ts';
import type { Logger } from '../log.ts';
import { openPlatformApi } from './platform-api.ts';

export type { SourceDate } from '../genesys/recordings/source-date.ts';

export interface DeletionDates {
  /** @throws `GENESYS_*`, `ORGANIZATION_MISMATCH`. */
  of(
    recording: { readonly conversationId: string; readonly recordingId: string },
    budget: Budget,
  ): Promise<SourceDate>;
  close(): void;
}

/** Makes no request; the first one compares the organization with `GENESYS_ORGANIZATION_ID`. */
export function openDeletionDates(
  config: SealConfig,
  tools: { readonly clock?: Clock; readonly logger?: Logger } = {},
): DeletionDates {
  const platform = openPlatformApi(config, tools);
  return {
    async of(recording, budget) {
      await platform.pin(budget);
      return readSourceDate(platform.api, recording, budget);
    },
    close: () => platform.close(),
  };
}
