/** A line with a round-trip time, between a measured process and one of the benchmark's servers. */
import net from 'node:net';

/** ms by which a timer of Node is late on the average. */
const TIMER_LATE_MS = 1;

export interface Delay {
  /** Of the near end; the scheme is that of the far one, whose TLS passes through. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Every byte takes half of `roundTripMs` each way, and a new connection a whole one before its first byte. Not limited in bytes a second. */
export async function startDelay(far: string, roundTripMs: number): Promise<Delay> {
  const { protocol, hostname, port } = new URL(far);
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const readyAt = performance.now() + roundTripMs;
    const target = net.connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [near, target],
      [target, near],
    ] as const) {
      // all of one direction are late by the same time, and so stay in order
      const later = (send: () => void) => {
        const waits = Math.max(0, readyAt - performance.now()) + roundTripMs / 2 - TIMER_LATE_MS;
        setTimeout(() => {
          if (!to.destroyed) send();
        }, waits);
      };
      sockets.add(from);
      from.on('data', (bytes) => later(() => to.write(bytes)));
      from.on('end', () => later(() => to.end()));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        later(() => to.destroy());
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line is not listening');
  return {
    origin: `${protocol}//127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
