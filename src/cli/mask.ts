const STARS = '***';

/**
 * Takes passwords out of a text: the last line of defence behind messages that should not hold any. Masked
 * are the password of every URL, every `password=…` of a connection string, and the given secrets wherever
 * they stand, if they are long enough not to be an ordinary word.
 */
export function maskPasswords(text: string, secrets: Iterable<string> = []): string {
  let masked = text
    // Greedy up to the last @ before the path, as URLs with an unencoded @ in the password are what people paste.
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):([^\s/"'`]+)@/gi, `$1:${STARS}@`)
    .replace(
      /\b((?:pg|db_)?(?:password|passwd|pwd)\s*=\s*)('(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&'"`,;)]+)/gi,
      `$1${STARS}`,
    )
    // CREATE ROLE … PASSWORD '…' in a statement that failed.
    .replace(/\b(password\s+)(?:[eE]?'(?:[^'\\]|\\.|'')*'?|\$\$.*?(?:\$\$|$))/gi, `$1'${STARS}'`);
  for (const secret of secrets) {
    for (const spelling of new Set([secret, encodeURIComponent(secret)])) {
      if (spelling.length >= 6 && !ordinary.has(spelling.toLowerCase()))
        masked = masked.replaceAll(spelling, STARS);
    }
  }
  return masked;
}

/** Passwords of development set-ups that are words of every message: hiding them would hide the message. */
const ordinary = new Set(['postgres', 'postgresql', 'password', 'tidemark', 'database', 'docker']);

/** The passwords that variables hold. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const urls = [env.DATABASE_URL].flatMap((url) => {
    const match = url && /^[a-z0-9+.-]+:\/\/[^:/?#@]*:([^/]+)@/i.exec(url);
    return match ? [match[1]!, decoded(match[1]!)] : [];
  });
  return [env.DB_PASSWORD, env.PGPASSWORD, ...urls].filter((secret): secret is string => Boolean(secret));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
