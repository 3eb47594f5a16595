create table t (id int constraint must not null, v text not null); 
