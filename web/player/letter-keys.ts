import { type Command, letterCommand } from './keys.ts';

const NAME = 'letter-keys';

/** Reports whether letters are keys of the player; this browser remembers it. */
export const lettersAct = () => localStorage.getItem(NAME) !== 'off';

export const turnLetters = (on: boolean) => localStorage.setItem(NAME, on ? 'on' : 'off');

/** Acts on a letter, unless letters are off or the focus is in a field that takes text. */
export function pressLetter(event: KeyboardEvent, act: (command: Command) => void): void {
  const { target } = event;
  const types = target instanceof HTMLElement && target.matches('input[type=text], textarea, select');
  const command = lettersAct() && !types ? letterCommand(event) : undefined;
  if (command === undefined) return;
  event.preventDefault();
  act(command);
}
