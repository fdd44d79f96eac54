/** What one recording costs through the command line as it ships, in memory above the idle process, into both stores. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, startServer } from '../processes.ts';
import { runMeasured } from '../run-measured.mjs';

export interface CliMemory {
  readonly store: 'directory' | 's3';
  readonly bytes: number;
  readonly idleMb: number;
  readonly archiveGrowthMb: number;
  readonly restoreGrowthMb: number;
  readonly archiveCpuSecondsPerGb: number;
  readonly restoreCpuSecondsPerGb: number;
}

/** MB above idle that the product promises for a recording of 1 GiB, archived or restored. */
export const PROMISED_GROWTH_MB = 150;

const MIB = 1024 * 1024;
/** How `list` ends where nothing has been archived yet: the stores are open, and nothing has been moved. */
const NOTHING_FOUND = 6;

/** What `servers/serve-simulator.ts` prints. */
interface Simulated {
  readonly env: Readonly<Record<string, string>>;
  readonly recordings: readonly { readonly id: string; readonly bytes: number; readonly event: unknown }[];
}

/** `dist/` has to be built. The S3 endpoint is the simulator's, which keeps what it is sent: restoring needs it. */
export async function measureCliMemory(bench: Bench, quick: boolean): Promise<CliMemory[]> {
  const sizes = (quick ? [1, 64] : [1, 100, 1024]).map((mib) => mib * MIB);
  const simulator = await startServer<Simulated>(join(bench.dir, 'servers/serve-simulator.mjs'), [
    join(bench.dir, 's3'),
    ...sizes.map(String),
  ]);
  const { env: shared, recordings } = simulator.said;
  const rows: CliMemory[] = [];
  try {
    for (const store of ['directory', 's3'] as const) {
      const place =
        store === 's3' ? {} : { S3_ARCHIVE_BUCKET: '', ARCHIVE_STORE: `file:${join(bench.dir, 'archive')}` };
      const env = { ...shared, ...place, ENCRYPTION_KEY_HEX: '0123456789abcdef'.repeat(4) };
      const idle = (await end(NOTHING_FOUND, ['list'], env)).peakRssBytes;
      for (const { id, bytes, event } of recordings) {
        const archived = await succeed(['archive', '--event', '-', '--json'], env, JSON.stringify(event));
        const out = join(bench.dir, 'restored');
        const restored = await succeed(['restore', id, '-o', out, '--json'], env);
        await rm(out);
        rows.push({
          store,
          bytes,
          idleMb: idle / 1e6,
          archiveGrowthMb: (archived.peakRssBytes - idle) / 1e6,
          restoreGrowthMb: (restored.peakRssBytes - idle) / 1e6,
          archiveCpuSecondsPerGb: (archived.cpuSeconds / bytes) * 1e9,
          restoreCpuSecondsPerGb: (restored.cpuSeconds / bytes) * 1e9,
        });
      }
    }
  } finally {
    await simulator.close();
  }
  return rows;
}

const succeed = (args: readonly string[], env: Record<string, string>, input?: string) =>
  end(0, args, env, input);

async function end(code: number, args: readonly string[], env: Record<string, string>, input?: string) {
  const result = await runMeasured('dist/cli.mjs', args, env, input);
  if (result.code === code) return result;
  throw new Error(`genesys-archive ${args[0]} ended with ${result.code}: ${result.err.slice(0, 500)}`);
}
