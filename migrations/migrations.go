// Package migrations embeds the schema, one text for SQLite and PostgreSQL. A released file is never edited.
package migrations

import "embed"

//go:embed *.sql
var FS embed.FS
