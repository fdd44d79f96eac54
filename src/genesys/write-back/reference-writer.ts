import { ArchiveError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ReferenceWriter } from '../../ports.ts';
import type { WriteBack } from '../../recording/write-back.ts';
import { createAnnotationWriter } from './annotation-writer.ts';
import type { GenesysApi } from '../api-client.ts';
import { createCustomAttributesWriter } from './custom-attributes-writer.ts';
import { createExternalTagWriter } from './external-tag-writer.ts';
import { createParticipantAttributesWriter } from './participant-attributes-writer.ts';

export interface WriteBackChoice {
  readonly writeBack: WriteBack;
  readonly customAttributesSchema: string | undefined;
}

/**
 * Where the published API lets references be written; `undefined` for `none`. `docs/write-back.md` says what each does not do.
 * @throws `CONFIG_INVALID` when `custom-attributes` is chosen without a schema.
 */
export function createReferenceWriter(
  api: GenesysApi,
  logger: Logger,
  { writeBack, customAttributesSchema }: WriteBackChoice,
): ReferenceWriter | undefined {
  switch (writeBack) {
    case 'none':
      return undefined;
    case 'annotation':
      return createAnnotationWriter(api);
    case 'external-tag':
      return createExternalTagWriter(api, logger);
    case 'participant-attributes':
      return createParticipantAttributesWriter(api);
    case 'custom-attributes':
      if (customAttributesSchema === undefined) {
        throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA is missing');
      }
      return createCustomAttributesWriter(api, customAttributesSchema);
  }
}
