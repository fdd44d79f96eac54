import { createHash } from 'node:crypto';
import { findRecordings, findRows } from '../../catalogue/search/find-recordings.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { createFileTarget } from '../file-target.ts';
import { describeQuery, openPeople } from '../../catalogue/people.ts';
import { requireRightPlace } from '../find/right-place.ts';
import {
  chooseColumns,
  type FileFormat,
  formatOfName,
  openRowFile,
  type RowWriter,
} from '../find/write-rows.ts';
import type { CatalogueOptions } from '../options/find.ts';

export type ExportOptions = Pick<
  CatalogueOptions,
  'output' | 'format' | 'columns' | 'reveal' | 'reason' | 'force' | 'manifest'
>;

export interface ExportPlan {
  readonly output: string;
  readonly names: readonly string[];
  readonly format: FileFormat;
}

/** @throws `USAGE`. */
export function planExport({ output, format, columns, reveal = false, manifest }: ExportOptions): ExportPlan {
  if (output === undefined) throw new ArchiveError('USAGE', 'say where to write', { hint: '-o FILE' });
  if (manifest !== undefined && (format !== undefined || reveal || columns !== undefined))
    throw new ArchiveError('USAGE', 'a manifest has bucket and key alone', {
      hint: 'leave out --format, --columns and --reveal',
    });
  const byName = () => (manifest === undefined ? formatOfName(output) : 'csv');
  return { output, names: chooseColumns(columns, reveal), format: format ?? byName() };
}

/** Writes rows to a file, and beside it what they are. @throws `USAGE`, `OUTPUT_*`, and what the search throws. */
export async function exportRows(
  { ui }: CommandContext,
  ports: CataloguePorts,
  {
    query,
    options,
    plan: { output, names, format },
  }: { readonly query: SearchQuery; readonly options: ExportOptions; readonly plan: ExportPlan },
  budget: Budget,
): Promise<number> {
  const { force = false, reveal = false, manifest } = options;
  const search = await findRecordings(ports, query, {}, budget);
  await requireRightPlace(ports, search, budget);
  const peopleOf = reveal ? openPeople(ports, budget) : undefined;
  const written =
    manifest === undefined
      ? await writeRows(
          await openRowFile(output, { format, names, force, tables: ports.tables }),
          search,
          peopleOf,
        )
      : await writeManifest(ports, search, { output, force });
  const columns = manifest === undefined ? names : ['bucket', 'key'];
  const rows = written.reduce((sum, file) => sum + file.rows, 0);
  const about = describeExport(ports, search, { query, columns, rows, written });
  const sidecar = await createFileTarget(`${output}.about.json`, { force, followOwnLinks: true });
  await sidecar.write(Buffer.from(`${JSON.stringify(about, null, 2)}\n`));
  await sidecar.commit();
  for (const file of written) {
    if (ui.json) ui.record('file', file);
    else ui.out(`${file.sha256}  ${printable(file.path)}`);
  }
  ui.say(`${count(rows, 'recording')}; ${printable(output)}.about.json says which`);
  return rows === 0 ? 6 : 0;
}

type FoundRecordings = Awaited<ReturnType<typeof findRecordings>>;

interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  readonly sha256: string;
}

/** What an export holds, and when and of what it was made. */
function describeExport(
  { archive }: CataloguePorts,
  { asOf }: FoundRecordings,
  it: {
    readonly query: SearchQuery;
    readonly columns: readonly string[];
    readonly rows: number;
    readonly written: readonly WrittenFile[];
  },
): object {
  return {
    schema: 'genesys-media-archive/catalogue-export/v1',
    archive: archive.location,
    asOf: asOf === undefined ? null : new Date(asOf).toISOString(),
    filter: describeQuery(it.query),
    columns: it.columns,
    rows: it.rows,
    files: it.written.map(({ path, ...file }) => ({ name: path.split('/').at(-1), ...file })),
  };
}

async function writeRows(
  writer: RowWriter,
  search: FoundRecordings,
  peopleOf: ReturnType<typeof openPeople> | undefined,
): Promise<readonly WrittenFile[]> {
  try {
    for await (const row of findRows(search)) await writer.write({ row, people: await peopleOf?.(row) });
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** As S3 Batch Operations takes it: no heading, keys URL-encoded. */
async function writeManifest(
  { archive }: CataloguePorts,
  search: FoundRecordings,
  { output, force }: { readonly output: string; readonly force: boolean },
): Promise<readonly WrittenFile[]> {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(archive.location) ?? [];
  if (bucket === undefined) {
    throw new ArchiveError(
      'USAGE',
      `S3 Batch Operations work on buckets, and the archive is ${archive.location}`,
    );
  }
  const target = await createFileTarget(output, { force, followOwnLinks: true });
  const hash = createHash('sha256');
  let lines = 0;
  try {
    for await (const { key, bytes } of findRows(search, { wanted: ['key', 'bytes'] })) {
      if (bytes === null) continue;
      const whole = prefix === undefined || prefix === '' ? key : `${prefix}/${key}`;
      const line = Buffer.from(`${bucket},${whole.split('/').map(encodeURIComponent).join('/')}\n`);
      hash.update(line);
      await target.write(line);
      lines += 1;
    }
    await target.commit();
  } catch (error) {
    await target.abandon();
    throw error;
  }
  return [{ path: target.path, rows: lines, sha256: hash.digest('hex') }];
}
