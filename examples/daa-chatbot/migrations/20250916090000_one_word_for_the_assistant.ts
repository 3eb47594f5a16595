import type { MigrationDatabase } from 'tidemark';

/** Two words were in use for the same role. */
export async function upgrade(db: MigrationDatabase): Promise<void> {
  await db.sql`UPDATE messages SET role = ${'assistant'} WHERE role = ${'bot'}`;
}

export async function downgrade(db: MigrationDatabase): Promise<void> {
  await db.sql`UPDATE messages SET role = ${'bot'} WHERE role = ${'assistant'}`;
}
