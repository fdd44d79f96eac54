import type { WrapConfig } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import type { RetentionPorts } from '../../keep/retention/examine.ts';
import type { ChosenObjects, HoldChoice } from '../hold/choose-held.ts';

export interface RetainOptions extends HoldChoice {
  readonly hold?: string;
  readonly expired?: boolean;
  readonly on?: string;
  readonly source?: boolean;
  readonly until?: string;
  readonly mode?: 'governance' | 'compliance';
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: number;
  readonly dryRun?: boolean;
}

/** What an action works on. */
export interface RetainWork {
  readonly config: WrapConfig;
  readonly ports: RetentionPorts;
  readonly chosen: ChosenObjects;
  readonly options: RetainOptions;
}

export function withoutRules(): ArchiveError {
  return new ArchiveError('USAGE', 'there is no retention file', {
    hint: 'ARCHIVE_RETENTION_FILE names it; docs/keeping.md shows one',
  });
}
