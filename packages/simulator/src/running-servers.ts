import { SimulatorError, describeCause } from './simulator-error.ts';

/** Of a failure to listen, as Node.js states it. */
function portOf(error: unknown): string {
  const port: unknown = error instanceof Error && 'port' in error ? error.port : undefined;
  return typeof port === 'number' ? ` on port ${port}` : '';
}

interface Closable {
  close(): Promise<void>;
}

/** Servers that start and end together: none is left listening when one of them cannot start. */
export class RunningServers {
  readonly #running: Closable[] = [];

  /** @throws SimulatorError when the server cannot listen; those that run are closed by then. */
  async start<T extends Closable>(server: Promise<T>): Promise<T> {
    try {
      const started = await server;
      this.#running.push(started);
      return started;
    } catch (error) {
      await this.close();
      if (error instanceof SimulatorError) throw error;
      throw new SimulatorError(`the simulator cannot listen${portOf(error)}: ${describeCause(error)}`, {
        hint: 'another program may be using the port; 0 takes any free one',
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map(async (server) => server.close()));
  }
}
