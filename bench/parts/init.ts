/** From the start of a process to the moment it can take an event. On a small Lambda this is CPU time, so it follows what is loaded. */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import { runMeasured } from '../run-measured.mjs';
import type { SampleSpec } from '../variants/worker.ts';

export interface StartUp {
  readonly what: string;
  /** Of the program's own file. */
  readonly programKb: number;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakRssMb: Spread;
}

export async function measureStartUp(bench: Bench, rounds: number): Promise<StartUp[]> {
  const empty = join(bench.dir, 'empty.mjs');
  await writeFile(empty, '');
  const nothing: SampleSpec = {
    bytes: 0,
    count: 0,
    concurrency: 1,
    warmUp: { count: 0, bytes: 0 },
    control: [],
  };
  const ready = [JSON.stringify(nothing)];
  const variant = (name: string) => join(bench.dir, `variants/${name}.mjs`);
  const programs = [
    { what: 'an empty program', program: empty, args: [] },
    { what: 'tutorial: SDK loaded, client made', program: variant('tutorial'), args: ready },
    { what: 'lib-storage: SDK loaded, client made', program: variant('lib-storage'), args: ready },
    { what: 'ours: archiver made', program: variant('ours'), args: ready },
    { what: 'the Lambda bundle loaded', program: 'dist/lambda/archive.mjs', args: [] },
    { what: 'the command line, --version', program: 'dist/cli.mjs', args: ['--version'] },
  ];
  const samples = programs.map((): Awaited<ReturnType<typeof runMeasured>>[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { program, args, what }] of programs.entries()) {
      const measured = await runMeasured(program, args, bench.environment('http', 'ours'));
      if (measured.code !== 0)
        throw new Error(`${what} ended with ${measured.code}: ${measured.err.slice(-500)}`);
      samples[at]?.push(measured);
    }
  }
  return Promise.all(
    programs.map(async ({ what, program }, at) => {
      const own = samples[at] ?? [];
      return {
        what,
        programKb: Math.round((await stat(program)).size / 1000),
        wallMs: spreadOf(own.map(({ wallSeconds }) => wallSeconds * 1000)),
        cpuMs: spreadOf(own.map(({ cpuSeconds }) => cpuSeconds * 1000)),
        peakRssMb: spreadOf(own.map(({ peakRssBytes }) => peakRssBytes / 1e6)),
      };
    }),
  );
}
