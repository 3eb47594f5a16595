import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What goes wrong, when. Without more it happens once, to the first request that fits. */
export interface Fault {
  /** The operation as the fake calls it: `PutObject`, `tus:PATCH`. Default: any. */
  readonly op?: string;
  /** What the key has to match. */
  readonly key?: RegExp;
  /** How many requests that fit pass before it. */
  readonly skip?: number;
  readonly times?: number;
  /** Answers so and does nothing. */
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers later. */
  readonly delayMs?: number;
  /** Cuts the connection after so many bytes of the request's body, or of the answer's. */
  readonly resetRequestAfter?: number;
  readonly resetAfter?: number;
  /** Does what is asked, and cuts the connection instead of saying so. */
  readonly loseAnswer?: boolean;
  /** Says that it did what is asked, and does not. */
  readonly lose?: boolean;
  /** Gives other bytes than it has, or fewer; says so in no header. */
  readonly flip?: boolean;
  readonly truncate?: number;
  /** Sends the answer's body a byte at a time, so many milliseconds apart. */
  readonly trickleMs?: number;
}

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  /** Of the path, as it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly rawQuery: string;
  readonly body: Buffer;
  readonly fault: Fault | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | readonly Buffer[] | string;
}

/** A server on loopback with scripted faults: the part that all fakes share. */
export abstract class HttpFake {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #faults: { fault: Fault; skip: number; left: number }[] = [];
  /** `PutObject app/x`, in the order in which they came. */
  readonly log: string[] = [];
  /** Added to the server's clock. */
  clockOffsetMs = 0;

  constructor() {
    this.#server = createServer((req, res) => {
      this.#serve(req, res).catch((error: unknown) => {
        if (!res.headersSent) res.writeHead(500);
        res.end(`the fake broke: ${error}`);
      });
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Starts it; gives its address. */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  /** Every connection breaks, as when the server is killed and started again. */
  restart(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  break(fault: Fault): void {
    this.#faults.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
  }

  /** Faults that did not come to pass yet: a test that did not meet its fault proves nothing. */
  get pending(): readonly Fault[] {
    return this.#faults
      .filter(({ fault, left }) => left > 0 && left !== Number.POSITIVE_INFINITY && fault)
      .map(({ fault }) => fault);
  }

  heal(): void {
    this.#faults.length = 0;
  }

  now(): Date {
    return new Date(Date.now() + this.clockOffsetMs);
  }

  protected abstract nameOf(exchange: Omit<Exchange, 'fault' | 'body'>): {
    readonly op: string;
    readonly key: string;
  };
  protected abstract answer(op: string, key: string, exchange: Exchange): Promise<Reply> | Reply;
  protected abstract errorReply(
    status: number,
    code: string,
    message: string,
    exchange: Pick<Exchange, 'method'>,
  ): Reply;

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const method = req.method ?? 'GET';
    const [path = '/', rawQuery = ''] = (req.url ?? '/').split('?');
    const partial = { req, res, method, path, rawQuery, query: new URLSearchParams(rawQuery) };
    const { op, key } = this.nameOf(partial);
    this.log.push(`${op} ${key}`.trim());
    const fault = this.#take(op, key);
    const body = await readBody(req, fault?.resetRequestAfter);
    if (body === undefined) return;
    const exchange = { ...partial, body, fault };
    if (fault?.delayMs !== undefined) await pause(fault.delayMs, undefined, { ref: false });
    const reply =
      fault?.status === undefined
        ? await this.answer(op, key, exchange)
        : {
            ...this.errorReply(
              fault.status,
              fault.code ?? 'InternalError',
              fault.message ?? 'scripted',
              exchange,
            ),
          };
    if (fault?.loseAnswer === true) {
      req.socket.destroy();
      return;
    }
    await this.#send(exchange, reply, fault);
  }

  async #send(
    { res, method }: Exchange,
    { status, headers = {}, body = [] }: Reply,
    fault: Fault | undefined,
  ): Promise<void> {
    let chunks = typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : [...body];
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (fault?.flip === true) {
      const [first = Buffer.alloc(0), ...rest] = chunks;
      const changed = Buffer.from(first);
      changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
      chunks = [changed, ...rest];
    }
    const given = fault?.truncate === undefined ? bytes : Math.min(bytes, fault.truncate);
    res.writeHead(status, {
      date: this.now().toUTCString(),
      // The answer to a HEAD tells the length of what a GET would give.
      ...(method === 'HEAD' || status === 204 ? {} : { 'content-length': given }),
      ...headers,
      ...fault?.headers,
    });
    if (method === 'HEAD' || status === 204) {
      res.end();
      return;
    }
    const stop = fault?.resetAfter ?? given;
    let sent = 0;
    for (const whole of chunks) {
      const chunk = whole.subarray(0, stop - sent);
      sent += chunk.length;
      if (fault?.trickleMs !== undefined) {
        for (const byte of chunk) {
          if (res.destroyed) return;
          res.write(Buffer.from([byte]));
          await pause(fault.trickleMs, undefined, { ref: false });
        }
      } else if (!res.write(chunk)) {
        await new Promise<void>((done) => {
          const go = () => {
            res.off('drain', go).off('close', go);
            done();
          };
          res.on('drain', go).on('close', go);
        });
      }
    }
    if (fault?.resetAfter === undefined) res.end();
    // What was written has to leave before the connection is cut.
    else setTimeout(() => res.socket?.destroy(), 20);
  }

  #take(op: string, key: string): Fault | undefined {
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (entry.left <= 0 || (fault.op !== undefined && fault.op !== op) || fault.key?.test(key) === false)
        continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      return fault;
    }
    return undefined;
  }
}

/** Undefined when the connection was cut, by whomever. */
async function readBody(req: IncomingMessage, resetAfter: number | undefined): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (resetAfter !== undefined && bytes >= resetAfter) {
        req.socket.destroy();
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
  if (resetAfter !== undefined) {
    req.socket.destroy();
    return undefined;
  }
  return Buffer.concat(chunks, bytes);
}
