import type { WrapConfig } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import type { RetentionPorts } from '../../keep/retention/examine.ts';
import type { ChosenObjects } from '../hold/choose-held.ts';
import type { RetainOptions } from '../options/keep.ts';

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
