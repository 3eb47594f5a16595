import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/database/connection.js';
import {
  extensionForMissing,
  extensionsCreated,
  extensionsPinned,
} from '../../src/postgres/extensions-used.js';

describe('extensionsCreated', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['create table t (a int)', []],
    ['create extension vector', ['vector']],
    ['CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;', ['uuid-ossp']],
    ['create extension "a""b"', ['a"b']],
    ['create extension Citext; create extension if not exists citext', ['citext']],
    ['create extension a; create\r\n/* x */ extension -- y\n b', ['a', 'b']],
    ['-- create extension x', []],
    ['/* create extension x */ select 1', []],
    ["select 'create extension x'", []],
    ['do $$ begin create extension x; end $$', []],
    ['comment on extension x is null', []],
    ['drop extension x', []],
    ['create extension', []],
    ['create extension if not exists', []],
    ['\uFEFFcreate extension a', ['a']],
  ])('%s', (sql, expected) => {
    expect(extensionsCreated(sql)).toEqual(expected);
  });
});

describe('extensionsPinned', () => {
  it.each<[string, Record<string, string>]>([
    ['create extension citext', {}],
    ["CREATE EXTENSION citext VERSION '1.4'", { citext: '1.4' }],
    [
      'create extension if not exists "uuid-ossp" with schema "version" version "1.1" cascade;',
      { 'uuid-ossp': '1.1' },
    ],
    ["create extension Citext\n/* x */ with -- y\n version '1''4'", { citext: "1'4" }],
    ["create extension a version '1'; alter extension a update to '2'", { a: '2' }],
    ["create extension a version '1'; alter extension a update", { a: '1' }],
    ["create extension a version '1'; alter extension a set schema x", { a: '1' }],
    ["create extension a version '1'; drop extension if exists a; create extension a", {}],
    ["select 'create extension a version 1'; do $$ begin create extension a version '1'; end $$", {}],
    ["create extension version; create extension b schema s version 'unreleased'", { b: 'unreleased' }],
    ['create extension', {}],
  ])('%s', (sql, expected) => {
    expect(Object.fromEntries(extensionsPinned([sql]))).toEqual(expected);
  });

  it('goes by the order of the scripts', () => {
    const scripts = ["create extension a version '1'", "alter extension a update to '1.1'"];
    expect(Object.fromEntries(extensionsPinned(scripts))).toEqual({ a: '1.1' });
  });
});

describe('extensionForMissing', () => {
  it.each<[string, string, string | undefined]>([
    ['42704', 'type "vector" does not exist', 'vector'],
    ['42704', 'type "public.halfvec" does not exist', 'vector'],
    ['42704', 'type "vector[]" does not exist', 'vector'],
    ['42704', 'access method "hnsw" does not exist', 'vector'],
    ['42704', 'operator class "vector_cosine_ops" does not exist for access method "btree"', 'vector'],
    ['42704', 'operator class "gin_trgm_ops" does not exist for access method "gin"', 'pg_trgm'],
    ['42704', 'Typ »citext« existiert nicht', 'citext'],
    ['42704', "le type « hstore » n'existe pas", 'hstore'],
    ['42704', 'type "ltree" does not exist', 'ltree'],
    ['42704', 'type "geometry" does not exist', 'postgis'],
    ['42704', 'data type uuid has no default operator class for access method "gist"', 'btree_gist'],
    ['42883', 'function uuid_generate_v4() does not exist', 'uuid-ossp'],
    ['42883', 'function public.gen_salt(unknown) does not exist', 'pgcrypto'],
    ['42883', 'function similarity(text, unknown) does not exist', 'pg_trgm'],
    ['42883', 'function my_own(text) does not exist', undefined],
    ['42704', 'operator class "mine" does not exist for access method "gist"', undefined],
    ['42704', 'type "mood" does not exist', undefined],
    ['42P01', 'relation "vector" does not exist', undefined],
  ])('%s %s', (sqlstate, message, expected) => {
    expect(extensionForMissing(new DatabaseError(message, { sqlstate }))).toBe(expected);
  });
});
