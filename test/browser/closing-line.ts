import type { FullConfig, FullResult, Reporter, Suite, TestCase } from '@playwright/test/reporter';

/** Ends the run with the line that scripts read: `N passed, N failed[, N skipped]`. */
export default class ClosingLine implements Reporter {
  #root: Suite | undefined;

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#root = suite;
  }

  onEnd(result: FullResult): void {
    const tests: readonly TestCase[] = this.#root?.allTests() ?? [];
    const count = (...outcomes: string[]) => tests.filter((test) => outcomes.includes(test.outcome())).length;
    const [passed, skipped] = [count('expected', 'flaky'), count('skipped')];
    // a run that ended early leaves tests that never began
    const failed =
      tests.length - passed - skipped + (result.status === 'passed' || result.status === 'failed' ? 0 : 1);
    process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  }

  printsToStdio(): boolean {
    return true;
  }
}
