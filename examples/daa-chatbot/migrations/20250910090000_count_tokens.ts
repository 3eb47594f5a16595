import type { MigrationDatabase } from 'tidemark';

/** Messages from before tokens were counted get an estimate: four characters a token. */
export async function upgrade(db: MigrationDatabase): Promise<void> {
  const messages = await db.query<{ id: number; content: string }>(
    "SELECT id, content FROM messages WHERE tokens IS NULL OR tokens = ''",
  );
  for (const { id, content } of messages) {
    await db.sql`UPDATE messages SET tokens = ${String(Math.ceil(content.length / 4))} WHERE id = ${id}`;
  }
  db.log(`${messages.length} messages estimated`);
}

/** The estimates stay: what came before them was nothing. */
export async function downgrade(): Promise<void> {}
