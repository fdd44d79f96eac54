import { jsonLogger, type Logger } from '../src/log.ts';

/** A logger that keeps its lines, as they would be printed. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const logger = jsonLogger((line) => lines.push(line), Date.now, 'debug');
  return { ...logger, lines };
}
