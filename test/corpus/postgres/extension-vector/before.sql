-- needs: vector
create extension vector;
create table docs (id int, embedding vector(3));
create index near on docs using hnsw (embedding vector_l2_ops);
