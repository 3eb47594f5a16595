import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Client } from 'pg';

/** What is behind `pg`'s back, and hers no more once she has logged in. */
interface Raw {
  readonly connection: { readonly stream: Socket };
}

/** A session of the server, for one transaction at a time. */
interface Session {
  readonly client: Client;
  readonly stream: Socket;
}

/**
 * Stands before a server on loopback as PgBouncer does with `pool_mode = transaction`: a client has a session of the
 * server from its first message until the server is outside of a transaction again, and the next time another one.
 */
export class TransactionPooler {
  readonly #server: Server;
  readonly #target: string;
  readonly #clients = new Set<Socket>();
  #sessions: Session[] = [];
  #next = 0;

  constructor(target: string) {
    this.#target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  /** Starts it; gives the address that leads through it. */
  async start(sessions = 3): Promise<string> {
    for (let count = 0; count < sessions; count++) {
      const client = new Client({ connectionString: this.#target });
      client.on('error', () => undefined);
      await client.connect();
      const { stream } = (client as unknown as Raw).connection;
      stream.removeAllListeners('data');
      this.#sessions.push({ client, stream });
    }
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async stop(): Promise<void> {
    for (const socket of this.#clients) socket.destroy();
    for (const { stream } of this.#sessions) stream.destroy();
    this.#sessions = [];
    await new Promise((done) => this.#server.close(done));
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    client.on('error', () => undefined);
    client.once('close', () => this.#clients.delete(client));
    let waiting = Buffer.alloc(0);
    let welcomed = false;
    let session: Session | undefined;
    let answer = Buffer.alloc(0);
    const fromServer = (data: Buffer) => {
      client.write(data);
      answer = Buffer.concat([answer, data]);
      for (;;) {
        const message = firstMessage(answer, 1);
        if (message === undefined) return;
        answer = answer.subarray(message.length);
        // ReadyForQuery, and outside of a transaction.
        if (message.toString('latin1', 0, 1) !== 'Z' || message.toString('latin1', 5, 6) !== 'I') continue;
        session?.stream.off('data', fromServer);
        session = undefined;
      }
    };
    client.on('data', (data) => {
      waiting = Buffer.concat([waiting, data]);
      for (;;) {
        const message = firstMessage(waiting, welcomed ? 1 : 0);
        if (message === undefined) return;
        waiting = waiting.subarray(message.length);
        if (!welcomed) {
          // A request for TLS is refused; whoever introduces himself is let in.
          if (message.readInt32BE(4) === 80877103) client.write('N');
          else {
            welcomed = true;
            client.write(WELCOME);
          }
        } else if (message.toString('latin1', 0, 1) === 'X') {
          client.end();
        } else {
          if (session === undefined) {
            session = this.#sessions[this.#next++ % this.#sessions.length];
            session?.stream.on('data', fromServer);
          }
          session?.stream.write(message);
        }
      }
    });
  }
}

/** The first whole message; `at` is where its length stands. */
function firstMessage(bytes: Buffer, at: 0 | 1): Buffer | undefined {
  if (bytes.length < at + 4) return undefined;
  const length = at + bytes.readInt32BE(at);
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

const parameter = (name: string, value: string) => message('S', Buffer.from(`${name}\0${value}\0`));

/** AuthenticationOk, what a driver wants to know, a key for cancellations that nobody takes, ReadyForQuery. */
const WELCOME = Buffer.concat([
  message('R', Buffer.alloc(4)),
  parameter('server_version', '15.0'),
  parameter('client_encoding', 'UTF8'),
  parameter('standard_conforming_strings', 'on'),
  message('K', Buffer.alloc(8)),
  message('Z', Buffer.from('I')),
]);
