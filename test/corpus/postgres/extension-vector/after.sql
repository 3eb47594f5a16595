create extension vector;
create table docs (id int, embedding vector(4), half halfvec(2));
create index near on docs using hnsw (embedding vector_cosine_ops) with (m = 8, ef_construction = 32);
create index lists on docs using ivfflat (half halfvec_l2_ops) with (lists = 5);
