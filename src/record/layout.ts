import { ArchiveError } from '../errors.ts';
import { compileKeyTemplate, type KeyTemplate } from '../key-template.ts';
import type { RecordingIds } from '../ports.ts';
import { DAY_MS, FIRST_DAY, LAST_DAY } from '../recording/time.ts';
import { exportDayPrefix, exportKey, parseExportKey } from './genesys-export.ts';
import {
  datePrefix,
  MEDIA_PREFIX,
  objectKey,
  objectsOfReceipt,
  type ParsedObjectKey,
  parseObjectKey,
} from './object-key.ts';
import { QUARANTINE_PREFIX, releasedKey } from './quarantine/key.ts';
import { FIRST_VERSION, splitVersion } from './versions.ts';

/** As the configuration says it. */
export type LayoutChoice =
  | { readonly name: 'date' }
  | { readonly name: 'genesys-export'; readonly organizationId: string }
  | { readonly name: 'template'; readonly template: string; readonly organizationId?: string | undefined };

/** What a key is made of: facts that no retry and no redelivery finds changed. */
export interface FiledFile {
  readonly ids: RecordingIds;
  /** Epoch ms of what {@link Layout.filedBy} says. */
  readonly at: number;
  /** Of the file's name, without a dot, e.g. `wav`; only `genesys-export` asks for it. */
  readonly extension?: string | undefined;
}

/** How objects are named. Pure: no layout looks at what is stored. */
export interface Layout {
  readonly name: LayoutChoice['name'];
  /** As the setting says it: its name, or the template. */
  readonly source: string;
  /** What everything that holds media begins with. */
  readonly root: string;
  /** Whose start decides under which day a file is kept. */
  readonly filedBy: 'recording' | 'conversation';
  /** @throws `EVENT_INVALID` (not retryable) when a fact is missing or not fit for a key. */
  keyOf(file: FiledFile): string;
  /** The inverse of `keyOf`, also for keys of successors and in quarantine; `undefined` for every key it could not have written. */
  parse(key: string): ParsedObjectKey | undefined;
  /** What the keys of one UTC day (epoch ms of its midnight) begin with. */
  prefixOf(day: number): string;
}

/** `archive/YYYY/MM/DD/{recordingId}[.{channel}].enc`, the tutorial's. */
export const DATE_LAYOUT: Layout = withQuarantine({
  name: 'date',
  source: 'date',
  root: MEDIA_PREFIX,
  filedBy: 'recording',
  keyOf: ({ ids: { recordingId, channel }, at }) => objectKey({ recordingId, channel, at }),
  parse: parseObjectKey,
  prefixOf: datePrefix,
});

/** @throws `CONFIG_INVALID` (not retryable) for a template that is none. */
export function createLayout(choice: LayoutChoice): Layout {
  switch (choice.name) {
    case 'date':
      return DATE_LAYOUT;
    case 'genesys-export':
      return withQuarantine(withVersions(exportLayout(choice.organizationId)));
    case 'template':
      return withQuarantine(
        withVersions(templateLayout(requireTemplate(choice.template), choice.organizationId)),
      );
  }
}

/** The same layout, which knows the successors of its keys, and makes no key that reads like one. */
function withVersions(layout: Layout): Layout {
  return {
    ...layout,
    keyOf: (file) => {
      const key = layout.keyOf(file);
      if (splitVersion(key).version === FIRST_VERSION) return key;
      throw new ArchiveError('EVENT_INVALID', 'the channel reads like the version of an object');
    },
    parse: (key) => {
      const { base, version } = splitVersion(key);
      const parsed = layout.parse(base);
      return parsed === undefined || version === FIRST_VERSION ? parsed : { ...parsed, version };
    },
  };
}

/** The same layout, which knows its keys in quarantine as well. */
function withQuarantine(layout: Layout): Layout {
  return { ...layout, parse: (key) => layout.parse(releasedKey(key)) };
}

function exportLayout(organizationId: string): Layout {
  return {
    name: 'genesys-export',
    source: 'genesys-export',
    root: `${organizationId}/`,
    filedBy: 'conversation',
    keyOf: ({ ids, at, extension }) => {
      if (extension === undefined) {
        throw new ArchiveError('EVENT_INVALID', 'the layout genesys-export needs the format of the file');
      }
      return exportKey({ ...ids, organizationId, startedAt: at, extension });
    },
    parse: (key) => parseExportKey(key, organizationId),
    prefixOf: (day) => exportDayPrefix(organizationId, day),
  };
}

function templateLayout(template: KeyTemplate, organizationId: string | undefined): Layout {
  return {
    name: 'template',
    source: template.source,
    root: MEDIA_PREFIX,
    filedBy: 'recording',
    keyOf: ({ ids, at }) => {
      const expanded = template.expand({ ...ids, organizationId, at });
      if ('key' in expanded) return expanded.key;
      throw new ArchiveError('EVENT_INVALID', `no object can be named: ${expanded.problem}`);
    },
    parse: (key) => template.parse(key),
    prefixOf: (day) => template.prefixOf(day),
  };
}

function requireTemplate(source: string): KeyTemplate {
  const compiled = compileKeyTemplate(source);
  if ('template' in compiled) return compiled.template;
  throw new ArchiveError('CONFIG_INVALID', `the layout ${compiled.problem}`);
}

/** The object that a receipt is about, if `layout` could have named it; `undefined` for every other key. */
export function objectOfReceipt(layout: Layout, key: string): string | undefined {
  return objectsOfReceipt(key).find((object) => layout.parse(object) !== undefined);
}

/** In every layout a key ends with the file's name, and so says which file of which recording it is. */
const FILE_NAME = /^archive\/.+\/([A-Za-z0-9_=-]+)(?:\.([A-Za-z0-9_-]{1,32}))?\.enc$/;

/**
 * Who the object under `key` is, in any layout; `undefined` for keys of none. The day stands in different places
 * in different layouts, and is not told.
 */
export function identifyKey(
  key: string,
): { readonly recordingId: string; readonly channel: string | undefined } | undefined {
  const { base } = splitVersion(releasedKey(key));
  const named = parseObjectKey(base) ?? parseExportKey(base);
  if (named !== undefined) return { recordingId: named.recordingId, channel: named.channel };
  const [, escaped, channel] = FILE_NAME.exec(base) ?? [];
  return escaped === undefined ? undefined : { recordingId: escaped.replaceAll('=2E', '.'), channel };
}

export interface DayRange {
  /** Epoch ms; the UTC days both ends fall on are included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Of the archive; {@link DATE_LAYOUT} where it is not said. */
  readonly layout?: Layout | undefined;
}

/** A longer range is listed as a whole and filtered, instead of day by day. */
const MAX_DAYS = 400;

/**
 * What has to be listed to see all recordings of some days, in the order of the days, nothing twice; what is in quarantine comes after
 * the rest.
 */
export function prefixesWithin(range: DayRange): readonly string[] {
  return withQuarantined(releasedPrefixes(range), range.layout);
}

/** The same prefixes, and one more for what is in quarantine: the same below it, or all of it where there are several. */
export function withQuarantined(
  prefixes: readonly string[],
  { root }: Layout = DATE_LAYOUT,
): readonly string[] {
  const [only, ...others] = prefixes;
  if (only === undefined) return prefixes;
  return [...prefixes, QUARANTINE_PREFIX + (others.length === 0 ? only : root)];
}

function releasedPrefixes({ from, to, layout = DATE_LAYOUT }: DayRange): readonly string[] {
  if (from === undefined || to === undefined || to - from >= MAX_DAYS * DAY_MS) return [layout.root];
  const prefixes = new Set<string>();
  const first = Math.max(FIRST_DAY, Math.floor(from / DAY_MS) * DAY_MS);
  for (let day = first; day <= Math.min(LAST_DAY, to); day += DAY_MS) prefixes.add(layout.prefixOf(day));
  return [...prefixes];
}

/** @param date `YYYY-MM-DD`, UTC. */
export function isWithin(date: string, { from, to }: DayRange): boolean {
  const day = Date.parse(`${date}T00:00:00Z`);
  return !(from !== undefined && day + DAY_MS <= from) && !(to !== undefined && day > to);
}
