import net from 'node:net';

/** A request whose body the server has begun to receive and does not read on. */
export interface HeldRequest {
  /** Reads slowly on, until the body is complete or the connection is over. */
  readOn(): Promise<{ readonly body: Buffer; readonly complete: boolean }>;
}

export interface SlowProxy {
  readonly url: string;
  /**
   * Holds the next request whose request line is like that; `answer` is sent at once, before its body is read.
   * @returns when the first bytes of it have come.
   */
  hold(request: RegExp, answer?: string): Promise<HeldRequest>;
  /** Connections that were made so far. */
  connections(): number;
  close(): Promise<void>;
}

interface Rule {
  readonly request: RegExp;
  readonly answer: string | undefined;
  readonly held: (request: HeldRequest) => void;
}

/** Passes requests on to an HTTP server, but for those that are held: the server never sees them. */
export async function startSlowProxy(upstream: string): Promise<SlowProxy> {
  const { hostname, port } = new URL(upstream);
  const rules: Rule[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((client) => {
    connections += 1;
    const origin = net.connect(Number(port), hostname);
    for (const socket of [client, origin]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('close', () => origin.destroy());
    origin.on('close', () => client.destroy());
    origin.on('data', (data) => client.write(data));
    const pass = (data: Buffer) => {
      const [line = ''] = data.toString('latin1', 0, 4096).split('\r\n', 1);
      const index = rules.findIndex(({ request }) => request.test(line));
      const [rule] = index === -1 ? [] : rules.splice(index, 1);
      if (rule === undefined) {
        if (!origin.write(data)) {
          client.pause();
          origin.once('drain', () => client.resume());
        }
        return;
      }
      client.off('data', pass);
      client.pause();
      if (rule.answer !== undefined) client.write(rule.answer);
      rule.held({ readOn: () => readBody(client, data) });
    };
    client.on('data', pass);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    hold: (request, answer) => new Promise((held) => rules.push({ request, answer, held })),
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readBody(client: net.Socket, first: Buffer): ReturnType<HeldRequest['readOn']> {
  const start = first.indexOf('\r\n\r\n') + 4;
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(first.toString('latin1', 0, start)) ?? [];
  const chunks = [first.subarray(start)];
  let missing = Number(length) - first.length + start;
  return new Promise((resolve) => {
    const end = () => {
      client.destroy();
      resolve({ body: Buffer.concat(chunks), complete: missing <= 0 });
    };
    client.on('close', end);
    client.on('end', end);
    client.on('data', (data: Buffer) => {
      chunks.push(data);
      missing -= data.length;
      if (missing <= 0) end();
    });
    client.resume();
  });
}
