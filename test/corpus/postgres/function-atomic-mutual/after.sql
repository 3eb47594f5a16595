create table t (id int, v text, n int default 0);
create function a() returns bigint begin atomic select count(n) from t; end;
create function b(x bigint default a()) returns bigint begin atomic select x + a(); end;
create procedure c(i int) begin atomic insert into t (id, v) values (i, 'x;y');
update t set n = b() where id = i; end;
create view uses as select b() as b;
alter table t add constraint few check (id < 100 and n is not null);
create table u (n bigint default b());
