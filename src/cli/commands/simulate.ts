import { EVENT_SHAPES, type EventShape } from '../../../packages/simulator/src/archiving-events.ts';
import { FAULT_GRAMMAR, parseFault } from '../../../packages/simulator/src/fault-grammar.ts';
import { readScenario, SCENARIO_EXAMPLE } from '../../../packages/simulator/src/published/scenario.ts';
import { SimulatorError } from '../../../packages/simulator/src/simulator-error.ts';
import {
  type SimulatedRequest,
  type Simulator,
  startSimulator,
} from '../../../packages/simulator/src/simulator.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { createTransport } from '../../http/transport.ts';
import { checkUrl } from '../../http/url-guard.ts';
import { asUsage } from '../_simulator-errors.ts';
import { tellSkippedFiles } from '../_skipped-files.ts';
import { printableJson } from '../../printable.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { checkExportFlags, EXPORT_BUCKET, writeExports } from '../simulate/export.ts';
import { readPastFlags } from '../simulate/past-options.ts';
import { count, printable, quoteForShell } from '../_format.ts';
import { SIGNATURE_HEADER, signBody, signWebhook, TIMESTAMP_HEADER } from '../../events/webhook-signature.ts';
import { present } from '../../present.ts';
import type { SimulateOptions } from '../options/simulate.ts';

const DEFAULT_RECORDINGS = 10;
const BUCKET = 'simulated-archive';

/** What `--help` says besides the options. */
export function renderNotes(): string {
  return `Shapes of events:\n  ${EVENT_SHAPES.join(', ')}\n\nFaults:\n${indent(FAULT_GRAMMAR)}\n\nA scenario (times in seconds after the end of the conversation):\n${indent(SCENARIO_EXAMPLE)}`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** Runs the simulator until Ctrl-C, which is the way to end it: exit code 0. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: SimulateOptions,
): Promise<number> {
  return asUsage(() => simulate(context, options));
}

async function simulate(context: CommandContext, options: SimulateOptions): Promise<number> {
  const { ui, signal } = context;
  const shape = requireShape(options.shape ?? 'eventbridge');
  const faults = (options.fault ?? []).map((spec) => parseFault(spec));
  checkExportFlags(options);
  const target = options.post === undefined ? undefined : requireLoopback(options.post);
  const simulator = await start(context, options);
  try {
    for (const fault of faults) simulator.faults.add(fault);
    await writeExports(context, simulator, options);
    announce(context, simulator, options.events === true);
    const ids = simulator.recordings.slice(0, options.emit).map(({ id }) => id);
    if (options.events === true) {
      for (const event of eventsOf(simulator, ids, shape, options.emit)) {
        if (ui.json) ui.record('event', { event });
        else ui.out(printableJson(event));
      }
    }
    if (target !== undefined) await postEvents(context, simulator, ids, target);
    await untilAborted(signal);
    return 0;
  } finally {
    await simulator.close();
  }
}

/** Of the tutorial's recordings, then of conversations; those of the past up to `most`. */
function* eventsOf(
  simulator: Simulator,
  ids: readonly string[],
  shape: EventShape,
  most = Number.POSITIVE_INFINITY,
): Generator {
  for (const id of ids) yield simulator.event(id, shape);
  const { world } = simulator;
  let left = Math.max(most, world.conversations.length);
  for (const { id, unannounced } of world.from(0)) {
    if (left === 0) return;
    left -= 1;
    if (!unannounced) yield simulator.conversationEvent(id);
  }
}

async function start({ ui, clock }: CommandContext, options: SimulateOptions): Promise<Simulator> {
  const onRequest = (request: SimulatedRequest) => ui.say(describeRequest(request));
  const { port, media, s3, kms } = options;
  const scenario = options.scenario === undefined ? undefined : await readScenario(options.scenario);
  const contents = readPastFlags(options, clock.now());
  const byDefault = scenario === undefined ? DEFAULT_RECORDINGS : 0;
  const others = options.exportBucket === true ? [EXPORT_BUCKET] : [];
  try {
    return await startSimulator({
      recordings: contents.past === undefined ? (options.recordings ?? byDefault) : 0,
      ...scenario,
      ...contents,
      onRequest,
      ...present({
        mediaDir: media,
        s3: s3 === undefined ? undefined : { dir: s3, bucket: BUCKET, others },
        kms: kms === undefined ? undefined : { dir: kms },
        ports: port === undefined ? undefined : { api: port, media: port + 1, s3: port + 2, kms: port + 3 },
      }),
    });
  } catch (error) {
    if (error instanceof ArchiveError || error instanceof SimulatorError) throw error;
    throw new ArchiveError('USAGE', `the simulator cannot start: ${describeForeign(error)}`, {
      hint: 'EADDRINUSE: another program has the port; choose another --port',
    });
  }
}

/** The settings that point this program at the simulator. With `--events` standard output is for the events alone. */
function announce({ ui, program }: CommandContext, simulator: Simulator, onlyEvents: boolean): void {
  const { apiUrl, mediaUrl, recordings, world } = simulator;
  const environment = {
    ...simulator.environment(),
    // a simulated conversation ends when the simulator starts; its recordings need no time to settle
    ...(world.size === 0 ? {} : { ARCHIVE_SETTLE: '0s' }),
  };
  if (ui.json) {
    const listed = recordings.map(({ id, interactionId, bytes, fileName }) => ({
      id,
      interactionId,
      bytes,
      fileName,
    }));
    ui.record('simulator', {
      apiUrl,
      mediaUrl,
      s3Url: simulator.s3?.url,
      kmsUrl: simulator.kms?.url,
      environment,
      recordings: listed,
      past: describePast(simulator),
      organizations: simulator.organizations.map(({ name, world: { organizationId }, clients }) => ({
        name,
        id: organizationId,
        clientIds: clients.map(({ clientId }) => clientId),
      })),
    });
  } else {
    for (const [name, value] of Object.entries(environment)) {
      const line = `export ${name}=${quoteForShell(value)}`;
      if (onlyEvents) ui.say(line);
      else ui.out(line);
    }
  }
  tellSkippedFiles(ui, simulator);
  ui.say(`simulating Genesys Cloud on ${apiUrl} with ${describeContents(simulator)}; Ctrl-C ends it`);
  const key =
    simulator.kms === undefined
      ? 'ENCRYPTION_KEY_HEX=$(openssl rand -hex 32)'
      : `ARCHIVE_KMS_KEY_ID=alias/recordings GENESYS_ORGANIZATION_ID=${simulator.world.organizationId}`;
  ui.say(`paste the lines above into another shell, and a key: export ${key}`);
  ui.say(`then: ${program} ${firstCommand(simulator)}`);
}

/** What to try first there; only the ids of the tutorial's recordings are of one call. */
function firstCommand({ recordings: [first], world: { past } }: Simulator): string {
  const days = past === undefined ? [] : [...past.perDay()].map(([day]) => day).toSorted();
  const [from, to] = [days[0], days.at(-1)];
  if (from !== undefined && to !== undefined) return `backfill --from ${from} --to ${to} --wait`;
  if (first !== undefined) return `archive --media ${first.id} --interaction ${first.interactionId}`;
  return 'archive --event FILE, with what simulate --events writes';
}

function describeContents({ recordings, world }: Simulator): string {
  const { past } = world;
  const { length } = world.conversations;
  const media = count(recordings.length, 'recording');
  const parts = [
    ...(world.size === 0 ? [media] : []),
    ...(length > 0 ? [`${media} of the tutorial`, count(length, 'conversation')] : []),
    ...(past === undefined
      ? []
      : [`${count(past.recordings, 'recording')} of ${count(past.conversations, 'past conversation')}`]),
  ];
  return parts.join(' and ');
}

function describePast({ world: { past } }: Simulator): object | undefined {
  if (past === undefined) return undefined;
  const { recordings, conversations, special } = past;
  return { recordings, conversations, perDay: Object.fromEntries(past.perDay()), ...special };
}

function describeRequest({ server, method, path, status, range, faults }: SimulatedRequest): string {
  const struck = faults.length === 0 ? '' : `  fault: ${faults.join(', ')}`;
  const part = range === undefined ? '' : ` ${range}`;
  return `${server.padEnd(5)} ${status ?? 'no answer'} ${method} ${printable(path)}${printable(part)}${struck}`;
}

function requireShape(text: string): EventShape {
  const shape = EVENT_SHAPES.find((known) => known === text);
  if (shape !== undefined) return shape;
  throw new ArchiveError('USAGE', 'unknown shape of events', {
    hint: `shapes: ${EVENT_SHAPES.join(', ')}`,
  });
}

/** Synthetic events are sent to this machine only: elsewhere they might be taken for real. */
function requireLoopback(text: string): URL {
  return checkUrl(text, { hosts: [], allowLoopback: true });
}

/** Posts each event as the platform's webhook would, signed when there is a secret to sign with. */
async function postEvents(
  context: CommandContext,
  simulator: Simulator,
  ids: readonly string[],
  url: URL,
): Promise<void> {
  const { ui, env } = context;
  const [secret] = (env['ARCHIVE_WEBHOOK_SECRET'] ?? '').split(',');
  const { budget, end } = openBudget(context);
  const transport = createTransport({ guard: { allowLoopback: true } });
  try {
    for (const id of ids) {
      const body = JSON.stringify(simulator.event(id, 'webhook'));
      const response = await transport.send({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          ...(secret === undefined || secret === '' ? {} : signHeaders(context, secret, body)),
        },
        body,
        signal: budget.signal,
        failure: 'UNEXPECTED',
      });
      response.discard();
      ui.say(`posted ${id}: ${response.status}`);
    }
  } finally {
    transport.close();
    end();
  }
}

/** In the version that a `serve` with the same environment accepts. */
function signHeaders({ env, clock }: CommandContext, secret: string, body: string): Record<string, string> {
  if (env['ARCHIVE_WEBHOOK_SIGNATURE'] !== 'v2') return { [SIGNATURE_HEADER]: signBody(secret, body) };
  const timestamp = String(Math.floor(clock.now() / 1000));
  return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: signWebhook(secret, timestamp, body) };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
