create schema s;
create collation "C c" (locale = 'POSIX');
create collation s.posix (provider = libc, locale = 'C');
create collation fresh (provider = libc, lc_collate = 'POSIX', lc_ctype = 'C');
create collation split (lc_collate = 'POSIX', lc_ctype = 'POSIX');
comment on collation "C c" is 'posix';
create domain dom as text collate "C c" check (value <> '');
create type comp as (a text collate "C c", b int);
create table t (id int primary key, a text collate "C c" not null default 'q' unique, b text collate s.posix, c varchar(20) collate "C c", d dom, e comp, g text collate fresh,
  arr text[] collate "C c", up text collate "C c" generated always as (upper(a)) stored);
create index t_a on t (a, b);
create index t_b on t (b collate "C c");
create index t_c on t (c) where a > 'b';
create view v as select a, b collate "C c" as bc, d from t order by a;
create table u (a text collate "C c" references t (a), primary key (a));
create type tr as range (subtype = text, collation = "C c");
create table w (id int primary key, r tr);
