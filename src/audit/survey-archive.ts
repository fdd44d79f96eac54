/** What lies in a store, in the eyes of one layout. */
import type { Budget } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import { SIDECAR_SUFFIX } from '../record/genesys-export.ts';
import { INSTRUCTION_SUFFIX } from '../record/instruction-file.ts';
import { DATE_LAYOUT, type DayRange, identifyKey, type Layout, objectOfReceipt } from '../record/layout.ts';
import { objectsOfReceipt, RECEIPT_PREFIX } from '../record/object-key.ts';
import { walkArchive } from './walk-archive.ts';

/** What a walk in a layout passes over. */
export interface Stranger {
  readonly key: string;
  /** `foreign`: no layout could have named it, or it is no object at all. */
  readonly kind: 'other-layout' | 'receipt-of-other-layout' | 'foreign';
}

/**
 * Beside the objects: claims, marks of references, contexts, and what later rooms keep in the archive's store where no other one is set
 * (docs/format.md).
 */
const COMPANION = new RegExp(
  [
    String.raw`^(?:claims|links)/.+\.json$`,
    String.raw`^context/.+\.json\.enc$`,
    String.raw`^holds/.+(?:\.json|/keys-\d{6}\.txt)$`,
    String.raw`^(?:access|drills|erasures|removals|requests|source-deletions)/.+\.jsonl?$`,
    '^(?:audits|catalogue|facts|jobs|keys|peaks|proof|transcripts)/.',
  ].join('|'),
);

/** @returns `undefined` for what belongs to an archive in this layout. Pure. */
export function strangerOf(layout: Layout, key: string): Stranger | undefined {
  if (layout.parse(key) !== undefined || COMPANION.test(key)) return undefined;
  if (key.startsWith(RECEIPT_PREFIX)) {
    if (objectOfReceipt(layout, key) !== undefined) return undefined;
    const known = objectsOfReceipt(key).some((object) => identifyKey(object) !== undefined);
    return { key, kind: known ? 'receipt-of-other-layout' : 'foreign' };
  }
  if (key.endsWith(INSTRUCTION_SUFFIX)) {
    return strangerOf(layout, key.slice(0, -INSTRUCTION_SUFFIX.length)) && { key, kind: 'foreign' };
  }
  if (isSidecar(layout, key)) return undefined;
  return { key, kind: identifyKey(key) === undefined ? 'foreign' : 'other-layout' };
}

/** `genesys-export` puts the platform's own description beside each file. */
function isSidecar(layout: Layout, key: string): boolean {
  if (layout.name !== 'genesys-export') return false;
  return key.endsWith(SIDECAR_SUFFIX) && layout.parse(key.slice(0, -SIDECAR_SUFFIX.length)) !== undefined;
}

/**
 * Everything in the store that a walk in `layout` passes over, so that nothing is passed over without a word.
 *
 * @throws `STORE_*` when the store cannot be listed.
 */
export async function* findStrangers(
  store: ObjectStore,
  layout: Layout,
  budget: Budget,
): AsyncGenerator<Stranger, void, undefined> {
  const others: string[] = [];
  const takeOthers = (): Stranger[] => others.splice(0).map((key) => ({ key, kind: 'foreign' }));
  for await (const { key } of store.list('', budget, { onOther: (name) => others.push(name) })) {
    yield* takeOthers();
    const stranger = strangerOf(layout, key);
    if (stranger !== undefined) yield stranger;
  }
  yield* takeOthers();
}

/**
 * `present`: recordings of the days asked for. `other-days`: recordings, but none of these days. `other-layout`: recordings, but named
 * by other layouts. `foreign`: objects, and no recordings among those looked at. `empty`: nothing.
 */
export interface Survey {
  readonly state: 'present' | 'other-days' | 'other-layout' | 'foreign' | 'empty';
  /** The first that was found of what the state names. */
  readonly example?: string;
}

/** How much of a store without recordings is looked at, objects. */
const MAX_SURVEYED = 5_000;

/** Says what is in a place where nothing was found. @throws `STORE_*` when the store cannot be listed. */
export async function surveyArchive(store: ObjectStore, range: DayRange, budget: Budget): Promise<Survey> {
  const { layout = DATE_LAYOUT } = range;
  for await (const key of walkArchive(store, { range }, budget)) return { state: 'present', example: key };
  if (range.from !== undefined || range.to !== undefined) {
    for await (const key of walkArchive(store, { range: { layout } }, budget)) {
      return { state: 'other-days', example: key };
    }
  }
  let looked = 0;
  let foreign: string | undefined;
  for await (const { key, kind } of findStrangers(store, layout, budget)) {
    if (kind !== 'foreign') return { state: 'other-layout', example: key };
    foreign ??= key;
    looked += 1;
    if (looked === MAX_SURVEYED) break;
  }
  return foreign === undefined ? { state: 'empty' } : { state: 'foreign', example: foreign };
}
