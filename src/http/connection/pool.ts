import net, { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { Connection } from './connection.ts';
import type { ProxyServer } from '../../proxies.ts';

export interface Target {
  readonly secure: boolean;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The only addresses that may be connected to; any, where they are not stated. */
  readonly addresses: readonly string[] | undefined;
  /** What it is reached through. */
  readonly proxy?: ProxyServer | undefined;
}

export interface PoolOptions {
  /**
   * Bytes read at a time from a plain connection, and kept for it. What is read is handed over without a copy, and has been dealt with
   * before the next read.
   */
  readonly readBytes: number;
  /** Injected in tests: makes the connection instead of `net`/`tls`. */
  readonly connect?:
    | ((target: { host: string; port: number; addresses: readonly string[] }) => Duplex)
    | undefined;
}

/** More connections than this to one host are not kept when they are idle; fewer, where their buffers are large. */
const MAX_IDLE_CONNECTIONS = 64;

/** Bytes of the buffers of idle connections to one host, at most. */
const MAX_IDLE_BYTES = 16 * 1024 * 1024;

/** Bytes of a TLS connection that are gathered before they are handed over, at most. */
const MAX_GATHERED_BYTES = 512 * 1024;

/** ms between the probes of an idle connection, as Node's own agent has it. */
const KEEP_ALIVE_PROBE_MS = 1_000;

/** Connections of one client, used again where the server allows it. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #idle = new Map<string, Connection[]>();
  /** TLS sessions by host: resuming one saves the server's certificate and most of the handshake. */
  readonly #sessions = new Map<string, Buffer>();
  readonly #mostIdle: number;
  /** Connections by host that wait for the next reads before they are idle. */
  readonly #parked = new Map<string, number>();
  /** Connections by host that were opened ahead of a request, and are connecting. */
  readonly #opening = new Map<string, readonly Promise<void>[]>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#mostIdle = Math.min(MAX_IDLE_CONNECTIONS, Math.ceil(MAX_IDLE_BYTES / options.readBytes));
  }

  /**
   * An idle connection, or `undefined`. One that has just been given back is waited for: bytes that came right behind its last response
   * belong to no request, and have to be seen before it is used again. One that was opened ahead is waited for as well: it is further than a
   * new one would be.
   */
  async takeIdle(target: Target): Promise<Connection | undefined> {
    const origin = originOf(target);
    const found = this.#popIdle(origin);
    if (found !== undefined) return found;
    const [ahead, ...others] = this.#opening.get(origin) ?? [];
    if (ahead !== undefined) {
      this.#opening.set(origin, others);
      await ahead;
    }
    if (ahead === undefined && this.#parked.has(origin))
      await new Promise<void>((resolve) => afterNextReads(resolve));
    return this.#popIdle(origin);
  }

  /**
   * Opens a connection ahead of the request that will need it. A failure is not reported: that request then opens one of its own.
   *
   * @param timeoutMs after which it is given up.
   */
  openAhead(target: Target, timeoutMs: number, tunnel?: net.Socket): void {
    const origin = originOf(target);
    const connected = new Promise<void>((resolve) => {
      const connection = this.open(target, tunnel);
      const { socket } = connection;
      const timer = setTimeout(() => socket.destroy(), timeoutMs);
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      socket.once(target.secure ? 'secureConnect' : 'connect', () => {
        setReferenced(socket, false);
        this.#putAway(origin, connection);
        end();
      });
      socket.once('close', end);
      socket.on('error', () => {});
    });
    this.#opening.set(origin, [...(this.#opening.get(origin) ?? []), connected]);
    const forget = () =>
      this.#opening.set(
        origin,
        (this.#opening.get(origin) ?? []).filter((other) => other !== connected),
      );
    void connected.finally(forget);
  }

  #popIdle(origin: string): Connection | undefined {
    const kept = this.#idle.get(origin) ?? [];
    for (let connection = kept.pop(); connection !== undefined; connection = kept.pop()) {
      if (!connection.isUsable) continue;
      setReferenced(connection.socket, true);
      return connection;
    }
    return undefined;
  }

  /** Ends the idle connections; those in use end when their response has been read. */
  close(): void {
    this.#closed = true;
    for (const connections of this.#idle.values()) {
      for (const connection of connections) connection.destroy();
    }
    this.#idle.clear();
  }

  /**
   * Makes a new connection, which may still be connecting.
   *
   * @param tunnel leads to the target, where it is reached through a proxy.
   */
  open(target: Target, tunnel?: net.Socket): Connection {
    const origin = originOf(target);
    const onFree = (connection: Connection) => this.#keep(origin, connection);
    const { host, port, addresses } = target;
    const { readBytes } = this.#options;
    const gather = () => Buffer.allocUnsafeSlow(Math.min(readBytes, MAX_GATHERED_BYTES));
    if (this.#options.connect !== undefined) {
      const socket = this.#options.connect({ host, port, addresses: addresses ?? [] });
      return new Connection(socket, { gather: gather(), onFree });
    }
    const place = tunnel === undefined ? { port, ...placeOf(host, addresses) } : { host, socket: tunnel };
    if (target.secure) {
      const socket = tls.connect({
        ...place,
        servername: isIP(host) === 0 ? host : '',
        // Stryker disable next-line StringLiteral: Node itself ends the process over an empty name
        ALPNProtocols: ['http/1.1'],
        session: this.#sessions.get(origin),
        // said, not inherited: NODE_TLS_REJECT_UNAUTHORIZED=0 must not weaken it
        rejectUnauthorized: true,
      });
      socket.on('session', (fresh: Buffer) => this.#sessions.set(origin, fresh));
      socket.on('error', () => this.#sessions.delete(origin));
      prepare(socket);
      // only this connection sees what the socket reads, and Node makes a new buffer for each piece
      return new Connection(socket, { gather: gather(), freesPieces: true, onFree });
    }
    if (tunnel !== undefined) {
      prepare(tunnel);
      return new Connection(tunnel, { gather: gather(), onFree });
    }
    // The callback never runs before the connection is made below: connecting takes a turn of the event loop.
    const receive = (bytes: number, buffer: Uint8Array) =>
      connection.receive(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
    const socket = net.connect({
      port,
      ...placeOf(host, addresses),
      onread: { buffer: Buffer.allocUnsafeSlow(readBytes), callback: receive },
    });
    prepare(socket);
    const connection = new Connection(socket, { gather: undefined, onFree });
    return connection;
  }

  #keep(origin: string, connection: Connection): void {
    // An idle connection does not keep the process alive.
    setReferenced(connection.socket, false);
    this.#parked.set(origin, (this.#parked.get(origin) ?? 0) + 1);
    afterNextReads(() => {
      const others = (this.#parked.get(origin) ?? 1) - 1;
      if (others === 0) this.#parked.delete(origin);
      else this.#parked.set(origin, others);
      if (connection.isUsable) this.#putAway(origin, connection);
      else connection.destroy();
    });
  }

  #putAway(origin: string, connection: Connection): void {
    const kept = this.#idle.get(origin) ?? [];
    if (this.#closed || kept.length >= this.#mostIdle) {
      connection.destroy();
      return;
    }
    kept.push(connection);
    this.#idle.set(origin, kept);
  }
}

/** Runs `then` when the event loop has read from its sockets once more: of two immediates in a row, the second follows a poll. */
function afterNextReads(then: () => void): void {
  setImmediate(() => setImmediate(then));
}

function prepare(socket: net.Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
}

function setReferenced(socket: Duplex, referenced: boolean): void {
  if (!(socket instanceof net.Socket)) return;
  if (referenced) socket.ref();
  else socket.unref();
}

function originOf({ secure, host, port, proxy }: Target): string {
  const through = proxy === undefined ? '' : ` through ${proxy.name}`;
  return `${secure ? 'https' : 'http'}://${host}:${port}${through}`;
}

/** Only the addresses that were checked, where they were: a name could mean another one by now. */
function placeOf(
  host: string,
  addresses: readonly string[] | undefined,
): { readonly host: string; readonly lookup?: LookupFunction } {
  if (addresses === undefined) return { host };
  const [first = host] = addresses;
  if (addresses.length === 1) return { host: first };
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return {
    host,
    lookup: (_host, options, callback) => {
      if (options.all === true) callback(null, all);
      else callback(null, first, isIP(first));
    },
  };
}
