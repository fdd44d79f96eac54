import path from 'node:path';
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { SETTINGS, type SettingName } from '../schema.ts';
import { variableOf } from './archive-names.ts';
import { OWN_SETTINGS } from './own-settings.ts';

interface StorePlace {
  readonly archive: string;
  readonly setting: SettingName;
  /** Segments of the bucket and prefix, or of the directory. */
  readonly segments: readonly string[];
}

const STORES = (Object.keys(OWN_SETTINGS) as (keyof typeof OWN_SETTINGS)[]).filter(
  (name) => OWN_SETTINGS[name] === 'store',
);

/**
 * Refuses two archives in one place, or one within the other: each would take the other's recordings for its own.
 *
 * @throws `CONFIG_INVALID` (not retryable).
 */
export function requireSeparatePlaces(
  archives: readonly {
    readonly name: string;
    readonly section: Readonly<Record<string, unknown>>;
    readonly variables: Readonly<Record<string, string | undefined>>;
  }[],
): void {
  const places = archives.flatMap(({ name, section, variables }) =>
    STORES.flatMap((setting): StorePlace[] => {
      const stated = [section[setting], variables[setting]].filter(
        (text) => typeof text === 'string' && text !== '',
      );
      return stated.flatMap((text) => {
        const segments = readPlace(setting, String(text));
        return segments === undefined ? [] : [{ archive: name, setting, segments }];
      });
    }),
  );
  for (const [index, one] of places.entries()) {
    const other = places
      .slice(index + 1)
      .find((found) => found.archive !== one.archive && overlaps(one, found));
    if (other === undefined) continue;
    throw new ArchiveError(
      'CONFIG_INVALID',
      `archives ${one.archive} (${one.setting}) and ${other.archive} (${other.setting}) are kept in one place`,
      {
        hint: `give each a bucket, a prefix or a directory of its own; where the file does not say so: ${variableOf(other.setting, other.archive)}`,
      },
    );
  }
}

function readPlace(setting: SettingName, text: string): readonly string[] | undefined {
  const { schema } = SETTINGS[setting];
  const result = z.safeParse(schema, text);
  if (!result.success || typeof result.data !== 'string') return undefined; // told when the archive is read
  if (setting === 'S3_ARCHIVE_BUCKET') return ['s3:', result.data];
  if (!result.data.startsWith('file:')) return result.data.split('/').filter((segment) => segment !== '');
  return [
    'file:',
    ...path
      .resolve(result.data.slice('file:'.length))
      .split(path.sep)
      .filter((segment) => segment !== ''),
  ];
}

function overlaps({ segments: one }: StorePlace, { segments: other }: StorePlace): boolean {
  const shared = Math.min(one.length, other.length);
  return one.slice(0, shared).every((segment, index) => segment === other[index]);
}
