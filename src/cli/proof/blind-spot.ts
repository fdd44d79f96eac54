import { printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';

/**
 * Says what is in neither number, also with `--quiet`: a comparison without it would claim more than was looked at.
 * Nothing with `--json`, whose records have `visibility`.
 *
 * @param divisions as the platform was asked: `all`, `unknown`, or their ids.
 */
export function tellBlindSpot(ui: Ui, when: string, divisions: string | readonly string[]): void {
  if (ui.json) return;
  const seen = typeof divisions === 'string' ? divisions : `${divisions.length} divisions`;
  const text = `${when}: blind spot: recordings of divisions that the OAuth client cannot see are in neither number (divisions visible: ${printable(seen)})`;
  if (ui.quiet) ui.warn(text);
  else ui.say(text);
}
