// npm run bench: what one large recording costs, in memory above the idle process, through the command line as it ships.
// Source and S3 sink run in a process of their own. Usage: node bench/main.mjs [--json] [--quick]
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runMeasured } from './run-measured.mjs';

const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const MIB = 1024 * 1024;
const SIZES = (quick ? [1, 64] : [1, 100, 1024]).map((mib) => mib * MIB);
const KEY = '0123456789abcdef'.repeat(4);
/** MB above idle that the product promises for a recording of 1 GiB. */
const PROMISED_MB = 150;

const dir = await mkdtemp(join(tmpdir(), 'bench-'));
const server = join(dir, 'server.mjs');
const { version } = JSON.parse(await readFile('package.json', 'utf8'));
await build({
  entryPoints: ['bench/serve-simulator.ts'],
  outfile: server,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
});
const simulator = spawn(process.execPath, [server, join(dir, 's3'), ...SIZES.map(String)], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const rows = [];
try {
  const ready = await new Promise((resolve, reject) => {
    let text = '';
    simulator.on('error', reject);
    simulator.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(JSON.parse(text));
    });
  });
  for (const store of ['directory', 's3']) {
    const env = { ...ready.env, ENCRYPTION_KEY_HEX: KEY };
    if (store === 'directory') {
      delete env.S3_ARCHIVE_BUCKET;
      env.ARCHIVE_STORE = `file:${join(dir, 'archive')}`;
    }
    const idle = (await succeed(['list'], env)).peakRssBytes;
    for (const { id, bytes, event } of ready.recordings) {
      const archived = await succeed(['archive', '--event', '-', '--json'], env, JSON.stringify(event));
      const out = join(dir, 'restored');
      const restored = await succeed(['restore', id, '-o', out, '--json'], env);
      await rm(out);
      rows.push({
        store,
        recordingMiB: bytes / MIB,
        idleMB: idle / 1e6,
        archiveGrowthMB: (archived.peakRssBytes - idle) / 1e6,
        restoreGrowthMB: (restored.peakRssBytes - idle) / 1e6,
        archiveCpuSPerGB: (archived.cpuSeconds / bytes) * 1e9,
        restoreCpuSPerGB: (restored.cpuSeconds / bytes) * 1e9,
      });
    }
  }
} finally {
  simulator.stdin.end();
  await new Promise((resolve) => simulator.on('close', resolve));
  await rm(dir, { recursive: true, force: true });
}

const machine = { node: process.version, cpus: cpus().length, memoryGiB: Math.round(totalmem() / 1024 ** 3) };
if (json) {
  for (const row of rows)
    console.log(JSON.stringify({ type: 'memory', schemaVersion: 1, ...machine, ...row }));
} else {
  console.log(
    `Node ${machine.node}, ${machine.cpus} processors, ${machine.memoryGiB} GiB; peak resident set over the idle process\n`,
  );
  console.log(
    'store       recording   idle MB   archive +MB   restore +MB   archive CPU s/GB   restore CPU s/GB',
  );
  for (const row of rows) {
    const cells = [row.idleMB, row.archiveGrowthMB, row.restoreGrowthMB].map((mb) => mb.toFixed(0));
    const cpu = [row.archiveCpuSPerGB, row.restoreCpuSPerGB].map((s) => s.toFixed(1));
    console.log(
      `${row.store.padEnd(10)} ${`${Math.round(row.recordingMiB)} MiB`.padStart(10)} ${cells[0].padStart(9)} ${cells[1].padStart(13)} ${cells[2].padStart(13)} ${cpu[0].padStart(18)} ${cpu[1].padStart(18)}`,
    );
  }
}
const worst = Math.max(...rows.flatMap((row) => [row.archiveGrowthMB, row.restoreGrowthMB]));
if (!json) console.log(`\nlargest growth ${worst.toFixed(0)} MB, promised at most ${PROMISED_MB} MB`);
process.exitCode = worst <= PROMISED_MB ? 0 : 1;

async function succeed(args, env, input) {
  const result = await runMeasured('dist/cli.mjs', args, env, input);
  if (result.code !== 0)
    throw new Error(`genesys-archive ${args[0]} ended with ${result.code}: ${result.err.slice(0, 500)}`);
  return result;
}
