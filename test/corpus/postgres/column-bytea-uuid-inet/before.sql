-- loses: change-type t.e
-- loses: change-type t.f
create table t (a uuid, b inet, c interval, d bytea, e bit(3), f money, g point);
