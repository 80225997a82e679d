package web

import (
	"context"
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// TestStored: the map of what is stored has every table and column of the migrated database and no other, on both
// engines, and what is about patients holds nothing that could say who, when or in which words.
func TestStored(t *testing.T) {
	tables, err := readStored(storedText)
	must(t, err)
	said := map[string]storedTable{}
	for _, table := range tables {
		if _, twice := said[table.Name]; twice {
			t.Errorf("%s is there twice", table.Name)
		}
		said[table.Name] = table
		for _, col := range table.Columns {
			// A practice's account that decided is staff's.
			if table.About == "patients" && slices.Contains([]string{"name", "text", "email", "phone", "time", "key", "device", "session"}, col.Holds) {
				t.Errorf("%s.%s holds %s, and is about patients", table.Name, col.Name, col.Holds)
			}
		}
	}
	// Nothing finer than the week stands in the table of what has been answered.
	for _, name := range []string{"pending", "held", "release"} {
		for _, col := range said[name].Columns {
			if slices.Contains([]string{"day", "hash", "id", "account"}, col.Holds) {
				t.Errorf("%s.%s holds %s beside answers", name, col.Name, col.Holds)
			}
		}
	}
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			dsn := storetest.DSN(t, e)
			s, err := store.Open(context.Background(), dsn, storetest.Secret)
			must(t, err)
			t.Cleanup(func() { must(t, s.Close()) })
			driver, query := "sqlite", `SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'`
			if e == storetest.Postgres {
				driver, query = "postgres", `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`
			}
			db, err := sql.Open(driver, dsn)
			must(t, err)
			t.Cleanup(func() { must(t, db.Close()) })
			rows, err := db.Query(query)
			must(t, err)
			defer rows.Close()
			there, queue := map[string]bool{}, 0
			for rows.Next() {
				var table, column string
				must(t, rows.Scan(&table, &column))
				switch {
				case strings.HasPrefix(table, riverTables):
					queue++
					continue
				case table == "sqlite_sequence": // SQLite's own
					continue
				}
				there[table] = true
				if !slices.ContainsFunc(said[table].Columns, func(c storedColumn) bool { return c.Name == column }) {
					t.Errorf("nothing is said of %s.%s", table, column)
				}
				there[table+"."+column] = true
			}
			must(t, rows.Err())
			if queue == 0 {
				t.Error("the queue has no tables")
			}
			for _, table := range tables {
				for _, col := range table.Columns {
					if !there[table.Name+"."+col.Name] {
						t.Errorf("%s.%s is said to be stored, and is not there", table.Name, col.Name)
					}
				}
			}
		})
	}
}

// TestStoredInEveryLanguage: every table, every kind of column and every term has words.
func TestStoredInEveryLanguage(t *testing.T) {
	f := newFixture(t)
	tables, err := readStored(storedText)
	must(t, err)
	for _, lang := range i18n.Languages {
		r, l := f.get(t, nobody, "/privacy?lang="+lang), f.Words.In(lang)
		keys := map[string]bool{}
		for _, table := range tables {
			keys["stored.t_"+table.Name], keys["stored.a_"+table.About] = true, true
			for _, col := range table.Columns {
				keys["stored.k_"+col.Holds] = true
			}
		}
		for key := range maps.Keys(keys) {
			if text := l.T(key); text == key || !strings.Contains(r.body, escaped(text)) {
				t.Errorf("%s: the page lacks %s", lang, key)
			}
		}
		for _, term := range terms {
			if !strings.Contains(r.body, escaped(l.T("kept."+term.Code))) || !strings.Contains(r.body, term.howLong(l)) {
				t.Errorf("%s: the page lacks the term %s", lang, term.Code)
			}
		}
	}
	for _, bad := range []string{"a", "a patients", "a who b:id", "a patients b"} {
		if _, err := readStored(bad); err == nil {
			t.Errorf("read %q", bad)
		}
	}
}

// TestAccessibilityStatement: it has what the regulation's statements have, and a way to tell the practice.
func TestAccessibilityStatement(t *testing.T) {
	f := newFixture(t)
	for _, lang := range i18n.Languages {
		l := f.Words.In(lang)
		r := f.get(t, nobody, "/accessibility?lang="+lang+"&practice="+f.eidsvag.Slug)
		for _, want := range []string{"WCAG 2.2", "Chromium", "axe-core", "320", "uutilsynet.no", "diskrimineringsnemnda.no", l.Day(accessibilityReviewed), "Eidsvåg legekontor"} {
			if !strings.Contains(r.body, want) {
				t.Errorf("%s lacks %q", lang, want)
			}
		}
		for _, code := range []string{"status", "known", "tested", "report", "authority"} {
			if !strings.Contains(r.body, `id="`+code+`"`) {
				t.Errorf("%s lacks %s", lang, code)
			}
		}
		if other := `href="?lang=` + map[string]string{"nb": "nn", "nn": "en", "en": "nb"}[lang] + "&amp;practice=" + f.eidsvag.Slug; !strings.Contains(r.body, other) {
			t.Errorf("%s: another language forgets the practice", lang)
		}
	}
}

// TestEveryTimeLimitIsTold: what the program deletes by time, and every limit that is named as one, is in the list
// of terms.
func TestEveryTimeLimitIsTold(t *testing.T) {
	list, err := os.ReadFile("retention.go")
	must(t, err)
	limit := regexp.MustCompile(`(?m)^\s*(?:const )?([A-Z]\w*(?:Days|Weeks|Hours|Valid))\s+=`)
	deletion := regexp.MustCompile(`DELETE FROM (\w+) WHERE \w+ < \$1`)
	limits, deletions := 0, 0
	for _, pkg := range []string{"store", "practice", "invite"} {
		files, err := filepath.Glob("../" + pkg + "/*.go")
		must(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			must(t, err)
			for _, m := range limit.FindAllStringSubmatch(string(text), -1) {
				if limits++; !strings.Contains(string(list), pkg+"."+m[1]) {
					t.Errorf("%s.%s is a time limit that nothing tells of", pkg, m[1])
				}
			}
			for _, m := range deletion.FindAllStringSubmatch(string(text), -1) {
				if deletions++; !slices.ContainsFunc(terms, func(term term) bool { return slices.Contains(strings.Split(term.Where, ", "), m[1]) }) {
					t.Errorf("%s is deleted by time, and nothing tells of it", m[1])
				}
			}
		}
	}
	if limits < 10 || deletions < 7 {
		t.Errorf("found %d limits and %d deletions: has the code changed its manner?", limits, deletions)
	}
}
