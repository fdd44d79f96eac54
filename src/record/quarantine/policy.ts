/**
 * Which rules put a recording into quarantine. Pure. What the platform did not tell is not taken for absent: a rule that cannot be
 * answered marks the recording and says what is unknown, unless the rule itself says `"unknown": "pass"`.
 */
import { RECORDING_KINDS, type RecordingKind } from '../../recording/facts.ts';
import type { AskedFact, QuarantineFacts } from '../../ports.ts';
import type { QuarantineRule, QuarantineRules } from './file.ts';

/** Facts that can be unknown, in the order in which they are told. */
export const QUARANTINE_UNKNOWNS = [
  'media',
  'queues',
  'divisions',
  'annotations',
] as const satisfies readonly (keyof QuarantineFacts)[];

export interface QuarantineReason {
  /** Name of the rule. */
  readonly rule: string;
  /** What was not known of the recording; empty where the rule is for it. */
  readonly unknown: readonly (keyof QuarantineFacts)[];
}

export interface QuarantineDecision {
  /** The longest of the rules that mark it. */
  readonly days: number;
  readonly reasons: readonly QuarantineReason[];
}

/** Annotations of a recording that was paused on purpose. */
const PAUSES: readonly string[] = ['securepause', 'pause'];

/** Returns `undefined` for a recording that no rule marks. */
export function decideQuarantine(
  { rules }: Pick<QuarantineRules, 'rules'>,
  facts: QuarantineFacts,
): QuarantineDecision | undefined {
  let days = 0;
  const reasons: QuarantineReason[] = [];
  for (const rule of rules) {
    const unknown = fitOf(rule, facts);
    if (unknown === 'no' || (unknown.length > 0 && rule.unknown === 'pass')) continue;
    days = Math.max(days, rule.for);
    reasons.push({ rule: rule.name, unknown });
  }
  return reasons.length === 0 ? undefined : { days, reasons };
}

/** Which facts decide, once the medium is known: the others need not be asked for. */
export function factsNeeded(
  { rules }: Pick<QuarantineRules, 'rules'>,
  media: RecordingKind | undefined,
): ReadonlySet<AskedFact> {
  const needed = new Set<AskedFact>();
  for (const rule of rules) {
    if (testList(rule.media, media === undefined ? undefined : [media]) === false) continue;
    if (rule.queues !== undefined) needed.add('queues');
    if (rule.divisions !== undefined) needed.add('divisions');
    if (rule.annotations !== undefined || rule.securePause !== undefined) needed.add('annotations');
  }
  return needed;
}

/** The medium of a file, by what the platform and the media host say of it. */
export function mediumOfFile(
  kind: RecordingKind | undefined,
  contentType: string | undefined,
): RecordingKind | undefined {
  if (kind !== undefined) return kind;
  const [type = ''] = (contentType ?? '').split('/');
  if (type === 'audio') return 'call';
  if (type === 'video' || type === 'screen') return 'screen';
  return RECORDING_KINDS.find((one) => one === type);
}

/** What keeps the rule from being answered; empty where it is for the recording. */
function fitOf(
  { media, queues, divisions, annotations, securePause }: QuarantineRule,
  facts: QuarantineFacts,
): readonly (keyof QuarantineFacts)[] | 'no' {
  const known = facts.annotations;
  const tests: readonly (readonly [keyof QuarantineFacts, boolean | undefined])[] = [
    ['media', testList(media, facts.media === undefined ? undefined : [facts.media])],
    ['queues', testList(queues, facts.queues)],
    ['divisions', testList(divisions, facts.divisions)],
    ['annotations', testList(annotations, known)],
    ['annotations', securePause === undefined ? true : known && testList(PAUSES, known) === false],
  ];
  if (tests.some(([, fits]) => fits === false)) return 'no';
  const unknown = new Set(tests.flatMap(([name, fits]) => (fits === undefined ? [name] : [])));
  return QUARANTINE_UNKNOWNS.filter((name) => unknown.has(name));
}

/** `undefined` where it cannot be told. */
function testList(
  wanted: readonly string[] | undefined,
  known: readonly string[] | undefined,
): boolean | undefined {
  if (wanted === undefined) return true;
  return known?.some((one) => wanted.includes(one.toLowerCase()));
}
