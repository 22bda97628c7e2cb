// Package embedded keeps a store in one folder, without a server: what has to be changed, found by name or written at once in SQLite, and
// usage in files of columns.
//
// Usage goes through three levels: minutes, in buckets of an hour; hours, in buckets of a day; days, in buckets of a month. What is written
// is first held in memory, sorted, beside a copy in SQLite for the next start. Sealing a bucket writes it into a chunk, a file that
// never changes, and puts its roll-up into the memory of the next level; both in one transaction. So each fact is at any moment, at each
// level, either in that level's chunks, or in memory at that level or one below: an answer that adds these is exact.
//
// A bucket that is written to after it was sealed gets another chunk; Maintain merges them.
package embedded
