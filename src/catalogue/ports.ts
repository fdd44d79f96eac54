import type { Clock } from '../clock.ts';
import type { KnownTombstones } from './erasures.ts';
import type { Logger } from '../log.ts';
import type { Envelope, EnvelopeReader, ExpiredObjects, ObjectStore, Tables } from '../ports.ts';
import type { Layout } from '../record/layout.ts';

/** What the catalogue is made from, and with. */
export interface CataloguePorts {
  /** Objects, receipts, holds, erasures. Only listed and read. */
  readonly archive: ObjectStore;
  /** Where the catalogue and the facts are kept; the archive’s own store, or another. */
  readonly catalogue: ObjectStore;
  /** Where the facts are, if not beside the catalogue. */
  readonly facts?: ObjectStore | undefined;
  readonly tables: Tables;
  readonly layout: Layout;
  /** Opens facts, people and the search key. Without one rows have no facts. */
  readonly reader?: EnvelopeReader | undefined;
  /** Seals people and the search key. */
  readonly envelope?: Envelope | undefined;
  /** Tells what a rule of retention has let go; without it, all that is gone is missing. */
  readonly expired?: ExpiredObjects | undefined;
  /** Of who makes days anew many times, as an erasure of many does. */
  readonly tombstones?: KnownTombstones | undefined;
  readonly options: CatalogueOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface CatalogueOptions {
  /** Whether the clear file has the ids of agents, or keyed hashes of them. */
  readonly agents: 'id' | 'hash';
  readonly facts: 'analytics' | 'context' | 'none';
  /** Files that a day is kept in which has none yet. */
  readonly shards: number;
}
