insert into t values (
  row(1, 'a')::c, array[row(2, 'b,"')::c, null], row(row(3, 'c')::c, array[row(4, 'd')::c, row(null, null)::c], row(5, 'e')::c, 6)::o,
  array[row(null, '{}', null, 7)::o], row(8, null)::c
), (null, null, null, null, null), (null, '{}', null, '{}', null);
