import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { Project } from 'tidemark';

interface Note {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly created_at: string;
}

interface Question {
  readonly id: string;
  readonly note_id: string;
  readonly question: string;
  readonly answer: string | null;
  readonly asked_at: string;
  readonly rating: number | null;
}

const text = { type: 'string', minLength: 1, maxLength: 100_000 };
const body = (properties: Record<string, object>, required: string[]): FastifySchema => ({
  body: { type: 'object', properties, required, additionalProperties: false },
});

/** The assistant's notes and what was asked about them. */
export function noteRoutes(server: FastifyInstance, project: Project): void {
  // `$1` is PostgreSQL's and SQLite's parameter alike. The session is asked for each time: a lost one is replaced.
  const rows = async <R extends object>(sql: string, ...values: unknown[]): Promise<R[]> => {
    const database = await project.connection();
    return database.query<R>(database.engine === 'sqlite' ? sql.replaceAll('$', '?') : sql, values);
  };
  const noteOf = async (id: string) => (await rows<Note>('SELECT * FROM notes WHERE id = $1', id))[0];

  server.get('/notes', () => rows<Note>('SELECT * FROM notes ORDER BY created_at DESC, id LIMIT 100'));

  server.post<{ Body: { title: string; body: string } }>(
    '/notes',
    { schema: body({ title: text, body: text }, ['title', 'body']) },
    async ({ body: { title, body } }, reply) => {
      const note: Note = { id: randomUUID(), title, body, created_at: new Date().toISOString() };
      await rows(
        'INSERT INTO notes (id, title, body, created_at) VALUES ($1, $2, $3, $4)',
        ...Object.values(note),
      );
      return reply.code(201).send(note);
    },
  );

  server.get<{ Params: { id: string } }>('/notes/:id', async ({ params: { id } }, reply) => {
    const note = await noteOf(id);
    if (note === undefined) return reply.callNotFound();
    const questions = await rows<Question>(
      'SELECT * FROM questions WHERE note_id = $1 ORDER BY asked_at, id',
      id,
    );
    return { ...note, questions };
  });

  server.post<{ Params: { id: string }; Body: { question: string } }>(
    '/notes/:id/questions',
    { schema: body({ question: text }, ['question']) },
    async ({ params, body: { question } }, reply) => {
      if ((await noteOf(params.id)) === undefined) return reply.callNotFound();
      const id = randomUUID();
      const [asked] = await rows<Question>(
        'INSERT INTO questions (id, note_id, question, asked_at) VALUES ($1, $2, $3, $4) RETURNING *',
        id,
        params.id,
        question,
        new Date().toISOString(),
      );
      return reply.code(201).send(asked);
    },
  );

  // Whatever answers the questions (a model, a person) leaves its answer here.
  server.post<{ Params: { id: string }; Body: { answer: string; rating?: number } }>(
    '/questions/:id/answer',
    {
      schema: body({ answer: text, rating: { type: 'integer', minimum: 1, maximum: 5 } }, ['answer']),
    },
    async ({ params: { id }, body: { answer, rating = null } }, reply) => {
      const [question] = await rows<Question>(
        'UPDATE questions SET answer = $1, rating = $2 WHERE id = $3 RETURNING *',
        answer,
        rating,
        id,
      );
      return question ?? reply.callNotFound();
    },
  );
}
