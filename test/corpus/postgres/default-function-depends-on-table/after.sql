create table t (id int, n bigint);
create function next_n() returns bigint begin atomic select coalesce(max(n), 0) + 1 from t; end;
alter table t alter n set default next_n();
alter table t add constraint big check (n < next_n() + 100);
