/** Of the deploy settings: the function that keeps the catalogue, and the table that Athena reads it by. */
import * as z from 'zod';

/** Athena takes no lower limit, https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html */
const MIN_SCAN_LIMIT_MB = 10;
const MAX_SCAN_LIMIT_MB = 10_000_000;
/** The clear files of some 100 million recordings. */
const DEFAULT_SCAN_LIMIT_MB = 10_000;

export const catalogueSettings = z.strictObject({
  /** Makes a table and a work group of Athena. */
  athena: z.boolean().default(false),
  /** Megabytes that one query may read; one that reads more fails. */
  scanLimitMb: z.int().min(MIN_SCAN_LIMIT_MB).max(MAX_SCAN_LIMIT_MB).default(DEFAULT_SCAN_LIMIT_MB),
  /** The first day that the table has, `YYYY-MM-DD`. */
  firstDay: z.iso.date().default('2015-01-01'),
});

export type CatalogueSettings = z.output<typeof catalogueSettings>;
