import { ArchiveError } from '../errors.ts';
import { printable } from './_format.ts';
import { type ActionOf, ACTIONS, type CommandWithActions, listWords } from './specs/actions.ts';

/**
 * Returns the action that `word` names.
 * @throws `USAGE`, with the actions that the command has.
 */
export function requireAction<Command extends CommandWithActions>(
  command: Command,
  word: string,
): ActionOf<Command> {
  const actions: readonly ActionOf<Command>[] = ACTIONS[command];
  const action = actions.find((one) => one === word);
  if (action !== undefined) return action;
  throw new ArchiveError('USAGE', `${command} does not know ${printable(word.slice(0, 40))}`, {
    hint: `${command} ${listWords(actions)}`,
  });
}
