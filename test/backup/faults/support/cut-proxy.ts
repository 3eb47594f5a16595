import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server on loopback, and breaks the connection on which the most comes. */
export class CutProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;
  /** `stall`: the connection stays, and nothing comes any more; `cut`: it breaks. Of each that passes the bytes. */
  mode: 'pass' | 'stall' | 'cut' = 'pass';
  after = Number.POSITIVE_INFINITY;
  /** How many connections have met their fault. */
  struck = 0;

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((client) => this.#serve(client));
  }

  /** Starts it; gives the address that leads through it. */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #serve(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    let bytes = 0;
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => {
      bytes += data.length;
      if (this.mode === 'pass' || bytes <= this.after) {
        if (!client.write(data)) {
          server.pause();
          client.once('drain', () => server.resume());
        }
        return;
      }
      this.struck += 1;
      // What is not passed on is read all the same, or the end of the server would not be seen.
      if (this.mode === 'cut') client.resetAndDestroy();
    });
  }
}
