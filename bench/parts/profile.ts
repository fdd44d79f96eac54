/** Where the CPU of one pipeline goes, from a profile of its main thread. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scheme, Variant } from '../options.ts';
import { type Bench, runSample } from '../processes.ts';
import { warmUpFor } from './throughput.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** As V8's inspector writes it: https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface ProfiledCpu {
  readonly variant: Variant;
  readonly scheme: Scheme;
  readonly bytes: number;
  readonly count: number;
  readonly concurrency: number;
  /** User and system time of the whole process, all threads. */
  readonly cpuSecondsPerGb: number;
  /** Where it went, the most expensive first; the parts add up to the whole. */
  readonly places: readonly { readonly place: string; readonly cpuSecondsPerGb: number }[];
}

const EVENT_LOOP = 'reading sockets, event loop (C)';
const OTHER_THREADS = 'other threads: compiler, collector, pool';

export async function profilePipeline(
  bench: Bench,
  {
    variant,
    scheme,
    bytes,
    count,
    concurrency,
    nodeArgs,
  }: Omit<ProfiledCpu, 'cpuSecondsPerGb' | 'places'> & { readonly nodeArgs: readonly string[] },
): Promise<ProfiledCpu> {
  const profile = join(bench.dir, `${variant}.cpuprofile`);
  const spec = { bytes, count, concurrency, warmUp: warmUpFor(bytes) };
  // the profiler takes time too: it gives the shares, an undisturbed sample what is shared
  const sample = await runSample(bench, { variant, scheme, spec, nodeArgs });
  const profiled = await runSample(bench, { variant, scheme, spec: { ...spec, profile }, nodeArgs });
  const bundle = await readFile(join(bench.dir, 'variants', `${variant}.mjs`), 'utf8');
  const seconds = sumByPlace(JSON.parse(await readFile(profile, 'utf8')) as CpuProfile, modulesOf(bundle));
  const sampled = [...seconds.values()].reduce((sum, value) => sum + value, 0);
  // Node tells the profiler that it is idle for as long as it polls, and it reads its sockets then
  const reading = Math.max(0, profiled.activeSeconds - sampled);
  seconds.set(EVENT_LOOP, (seconds.get(EVENT_LOOP) ?? 0) + reading);
  const total = sample.userSeconds + sample.systemSeconds;
  const main = sample.mainThreadSeconds ?? total;
  const perGb = 1e9 / (bytes * count);
  const scale = main / (sampled + reading);
  const places = [...seconds].map(([place, value]) => ({ place, cpuSecondsPerGb: value * scale * perGb }));
  places.push({ place: OTHER_THREADS, cpuSecondsPerGb: (total - main) * perGb });
  places.sort((one, other) => other.cpuSecondsPerGb - one.cpuSecondsPerGb);
  return { variant, scheme, bytes, count, concurrency, cpuSecondsPerGb: total * perGb, places };
}

/** Seconds in which the thread was busy. */
function sumByPlace(profile: CpuProfile, moduleAt: (line: number) => string): Map<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, ProfileNode>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node);
  const places = new Map<number, string>();
  const placeOf = (id: number): string => {
    const known = places.get(id);
    if (known !== undefined) return known;
    const node = nodes.get(id);
    const place = node === undefined ? '?' : describe(node, parents.get(id), moduleAt);
    places.set(id, place);
    return place;
  };
  const seconds = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const place = placeOf(id);
    if (place === '(idle)' || place === 'Node: inspector') continue;
    seconds.set(place, (seconds.get(place) ?? 0) + (profile.timeDeltas[at] ?? 0) / 1e6);
  }
  return seconds;
}

/** Functions of Node that are written in C++ have a name and no file; what called them tells what they are. */
function describe(
  { callFrame }: ProfileNode,
  caller: ProfileNode | undefined,
  moduleAt: (line: number) => string,
): string {
  const { functionName, url, lineNumber } = callFrame;
  if (functionName === '(idle)') return functionName;
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (functionName === '(program)') return EVENT_LOOP;
  if (url.startsWith('node:')) return `Node: ${groupOfNode(url)}`;
  if (url !== '') return moduleAt(lineNumber);
  const from = caller?.callFrame.url ?? '';
  if (from === 'node:internal/crypto/cipher') return 'AES-256-GCM';
  if (from === 'node:internal/crypto/hash') return 'SHA-256';
  if (/^(writev|writeBuffer|write\w*String)$/.test(functionName)) return 'socket write';
  if (/^(copy|set|slice|concat|fill|_copyActual|TypedArray)/.test(functionName)) return 'copying buffers';
  if (from.startsWith('node:')) return `Node: ${groupOfNode(from)}`;
  return caller === undefined || from === ''
    ? `native ${functionName}`
    : moduleAt(caller.callFrame.lineNumber);
}

function groupOfNode(url: string): string {
  const name = url.slice('node:'.length);
  if (/^(net|internal\/(net|stream_base_commons))$/.test(name)) return 'sockets';
  if (/^(tls|_tls|internal\/tls)/.test(name)) return 'TLS';
  if (/^(_http|http|https|internal\/http)/.test(name)) return 'HTTP';
  if (/^(stream|internal\/streams|events)/.test(name)) return 'streams and events';
  if (name.startsWith('internal/crypto')) return 'crypto (JavaScript side)';
  if (/^(buffer|internal\/buffer)/.test(name)) return 'buffers';
  if (/^internal\/(process|timers)|^timers/.test(name)) return 'ticks and timers';
  return name;
}

/** Which source file a line of a bundle comes from: esbuild names each one in a comment of its own. */
function modulesOf(bundle: string): (line: number) => string {
  const starts: { readonly line: number; readonly module: string }[] = [];
  for (const [line, text] of bundle.split('\n').entries()) {
    const [, path] = /^(?: {2})*\/\/ ((?:src|bench|node_modules)\/\S+)$/.exec(text) ?? [];
    if (path !== undefined) starts.push({ line, module: shorten(path) });
  }
  return (line) => starts.findLast((start) => start.line <= line)?.module ?? 'bundle';
}

function shorten(path: string): string {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  if (name === undefined) return path;
  return /^@(aws-sdk|smithy|aws-crypto|aws)\//.test(name) ? 'AWS SDK' : name;
}
