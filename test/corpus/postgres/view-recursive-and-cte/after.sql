create table tree (id int, parent int);
create recursive view paths (id, depth) as select id, 0 from tree where parent is null union all select t.id, p.depth + 1 from tree t join paths p on p.id = t.parent;
create view complicated as with x as materialized (select id, row_number() over (partition by parent order by id desc nulls last) as n from tree) select x.*, lateral_.v, (select count(*) from tree) filter_, array_agg(x.id) over w as agg from x left join lateral (select x.n + 1 as v) lateral_ on true where x.id between 1 and 10 and x.id is distinct from 5 window w as (order by x.id rows between 1 preceding and current row);
create view vals as select * from (values (1, 'a'), (2, 'b')) v (n, t) union all select 3, 'c' order by 1 desc limit 5;
create view grp as select parent, id, grouping(parent), count(*) filter (where id > 1) as c from tree group by grouping sets ((parent), (id), ()) having count(*) > 1;
