import net from 'node:net';

interface Target {
  host?: string;
  path?: string;
}

const isLoopback = (host: string | undefined) =>
  host === undefined || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

const guarded = Symbol.for('loopback-only');

/**
 * No test may address another machine: whatever opens a socket in this process goes through here. This file is evaluated once for
 * each test file, the process serves many of them.
 */
if (!(guarded in net.Socket.prototype)) {
  Object.defineProperty(net.Socket.prototype, guarded, { value: true });
  // oxlint-disable-next-line typescript/unbound-method -- called below with the socket as `this`
  const connect = net.Socket.prototype.connect as (...args: unknown[]) => net.Socket;

  net.Socket.prototype.connect = function guardedConnect(this: net.Socket, ...args: unknown[]): net.Socket {
    // net.connect() hands over its arguments already normalised, as one array [options, callback]
    const first: unknown = Array.isArray(args[0]) ? args[0][0] : args[0];
    const target: Target = typeof first === 'object' && first !== null ? first : {};
    const host = typeof args[1] === 'string' ? args[1] : target.host;
    if (target.path === undefined && !isLoopback(host)) throw new Error(`a test tried to connect to ${host}`);
    return connect.apply(this, args);
  };
}
