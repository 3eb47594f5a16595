create type e as enum ('x');
