import { createHash } from 'node:crypto';
import type { CataloguePorts } from '../../src/catalogue/ports.ts';
import { systemClock } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { silentLogger } from '../../src/log.ts';
import { parquetTables } from '../../src/parquet/tables.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';

/** The catalogue of a store, with a key that is nobody’s secret. */
export function openBench(store: ObjectStore): CataloguePorts {
  const key = createHash('sha256').update('benchmark').digest();
  return {
    archive: store,
    catalogue: store,
    tables: parquetTables,
    layout: DATE_LAYOUT,
    reader: createEnvelopeReader({ staticKey: key }),
    envelope: createStaticEnvelope(key),
    options: { agents: 'id', facts: 'analytics', shards: 1 },
    clock: systemClock,
    logger: silentLogger,
  };
}
