/**
 * One sample, in a process of its own, measured from inside: warm up, archive, report. What the variants differ in is
 * {@link Pipeline}.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { interactionId, recordingId } from '../recording-ids.ts';
import { forEachOf } from '../../src/for-each-of.ts';

export interface SampleSpec {
  /** Of each recording. */
  readonly bytes: number;
  readonly count: number;
  readonly concurrency: number;
  /** Recordings before the measurement begins, and the bytes of each. */
  readonly warmUp: { readonly count: number; readonly bytes: number };
  /** Origins of the servers' plain listeners, for their counts. */
  readonly control: readonly string[];
}

export interface Sample {
  readonly seconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** From the start of the process until everything was loaded. */
  readonly readySeconds: number;
  /** Resident set once everything is loaded and nothing has been archived, bytes. */
  readonly idleRss: number;
  /** Largest resident set of the process, start included, bytes. */
  readonly peakRss: number;
  /** Largest resident set after the idle moment, less the idle one, bytes; warm-up included. */
  readonly rssGrowth: number;
  /** Of the main thread alone, where the system tells (Linux); part of the two above. */
  readonly mainThreadSeconds: number | undefined;
  /** Time in which the event loop did not wait for anything. */
  readonly activeSeconds: number;
  /** Requests of all recordings together, by kind. */
  readonly requests: Readonly<Record<string, number>>;
}

/** Archives one recording, whichever way. */
export interface Pipeline {
  archive(recording: { readonly id: string; readonly interactionId: string }): Promise<void>;
  /** Resolves when nothing is left to do for what was archived. */
  finish?(): Promise<unknown>;
}

/** Measures `open`'s pipeline as `argv[2]` says and prints a {@link Sample}. */
export async function runSample(open: () => Promise<Pipeline>): Promise<void> {
  const spec = JSON.parse(process.argv[2] ?? '') as SampleSpec;
  const pipeline = await open();
  // counted from the start of the process
  const readySeconds = performance.now() / 1000;
  const idleRss = process.memoryUsage.rss();
  const peakSinceIdle = startPeak();
  let sequence = 0;
  const archiveAll = async (count: number, bytes: number, concurrency: number) => {
    await forEachOf(Array.from({ length: count }).keys(), Math.min(concurrency, count), async () => {
      sequence += 1;
      await pipeline.archive({ id: recordingId(sequence, bytes), interactionId: interactionId(sequence) });
    });
    await pipeline.finish?.();
  };
  await archiveAll(spec.warmUp.count, spec.warmUp.bytes, spec.concurrency);
  for (const origin of spec.control) await control(origin, '/-/reset');

  const mainBefore = mainThreadSeconds();
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  const began = performance.now();
  await archiveAll(spec.count, spec.bytes, spec.concurrency);
  const seconds = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const { active } = performance.eventLoopUtilization(loopBefore);
  const mainAfter = mainThreadSeconds();

  const peakRss = process.resourceUsage().maxRSS * 1024;
  const requests: Record<string, number> = {};
  for (const origin of spec.control) {
    Object.assign(requests, JSON.parse(await control(origin, '/-/counts')));
  }
  const sample: Sample = {
    seconds,
    userSeconds: cpu.user / 1e6,
    systemSeconds: cpu.system / 1e6,
    mainThreadSeconds:
      mainBefore === undefined || mainAfter === undefined ? undefined : mainAfter - mainBefore,
    activeSeconds: active / 1000,
    readySeconds,
    idleRss,
    peakRss,
    rssGrowth: (peakSinceIdle() ?? peakRss) - idleRss,
    requests,
  };
  process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit(0));
}

/** Ticks a second of the times in `/proc`, on every architecture Node runs on (`sysconf(_SC_CLK_TCK)`). */
const TICKS = 100;

/** User and system time: fields 14 and 15 of proc(5) `/proc/pid/task/tid/stat`, counted behind the name in brackets. */
function mainThreadSeconds(): number | undefined {
  try {
    const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / TICKS;
  } catch {
    return undefined;
  }
}

/**
 * Linux keeps the peak (`VmHWM`) until it is told to forget it: proc(5), `/proc/pid/clear_refs`, value 5. Elsewhere the peak of
 * the whole process has to do.
 */
function startPeak(): () => number | undefined {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return () => undefined;
  }
  return () => {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  };
}

/** One request to a server's control address, over a bare socket: a variant must not pay for a client it does not use. */
export function control(origin: string, path: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname);
    let text = '';
    const length = () => Number(/content-length: (\d+)/.exec(text)?.[1] ?? NaN);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${origin}${path} closed the connection`)));
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      const body = text.indexOf('\r\n\r\n') + 4;
      if (body < 4 || text.length < body + length()) return;
      resolve(text.slice(body));
      socket.destroy();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  });
}
