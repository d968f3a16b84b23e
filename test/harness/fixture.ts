/** A server for all tests of a `describe`, and connections that end with each test. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { killLeftovers } from './children.ts';
import { type RingstoneServer, type ServerOptions, startRingstone } from './ringstone.ts';
import { Wire } from './wire.ts';

/** What tests use. */
export interface Fixture {
  server(): RingstoneServer;
  /** A connection that is closed after the test. */
  connect(listener?: number): Promise<Wire>;
}

/** Starts the server before all tests and stops it after them. */
export function fixture(options: ServerOptions): Fixture {
  let server: RingstoneServer | undefined;
  const wires: Wire[] = [];
  beforeAll(async () => {
    server = await startRingstone(options);
  });
  afterEach(() => {
    for (const wire of wires.splice(0)) wire.close();
  });
  afterAll(async () => {
    const exit = await server?.stop();
    await killLeftovers();
    if (exit && exit.code !== 0)
      throw new Error(`the server ended with ${JSON.stringify(exit)}: ${server?.child.stderr.slice(-2000)}`);
  });
  const running = () => {
    if (!server) throw new Error('the server was not started');
    return server;
  };
  return {
    server: running,
    async connect(listener = 0) {
      const address = running().addresses[listener];
      if (!address) throw new Error(`no listener ${listener}`);
      const wire = await Wire.connect(address);
      wires.push(wire);
      return wire;
    },
  };
}
