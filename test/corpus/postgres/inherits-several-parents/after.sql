-- dumped otherwise: a column of a child stays its own when the parent has it too; no statement takes that back
create table a (id int, common text, only_a bigint, new_a int);
create table b (id bigint, common text, only_b int, new_common int);
create table c (id bigint, common text, new_common int);
create table reordered (id int, common text, only_a bigint, only_b int, new_a int) inherits (a);
create table more (id int, common text, only_a bigint, only_b int, new_a int) inherits (a);
create table less (id bigint, common text, only_a int, only_b int, new_common int) inherits (c, b);
create table changes (own int, id bigint, common text, new_common int) inherits (b, c);
create table top (t bigint, u text);
create table left_one (t bigint, u text) inherits (top);
create table right_one (t bigint, u text) inherits (top);
create table diamond (t bigint, u text) inherits (left_one, right_one);
