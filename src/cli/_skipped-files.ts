import type { Simulator } from '../../packages/simulator/src/simulator.ts';
import type { Ui } from './_ui.ts';

/** Says which files and folders of `--media` are not served, and why. */
export function tellSkippedFiles(ui: Ui, { skippedFiles }: Pick<Simulator, 'skippedFiles'>): void {
  for (const { name, reason } of skippedFiles) {
    if (ui.json) ui.record('skipped', { name, reason });
    else ui.warn(`${name.replaceAll('\n', '�')} ${reason}: skipped`);
  }
}
