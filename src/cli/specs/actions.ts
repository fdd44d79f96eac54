import type { CommandOutline } from './command-outline.ts';

/** What commands with several actions take as their first word: help, completion and the refusal of other words are made of these. */
export const ACTIONS = {
  access: ['list', 'verify'],
  catalogue: ['update', 'rebuild', 'status', 'export', 'sql', 'ddl'],
  facts: ['update', 'status'],
  hold: ['place', 'release', 'apply', 'list'],
  jobs: ['list', 'show', 'watch', 'pause', 'resume', 'cancel', 'failed', 'retry', 'run'],
  keys: ['generate', 'list', 'check', 'publish', 'receipts'],
  quarantine: ['list', 'release', 'erase', 'rules'],
  retain: ['show', 'extend', 'apply', 'rules'],
  'source-delete': ['plan', 'run', 'status', 'cancel'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type CommandWithActions = keyof typeof ACTIONS;
export type ActionOf<Command extends CommandWithActions> = (typeof ACTIONS)[Command][number];

/** The members of its spec that name the actions of a command, and what it takes after one. */
export function takesAction(
  command: CommandWithActions,
  ...further: NonNullable<CommandOutline['arguments']>
): Required<Pick<CommandOutline, 'arguments' | 'completes'>> {
  const actions: readonly string[] = ACTIONS[command];
  return { arguments: [['<action>', listWords(actions)], ...further], completes: actions };
}

/** `one, two or three` */
export function listWords(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}
