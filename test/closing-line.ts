import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends every run with the line that scripts read: `N passed, N failed[, N skipped]`, after the reasons for skipping. A test that is
 * expected to fail (`it.fails`) is neither passed nor failed: it is listed before that line.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const deviations: string[] = [];
    const reasons = new Map<string, number>();
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        // expected to fail, and did: nothing that this server was shown to do
        if (test.options.fails === true && result.state === 'passed') deviations.push(test.name);
        else if (result.state === 'passed') count.passed += 1;
        else if (result.state === 'failed') count.failed += 1;
        else {
          count.skipped += 1;
          const note = 'note' in result && typeof result.note === 'string' ? result.note : undefined;
          const reason =
            note ?? /\[(?:needs|skipped): [^\]]+\]/.exec(test.fullName)?.[0] ?? 'no reason given';
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
      }
    }
    const lines = [...reasons].map(([reason, times]) => `skipped ${times}: ${reason}`);
    if (deviations.length > 0)
      lines.push(`not met, as expected, and not counted as passed: ${deviations.length}`);
    for (const name of deviations) lines.push(`  ${name}`);
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    process.stdout.write(
      `${[...lines, `${count.passed} passed, ${count.failed} failed${skipped}`].join('\n')}\n`,
    );
  }
}
