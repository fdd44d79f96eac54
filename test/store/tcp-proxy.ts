import net from 'node:net';

/** What happens to one HTTP exchange that goes through the proxy. */
export interface ProxyFault {
  /** Of the request line, e.g. `/^PUT .*partNumber=2/`. */
  readonly request: RegExp;
  /** The response is dropped after this many bytes, and the connection reset; 0 loses the whole answer. */
  readonly cutResponseAfter: number;
}

export interface TcpProxy {
  readonly url: string;
  /** Each is used once, in order, by the first request it matches. */
  readonly faults: ProxyFault[];
  /** Request lines and headers, as sent, in order. */
  readonly heads: string[];
  close(): Promise<void>;
}

/**
 * Stands between a client and an HTTP server, and breaks connections after the server has done its work: the one failure a
 * server cannot be asked to inject into itself without ambiguity.
 */
export async function startTcpProxy(upstream: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(upstream);
  const faults: ProxyFault[] = [];
  const heads: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const origin = net.connect(Number(port), hostname);
    let passing = Number.POSITIVE_INFINITY;
    for (const socket of [client, origin]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        origin.destroy();
      });
    }
    client.on('data', (data) => {
      const head = /^[A-Z]+ \S+ HTTP\/1\.1\r\n.*?\r\n\r\n/s.exec(data.toString('latin1', 0, 16_384))?.[0];
      if (head !== undefined) heads.push(head);
      const line = head?.split('\r\n', 1)[0];
      const index = line === undefined ? -1 : faults.findIndex((fault) => fault.request.test(line));
      const [fault] = index === -1 ? [] : faults.splice(index, 1);
      if (fault !== undefined) passing = fault.cutResponseAfter;
      if (!origin.write(data)) client.pause();
    });
    origin.on('drain', () => client.resume());
    origin.on('data', (data) => {
      const part = data.subarray(0, Math.min(passing, data.byteLength));
      passing -= part.byteLength;
      if (!client.write(part)) origin.pause();
      if (part.byteLength < data.byteLength) client.end(() => client.resetAndDestroy());
    });
    client.on('drain', () => origin.resume());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as net.AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    faults,
    heads,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
