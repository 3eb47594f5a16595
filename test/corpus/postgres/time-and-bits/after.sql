-- loses: change-type t.a
create table t (a time(3), b timetz, c interval, d bit varying(20), e timestamp(6), f numeric(12,2), g double precision, h "char", i text, j bigint, k regclass, l xid, m char(2)[]);
