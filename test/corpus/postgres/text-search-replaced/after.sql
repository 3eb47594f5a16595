create text search template tpl (lexize = dsimple_lexize, init = dsimple_init);
-- without init this must never be asked for a token
create text search template tpl2 (lexize = dsimple_lexize);
create text search parser prs (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search dictionary d (template = tpl);
create text search dictionary d2 (template = tpl2);
create text search configuration cfg (parser = prs);
alter text search configuration cfg add mapping for asciiword, word with d;
create text search configuration third (parser = prs);
alter text search configuration third add mapping for word with d2, d;
create text search configuration other (parser = "default");
alter text search configuration other add mapping for asciiword with d, simple;
comment on text search parser prs is 'p2';
create table t (id int primary key, body text, check (to_tsvector('cfg', body) is not null));
create index t_idx on t using gin (to_tsvector('cfg', body));
