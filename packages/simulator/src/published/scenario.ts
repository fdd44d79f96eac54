import { readFile } from 'node:fs/promises';
import { SimulatorError, describeCause } from '../simulator-error.ts';
import { RECORDING_KINDS, type ScriptedConversation, type ScriptedRecording } from './recordings/scripted.ts';

/** A file that says what happens to which conversation, as `--scenario` takes it. */
export interface Scenario {
  readonly conversations: readonly ScriptedConversation[];
}

/** For `--help`. */
export const SCENARIO_EXAMPLE = `{
  "conversations": [
    { "lastedS": 95, "recordings": [
      { "kind": "call", "leg": "trunk", "channels": 2, "seconds": 95 },
      { "kind": "call", "leg": "station", "uploadedAfterS": 2400 },
      { "kind": "screen", "seconds": 90, "transcodingS": 20 },
      { "kind": "call", "leg": "consult", "fate": "deleted" } ] },
    { "recordings": [ { "kind": "email" }, { "kind": "chat", "fate": "archived", "restoringS": 7200 } ] },
    { "recordings": [] }
  ]
}`;

type FieldCheck = (value: unknown) => string | undefined;

const ID: FieldCheck = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)
    ? undefined
    : 'must be 1 to 64 letters, digits, - and _';
const NUMBER: FieldCheck = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? undefined
    : 'must be a number, 0 or more';
const FLAG: FieldCheck = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const TIME: FieldCheck = (value) =>
  typeof value === 'string' && Number.isFinite(Date.parse(value))
    ? undefined
    : 'must be a time such as 2026-01-31T12:00:00Z';
const TEXT: FieldCheck = (value) =>
  typeof value === 'string' && value.length <= 500 ? undefined : 'must be text of at most 500 characters';
const TEXTS: FieldCheck = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string')
    ? undefined
    : 'must be an object of texts';
const WORDS: FieldCheck = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' && /^\w{1,64}$/.test(one))
    ? undefined
    : 'must be a list of words';
const oneOf =
  (...options: readonly (string | number)[]): FieldCheck =>
  (value) =>
    options.some((option) => option === value) ? undefined : `must be one of ${options.join(', ')}`;

const RECORDING: Readonly<Record<keyof ScriptedRecording, FieldCheck>> = {
  id: ID,
  kind: oneOf(...RECORDING_KINDS),
  leg: oneOf('trunk', 'station', 'consult'),
  channels: oneOf(1, 2),
  seconds: NUMBER,
  listedAfterS: NUMBER,
  uploadedAfterS: NUMBER,
  stubUntilS: NUMBER,
  transcodingS: NUMBER,
  fate: oneOf('available', 'archived', 'deleted', 'error'),
  restoringS: NUMBER,
  perChannel: FLAG,
  sensitive: FLAG,
  jsonText: FLAG,
  region: ID,
  batch: oneOf('delivered', 'omitted', 'error'),
  deletedAfterS: NUMBER,
  bytesPerSecond: NUMBER,
  annotated: WORDS,
};

const CONVERSATION: Readonly<Record<keyof ScriptedConversation, FieldCheck>> = {
  id: ID,
  endedAt: TIME,
  lastedS: NUMBER,
  recordings: (value) => (Array.isArray(value) ? undefined : 'must be a list'),
  otherDivision: FLAG,
  forgetsAttributes: FLAG,
  arrivesAt: TIME,
  lakeLateS: NUMBER,
  ongoing: FLAG,
  unannounced: FLAG,
  attributes: TEXTS,
  direction: oneOf('inbound', 'outbound'),
  customer: TEXT,
  customerName: TEXT,
  queue: NUMBER,
  agent: NUMBER,
  division: NUMBER,
  wrapUp: NUMBER,
  wrapUpNote: TEXT,
  transcribed: FLAG,
  transcribedAfterS: NUMBER,
};

/** @throws SimulatorError when the file cannot be read or makes no sense; the message names the place, e.g. `conversations[0].lastedS`. */
export async function readScenario(path: string): Promise<Scenario> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new SimulatorError(`the scenario ${path} cannot be read: ${describeCause(error)}`);
  }
  return parseScenario(text);
}

/** @throws SimulatorError; see {@link readScenario}. All problems are listed. */
export function parseScenario(text: string): Scenario {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new SimulatorError('the scenario is not JSON', { hint: `for example ${SCENARIO_EXAMPLE}` });
  }
  const problems: string[] = [];
  const root = fields(parsed, 'the scenario', problems, { conversations: CONVERSATION.recordings });
  const conversations = list(root['conversations']).map((value, at): ScriptedConversation => {
    const place = `conversations[${at}]`;
    const { endedAt, arrivesAt, recordings, ...rest } = fields(value, place, problems, CONVERSATION);
    return {
      ...rest,
      ...(typeof endedAt === 'string' ? { endedAt: Date.parse(endedAt) } : {}),
      ...(typeof arrivesAt === 'string' ? { arrivesAt: Date.parse(arrivesAt) } : {}),
      // every value was checked by the entry of its own name
      recordings: list(recordings).map(
        (one, index) =>
          fields(one, `${place}.recordings[${index}]`, problems, RECORDING) as ScriptedRecording,
      ),
    };
  });
  if (problems.length > 0) {
    const listed = problems.map((problem) => `  ${problem}`).join('\n');
    throw new SimulatorError(`the scenario has ${problems.length} problem(s):\n${listed}`);
  }
  return { conversations };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fields of an object that are as `checks` want them; what is wrong or unknown is added to `problems`. */
function fields(
  value: unknown,
  place: string,
  problems: string[],
  checks: Readonly<Record<string, FieldCheck>>,
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${place} must be an object`);
    return {};
  }
  const good: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) {
    const where = place === 'the scenario' ? name : `${place}.${name}`;
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    const problem =
      check === undefined ? `is unknown; known are ${Object.keys(checks).join(', ')}` : check(given);
    if (problem === undefined) good[name] = given;
    else problems.push(`${where} ${problem}`);
  }
  return good;
}
