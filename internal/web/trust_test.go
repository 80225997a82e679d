package web

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// trustBlocks writes what docs/trust has between <!-- name --> and <!-- end -->.
func trustBlocks(t testing.TB, l i18n.Language) map[string]string {
	markdown := func(head string, rows ...[]string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "| %s |\n|%s\n", head, strings.Repeat("---|", strings.Count(head, "|")+1))
		for _, row := range rows {
			fmt.Fprintf(&b, "| %s |\n", strings.ReplaceAll(strings.Join(row, " | "), "\u00a0", " "))
		}
		return b.String()
	}
	blocks := map[string]string{}

	var rows [][]string
	for _, term := range terms {
		where := "–"
		if term.Where != "–" {
			where = term.Where
			if !strings.Contains(where, " ") || strings.Contains(where, ", ") {
				where = "`" + strings.ReplaceAll(where, ", ", "`, `") + "`"
			}
		}
		rows = append(rows, []string{l.T("kept." + term.Code), term.howLong(l), where})
	}
	blocks["retention"] = markdown("hva | hvor lenge | hvor", rows...)

	rows = nil
	for _, code := range []string{"answers", "receipt", "points", "paper", "slips", "sms", "reminder", "quarantine", "optout", "memory", "not"} {
		what, text, _ := strings.Cut(l.T("notice.stored_"+code), ": ")
		if text == "" {
			what, text = map[string]string{"receipt": "Alle skjemaer", "reminder": "SMS med påminnelse", "quarantine": "SMS", "optout": "SMS", "memory": "Alle sider"}[code], what
		}
		rows = append(rows, []string{what, text})
	}
	blocks["channels"] = markdown("måte | hva som lagres", rows...)

	var b strings.Builder
	tables, err := readStored(storedText)
	must(t, err)
	for _, about := range storedAbout {
		rows = nil
		for _, table := range tables {
			if table.About == about {
				var columns []string
				for _, col := range table.Columns {
					columns = append(columns, "`"+col.Name+"` "+l.T("stored.k_"+col.Holds))
				}
				rows = append(rows, []string{"`" + table.Name + "`", l.T("stored.t_" + table.Name), strings.Join(columns, "; ")})
			}
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n", l.T("stored.a_"+about), markdown("tabell | hva | kolonner", rows...))
	}
	blocks["data"] = b.String()

	number := strconv.Itoa
	blocks["limits"] = markdown("hva | grense",
		[]string{"færrest svar som noe vises av (kan heves, ikke senkes)", number(disclosure.Floor)},
		[]string{"færrest kontorer i en sammenligning (kan heves, ikke senkes)", number(disclosure.CohortFloor)},
		[]string{"fineste tidsrom for tall om svar", "én uke"},
		[]string{"dager mellom to meldinger til samme nummer, minst", number(practice.QuarantineLeast)},
		[]string{"påminnelser til samme nummer, høyst", "1"},
		[]string{"ansattes økt uten bruk", l.T("kept.minutes", "Count", int(sessionIdle/time.Minute))},
		[]string{"ansattes økt i alt", l.T("kept.hours", "Count", int(sessionLasts/time.Hour))},
		[]string{"tegn i et tekstfelt på kontorets side, høyst", number(practice.MaxText)})

	rows = nil
	for _, point := range slices.Sorted(maps.Keys(noticePoints)) {
		article, _, _ := strings.Cut(point, " ")
		article = strings.NewReplacer("13(1)", "nr. 1", "13(2)", "nr. 2", "(c),", " bokstav c og d", "(", " bokstav ", ")", "").Replace(article)
		rows = append(rows, []string{strings.TrimSpace(article), l.T("notice." + noticePoints[point])})
	}
	blocks["article13"] = markdown("artikkel 13 | overskrift i erklæringen", rows...)

	rows = nil
	for _, who := range []struct {
		access access
		name   string
	}{{open, "alle, uten innlogging"}, {member, "ansatte på kontoret"}, {lead, "praksislederen, i tillegg"}, {coordinator, "nettverkets koordinator"}, {operator, "den som driver tjenesten (rollen drifter)"}} {
		sees := "nei"
		if slices.ContainsFunc(readWhoMayWhat(t), func(r rule) bool { return r.who == who.access && r.results }) {
			sees = "ja, summer"
		}
		rows = append(rows, []string{who.name, sees})
	}
	blocks["roles"] = markdown("hvem | ser noe om svar", rows...)
	return blocks
}

// Numbers that may stand in the prose of docs/trust: of laws, standards and risks, which no code decides.
var citations = regexp.MustCompile(`artikkel \d+( nr\. \d+)?|\(?nr\. \d+|§ \d+|\(EU\) 2021/915|faktaark \d+|\bR\d+\b`)

// TestTrustDocuments: the tables in the documents for practices are those of the code, no other number stands in them, and every test,
// document and setting they name exists.
func TestTrustDocuments(t *testing.T) {
	f := newFixture(t)
	blocks := trustBlocks(t, f.Words.In("nb"))
	tests := allTests(t)
	used := map[string]bool{}
	block := regexp.MustCompile(`(?s)<!-- ([a-z0-9]+) -->\n.*?<!-- end -->`)
	for _, name := range []string{"dpia", "risk", "processor", "data-flow", "retention"} {
		file := "../../docs/trust/" + name + ".md"
		data, err := os.ReadFile(file)
		must(t, err)
		text := string(data)
		whole := block.ReplaceAllStringFunc(text, func(b string) string {
			name := block.FindStringSubmatch(b)[1]
			used[name] = true
			if blocks[name] == "" {
				t.Errorf("%s: nothing makes %s", file, name)
			}
			return "<!-- " + name + " -->\n" + blocks[name] + "<!-- end -->"
		})
		if *update {
			must(t, os.WriteFile(file, []byte(whole), 0o644))
		} else if whole != text {
			t.Errorf("%s is not as the code is; go test ./internal/web -run TestTrustDocuments -update rewrites it", file)
		}

		prose := block.ReplaceAllString(whole, "")
		for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(prose, -1) {
			code := m[1]
			switch {
			case strings.HasPrefix(code, "Test"):
				if !tests[code] {
					t.Errorf("%s names %s, and there is no such test", file, code)
				}
			case strings.HasPrefix(code, "docs/"):
				if _, err := os.Stat("../../" + code); err != nil {
					t.Errorf("%s names %s, and there is no such document", file, code)
				}
			case strings.HasPrefix(code, "VENTEROM_"):
				if readme, err := os.ReadFile("../../README.md"); err != nil || !strings.Contains(string(readme), "`"+code+"`") {
					t.Errorf("%s names %s, and there is no such setting", file, code)
				}
			}
		}
		plain := regexp.MustCompile("(?s)```.*?```|`[^`\n]+`").ReplaceAllString(prose, "")
		for line := range strings.Lines(citations.ReplaceAllString(plain, "")) {
			if strings.ContainsAny(line, "0123456789") {
				t.Errorf("%s has a number that no code stands behind: %s", file, line)
			}
		}
	}
	for name := range blocks {
		if !used[name] {
			t.Errorf("no document has %s", name)
		}
	}

	// Each risk has a measure that can be looked at.
	risks, err := os.ReadFile("../../docs/trust/risk.md")
	must(t, err)
	n := 0
	for line := range strings.Lines(string(risks)) {
		cells := strings.Split(line, "|")
		if len(cells) < 7 || !regexp.MustCompile(`^ R\d+ $`).MatchString(cells[1]) {
			continue
		}
		n++
		if !slices.Contains([]string{"lav", "middels", "høy"}, strings.TrimSpace(cells[3])) || !slices.Contains([]string{"liten", "middels", "stor"}, strings.TrimSpace(cells[4])) {
			t.Errorf("%s is not on the scales", cells[1])
		}
		if !strings.Contains(cells[5], "`Test") && !strings.Contains(cells[5], "`docs/") {
			t.Errorf("%s names no test and no document", cells[1])
		}
	}
	if n < 15 {
		t.Errorf("only %d risks", n)
	}

	for _, claim := range never {
		if !tests[claim.Test] {
			t.Errorf("the page of what is stored names %s, and there is no such test", claim.Test)
		}
	}
}

// allTests is every test of the project by name.
func allTests(t testing.TB) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, pattern := range []string{"../*/*_test.go", "../*/*/*_test.go", "../../cmd/*/*_test.go", "../../*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			must(t, err)
			for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
				tests[m[1]] = true
			}
		}
	}
	return tests
}
