/** The source and the S3 sink of a benchmark, in a process of their own: prints one JSON line, ends with its standard input. */
import { startSimulator } from '../../packages/simulator/src/simulator.ts';

const [dir = '', ...sizes] = process.argv.slice(2);
const simulator = await startSimulator({
  recordings: sizes.map((bytes) => ({ bytes: Number(bytes), encoding: 'pcm16' as const })),
  s3: { dir, bucket: 'bench' },
});
const recordings = simulator.recordings.map(({ id, bytes }) => ({
  id,
  bytes,
  event: simulator.event(id, 'eventbridge'),
}));
process.stdout.write(`${JSON.stringify({ env: simulator.environment(), recordings })}\n`);
process.stdin.resume();
process.stdin.on('end', () => {
  void simulator.close().then(() => process.exit(0));
});
