import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps a server within `most` connections. The connection that has been without a request for longest makes room for a new one, so that
 * silent connections, or idle ones of a proxy, cannot keep a sender out; while all are busy, new ones are refused.
 */
export function limitConnections(server: Server, most: number): void {
  /** Open connections without a request, the longest so first. */
  const idle = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    idle.add(socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
    });
    if (open <= most) return;
    const [longest = socket] = idle;
    idle.delete(longest);
    longest.destroy();
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}
