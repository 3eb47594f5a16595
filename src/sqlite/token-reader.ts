import { type Token, tokens } from './lexer.js';
import { canBeName, unquoteName } from './names.js';

/** DDL that the reader cannot follow. It is the reader's own error: the schema reader reports the object by name. */
export class DdlError extends Error {
  override readonly name = 'DdlError';
}

/** Walks over the tokens of one statement without its comments. Words are compared without case. */
export class TokenReader {
  readonly sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokens(sql).filter((token) => token.kind !== 'comment');
  }

  /** The token ahead, or the one `skip` places further. */
  peek(skip = 0): Token | undefined {
    return this.#tokens[this.#at + skip];
  }

  get atEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Where the token ahead begins; the end of the text after the last one. */
  get offset(): number {
    return this.peek()?.start ?? this.sql.length;
  }

  /** Where the token just read ends. */
  get endOfLast(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  next(): Token {
    const token = this.peek();
    if (!token) throw this.error('the statement ends too early');
    this.#at += 1;
    return token;
  }

  text(token: Token): string {
    return this.sql.slice(token.start, token.end);
  }

  /** True when these bare words (or symbols) stand ahead. */
  ahead(...words: readonly string[]): boolean {
    return words.every((word, index) => this.#is(this.peek(index), word));
  }

  /** Reads these words if they stand ahead. */
  accept(...words: readonly string[]): boolean {
    if (!this.ahead(...words)) return false;
    this.#at += words.length;
    return true;
  }

  expect(...words: readonly string[]): void {
    if (!this.accept(...words)) throw this.error(`${words.join(' ')} expected`);
  }

  /** The one of these words that stands ahead, read. */
  acceptAny<const W extends string>(words: readonly W[]): W | undefined {
    return words.find((word) => this.accept(word));
  }

  /** Reads a name in any of its quotings. */
  readName(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'quoted' && token.kind !== 'string') {
      throw this.error(`a name expected instead of ${this.text(token)}`);
    }
    return unquoteName(this.text(token));
  }

  /** Reads a name with an optional schema before it, which is left out. */
  readQualifiedName(): string {
    const name = this.readName();
    return this.accept('.') ? this.readName() : name;
  }

  /** Reads `( … )` with whatever it holds, and gives the text between the parentheses. */
  readParenthesized(): string {
    this.expect('(');
    const start = this.endOfLast;
    for (let depth = 1; ; ) {
      const token = this.next();
      const text = this.text(token);
      if (token.kind !== 'symbol') continue;
      if (text === '(') depth += 1;
      if (text === ')') depth -= 1;
      if (depth === 0) return this.sql.slice(start, token.start).trim();
    }
  }

  /** Reads tokens up to (not including) the first one outside parentheses for which `stop` holds, or the end. */
  readUntil(stop: (reader: TokenReader) => boolean): string {
    const start = this.offset;
    let end = start;
    while (!this.atEnd && !stop(this)) {
      if (this.ahead('(')) this.readParenthesized();
      else this.next();
      end = this.endOfLast;
    }
    return this.sql.slice(start, end);
  }

  /** True when the token ahead can be a name. */
  aheadPlainName(): boolean {
    const token = this.peek();
    if (!token) return false;
    return (
      token.kind === 'quoted' ||
      token.kind === 'string' ||
      (token.kind === 'word' && canBeName(this.text(token)))
    );
  }

  error(message: string): DdlError {
    const near = this.peek();
    return new DdlError(`${message}${near ? ` near ${this.text(near)}` : ''}`);
  }

  #is(token: Token | undefined, word: string): boolean {
    if (!token || (token.kind !== 'word' && token.kind !== 'symbol')) return false;
    return this.text(token).toLowerCase() === word.toLowerCase();
  }
}
