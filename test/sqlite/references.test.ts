import { describe, expect, it } from 'vitest';
import { referencesOf } from '../../src/sqlite/references.js';

const cases: [sql: string, relations: string][] = [
  ['AS SELECT * FROM a', 'a'],
  ['AS SELECT x AS b, c FROM a', 'a'],
  ['AS SELECT * FROM a, b AS c, "D e"', 'a b d e'],
  ['AS SELECT * FROM a JOIN b ON a.x = b.y LEFT JOIN [c] USING (d)', 'a b c'],
  ['AS SELECT * FROM (SELECT x FROM a), (b JOIN c)', 'a b c'],
  ['AS SELECT (SELECT max(x) FROM b) FROM main.a', 'b a'],
  ['AS SELECT x FROM a WHERE x IN (SELECT y FROM b) OR x IN c', 'a b c'],
  ['AS SELECT x FROM a UNION SELECT y FROM b ORDER BY c', 'a b'],
  ['AS WITH w AS (SELECT * FROM a) SELECT * FROM w', 'a'],
  ['AS WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w) SELECT n FROM w JOIN a', 'a'],
  ["AS SELECT 'FROM x' FROM a -- , y\n", 'a'],
  ['AS SELECT j.value FROM a, json_each(a.x) AS j', 'a'],
  ['AFTER INSERT ON a BEGIN INSERT INTO b (x, y) VALUES (1, 2); END', 'b'],
  [
    'AFTER INSERT ON a BEGIN INSERT OR IGNORE INTO b SELECT * FROM c; UPDATE OR REPLACE d SET e = 1; END',
    'b c d',
  ],
  ['AFTER INSERT ON a BEGIN UPDATE b SET x = (SELECT y FROM c), z = f WHERE g; DELETE FROM h; END', 'b c h'],
  ['AFTER UPDATE OF x, y ON a BEGIN UPDATE b SET x = 1 FROM c, d WHERE e; SELECT 1; END', 'b c d'],
];

describe('referencesOf', () => {
  it.each(cases)('%s', (sql, relations) => {
    expect([...referencesOf(sql).relations].join(' ')).toBe(relations);
  });
});
