-- loses: change-type t.i
-- loses: change-type t.g
-- loses: change-type t.f
-- loses: change-type t.e
-- loses: change-type t.b
create table t (a time, b timetz(3), c interval day to second, d bit varying(10), e timestamp(0), f numeric(10), g float(10), h "char", i name, j oid, k regclass, l xid, m char(1)[]);
