package survey

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// good is the shortest survey with both kinds; the table below breaks it one line at a time.
const good = `id: s
version: 1
title: {nb: a, nn: b, en: c}
index: {nb: a, nn: b, en: c}
scales:
  two:
    - {code: "1", score: 0, text: {nb: a, nn: b, en: c}}
    - {code: "2", score: 100, text: {nb: a, nn: b, en: c}}
questions:
  - id: q
    kind: scale
    scale: two
    text: {nb: a, nn: b, en: c}
    note: {nb: a, nn: b, en: c}
    not_applicable: {nb: a, nn: b, en: c}
  - id: w
    kind: choice
    text: {nb: a, nn: b, en: c}
    options:
      - {code: "x", text: {nb: a, nn: b, en: c}}
      - {code: "y", text: {nb: a, nn: b, en: c}}
`

func TestLint(t *testing.T) {
	if problems := Lint("good", []byte(good), nil); problems != nil {
		t.Fatal(problems)
	}
	const text = "{nb: a, nn: b, en: c}"
	many := ""
	for _, code := range "abcdefghi" {
		many += "      - {code: " + string(code) + ", text: " + text + "}\n"
	}
	tests := []struct {
		name     string
		old, new string // the first old in good becomes new
		want     []string
	}{
		{"syntax", "title: {nb: a, nn: b, en: c}", "title: {nb: a", []string{
			"4:1: ',' or '}' must be specified"}},
		{"tab", "  two:", "\ttwo:", []string{
			"6:1: found character '\t' that cannot start any token"}},
		{"empty", good, "", []string{"1:1: the file is empty"}},
		{"only a comment", good, "# later\n", []string{"1:1: the file is empty"}},
		{"a list", good, "- 1\n", []string{"1:1: want keys and values, not a list"}},
		{"not UTF-8", "nb: a", "nb: \xff", []string{"1:1: the file is not UTF-8"}},
		{"too long", "id: s", strings.Repeat("#", maxFile), []string{
			"1:1: the file is longer than 32768 bytes"}},
		{"two documents", "questions:", "---\nid: t\n---\nquestions:", []string{
			`1:1: key "questions" is missing in a survey`,
			"9:1: a file holds one document", "11:1: a file holds one document"}},
		{"anchor", "title: {", "title: &t {", []string{
			"3:8: want keys and values, not an anchor, an alias or a tag"}},
		{"alias", "scale: two", "scale: *two", []string{
			"12:12: scale must be a string, not an anchor, an alias or a tag"}},
		{"tag", "kind: choice", "kind: !!str choice", []string{
			"17:11: kind must be a string, not an anchor, an alias or a tag"}},

		{"unknown key of a survey", "index:", "indeks:", []string{`4:1: unknown key "indeks" in a survey`}},
		{"unknown key of a question", "    note:", "    hint:", []string{`14:5: unknown key "hint" in a question`}},
		{"unknown key of an option", `code: "x"`, `code: "x", colour: red`, []string{
			`20:21: unknown key "colour" in an option of kind choice`}},
		{"key twice", "    scale: two", "    scale: two\n    scale: two", []string{
			`13:5: key "scale" is given twice`}},
		{"id missing", "id: s\n", "", []string{`1:1: key "id" is missing in a survey`}},
		{"title missing", "title: " + text + "\n", "", []string{`1:1: key "title" is missing in a survey`}},
		{"text of a question missing", "    scale: two\n    text: " + text + "\n", "    scale: two\n", []string{
			`10:5: key "text" is missing in a question`}},
		{"code missing", `code: "x", `, "", []string{
			`20:9: key "code" is missing in an option of kind choice`}},
		{"value missing", "id: s", "id:", []string{"1:4: id must be a string, not nothing"}},

		{"version 0", "version: 1", "version: 0", []string{"2:10: version must be a whole number from 1"}},
		{"version of a string", "version: 1", `version: "1"`, []string{"2:10: version must be a whole number from 1"}},
		{"version with a fraction", "version: 1", "version: 1.5", []string{"2:10: version must be a whole number from 1"}},
		{"id in capitals", "id: s", "id: S", []string{`1:5: id "S" must be 1 to 32 of a-z, 0-9 and _`}},
		{"id with a dot", "id: q", "id: q.r", []string{`10:9: id "q.r" must be 1 to 32 of a-z, 0-9 and _`}},
		{"id too long", "id: q", "id: " + strings.Repeat("q", 33), []string{
			`10:9: id "` + strings.Repeat("q", 33) + `" must be 1 to 32 of a-z, 0-9 and _`}},
		{"code of a number", `code: "1"`, "code: 1", []string{`7:14: code must be in quotes: "1"`}},
		{"code with a space", `code: "x"`, `code: "x y"`, []string{
			`20:16: code "x y" must be 1 to 32 of a-z, 0-9 and _`}},
		{"id twice", "id: w", "id: q", []string{`16:9: there are two questions "q"`}},
		{"code twice", `code: "y"`, `code: "x"`, []string{`21:16: there are two options "x"`}},
		{"id reserved", "id: w", "id: index", []string{
			`16:9: the id "index" is reserved for the derived question`}},
		{"code reserved", `code: "x"`, `code: "na"`, []string{
			`20:16: the code "na" is reserved: label it with not_applicable`}},

		{"title without nynorsk", "title: " + text, "title: {nb: a, en: c}", []string{
			`3:8: language "nn" is missing`}},
		{"index without English", "index: " + text, "index: {nb: a, nn: b}", []string{
			`4:8: language "en" is missing`}},
		{"text in no language", "    text: " + text, "    text: {}", []string{
			`13:11: language "nb" is missing`, `13:11: language "nn" is missing`, `13:11: language "en" is missing`}},
		{"text of one string", "    text: " + text, "    text: Hei", []string{
			"13:11: want keys and values, not a single value"}},
		{"note empty", "note: {nb: a", `note: {nb: ""`, []string{"14:16: the text is empty"}},
		{"note blank", "note: {nb: a", `note: {nb: " "`, []string{"14:16: the text is empty"}},
		{"not_applicable null", "not_applicable: {nb: a", "not_applicable: {nb: ~", []string{
			"15:26: the text must be a string, not nothing"}},
		{"option without bokmål", `"x", text: {nb: a, `, `"x", text: {`, []string{
			`20:27: language "nb" is missing`}},
		{"block mapping without nynorsk", "title: " + text, "title:\n  nb: a\n  en: c", []string{
			`4:3: language "nn" is missing`}},
		{"language unknown", "title: {", "title: {se: d, ", []string{`3:9: unknown language "se"`}},
		{"text of a number", "title: {nb: a", "title: {nb: 5", []string{`3:13: the text must be in quotes: "5"`}},
		{"text of two lines", "title: {nb: a", `title: {nb: "a\nb"`, []string{"3:13: the text must be one line"}},

		{"scale missing", "    scale: two\n", "", []string{
			`10:5: key "scale" is missing: a question of kind scale names its scale`}},
		{"scale unknown", "scale: two", "scale: three", []string{`12:12: there is no scale "three"`}},
		{"scale of a choice", "kind: choice", "kind: choice\n    scale: two", []string{
			"18:12: a question of kind choice has no scale"}},
		{"options of a scale", "scale: two", "scale: two\n    options: []", []string{
			"13:14: a question of kind scale has the options of its scale"}},
		{"options missing", good[strings.Index(good, "    options:"):], "", []string{
			`16:5: key "options" is missing: a question of kind choice has its own options`}},
		{"ten options", `      - {code: "y", text: ` + text + "}\n", many, []string{"29:9: at most 9 options: on paper each has one digit"}},
		{"scores in a choice", `code: "x"`, `code: "x", score: 1`, []string{
			`20:21: unknown key "score" in an option of kind choice`}},
		{"score missing", "score: 0, ", "", []string{`7:7: key "score" is missing in an option of kind scale`}},
		{"score below", "score: 0", "score: -1", []string{"7:26: score must be a number from 0 to 100"}},
		{"score above", "score: 100", "score: 100.5", []string{"8:26: score must be a number from 0 to 100"}},
		{"score of no number", "score: 100", "score: .nan", []string{"8:26: score must be a number from 0 to 100"}},
		{"scores equal", "score: 0", "score: 100", []string{"8:26: scores must all rise or all fall"}},
		{"scores up and down", "questions:", "    - {code: \"3\", score: 50, text: " + text + "}\nquestions:", []string{
			"9:26: scores must all rise or all fall"}},
		{"one option", `      - {code: "y", text: ` + text + "}\n", "", []string{
			"20:7: at least 2 options needed, 1 given"}},
		{"index of nothing", "kind: scale\n    scale: two", "kind: choice\n    options:\n" +
			"      - {code: a, text: " + text + "}\n      - {code: b, text: " + text + "}", []string{
			"4:8: an index needs a question on a scale"}},
		{"no questions", good[strings.Index(good, "questions:"):], "questions: []", []string{
			"9:12: at least 1 question needed, 0 given"}},
		{"questions of a mapping", good[strings.Index(good, "questions:"):], "questions: {}", []string{
			"9:12: want a list, not keys and values"}},

		{"kind unknown", "kind: choice", "kind: stars", []string{
			`17:11: unknown kind "stars": the kinds are scale and choice`}},
		{"kind text", "kind: choice", "kind: text", []string{
			`17:11: no question may take free text: "text" is not a kind; the kinds are scale and choice`}},
		{"kind textarea", "kind: choice", "kind: textarea", []string{
			`17:11: no question may take free text: "textarea" is not a kind; the kinds are scale and choice`}},
		{"kind date", "kind: choice", "kind: date", []string{
			`17:11: no question may take free text: "date" is not a kind; the kinds are scale and choice`}},
		{"key comment", "    note:", "    comment:", []string{
			`14:5: no question may take free text: "comment" is not a key of a question`}},
		{"key free_text", `code: "x"`, `code: "x", free_text: true`, []string{
			`20:21: no question may take free text: "free_text" is not a key of an option of kind choice`}},

		{"several, by position", "kind: choice\n    text: " + text, "kind: open\n    text: {nn: b}\n    x: 1", []string{
			`17:11: no question may take free text: "open" is not a kind; the kinds are scale and choice`,
			`18:11: language "nb" is missing`, `18:11: language "en" is missing`,
			`19:5: unknown key "x" in a question`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("%q is not in the good survey", tt.old)
			}
			data := strings.Replace(good, tt.old, tt.new, 1)
			var got []string
			for _, p := range Lint("f", []byte(data), nil) {
				got = append(got, strings.TrimPrefix(p.String(), "f:"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s\nin\n%s",
					strings.Join(got, "\n"), strings.Join(tt.want, "\n"), data)
			}
		})
	}
}

func TestNoKindTakesText(t *testing.T) {
	for _, kind := range []string{"text", "string", "comment", "textarea", "open", "number", "date", "free-text", "Email", "file"} {
		data := strings.Replace(good, "kind: choice", "kind: "+kind, 1)
		problems := Lint("f", []byte(data), nil)
		if len(problems) != 1 || !strings.Contains(problems[0].Message, "no question may take free text") {
			t.Errorf("%s: got %v", kind, problems)
		}
	}
}

func TestPins(t *testing.T) {
	s, _ := read("f", []byte(good), nil)
	pins := map[string]string{"s 1": s.Checksum()}
	tests := []struct{ name, old, new, want string }{
		{"layout may change", "title: {nb: a, nn: b, en: c}", "# why\ntitle:\n    en: c\n    nb: 'a'\n    nn: b", ""},
		{"a word may not", "title: {nb: a", "title: {nb: å",
			"f:2:10: version 1 of s is published: give the change a new version"},
		{"a score may not", "score: 0,", "score: 1,",
			"f:2:10: version 1 of s is published: give the change a new version"},
		{"a code may not", `code: "x"`, `code: "z"`,
			"f:2:10: version 1 of s is published: give the change a new version"},
		{"a new version may", "version: 1\ntitle: {nb: a", "version: 2\ntitle: {nb: å", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Lint("f", []byte(strings.Replace(good, tt.old, tt.new, 1)), pins).Error()
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("the order of options may not change", func(t *testing.T) {
		lines := strings.SplitAfter(good, "\n")
		lines[19], lines[20] = lines[20], lines[19]
		if got := Lint("f", []byte(strings.Join(lines, "")), pins); len(got) != 1 {
			t.Errorf("got %v, want one problem", got)
		}
	})
}

func TestLoad(t *testing.T) {
	file := func(old, new string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Replace(good, old, new, 1))}
	}
	builtIn := fstest.MapFS{"b.yaml": file("id: s", "id: b"), "s-10.yaml": file("version: 1", "version: 10")}
	local := fstest.MapFS{"s-9.yaml": file("version: 1", "version: 9"), "README.md": {Data: []byte("#")}}

	c, err := Load(builtIn, local)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range c.All() {
		got = append(got, pinKey(s))
	}
	if want := []string{"b 1", "s 9", "s 10"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if s, ok := c.Latest("s"); !ok || s.Version != 10 {
		t.Errorf("latest: got %v, %v", s, ok)
	}
	if s, ok := c.Survey("s", 9); !ok || s.Version != 9 {
		t.Errorf("version 9: got %v, %v", s, ok)
	}
	if _, ok := c.Survey("s", 1); ok {
		t.Error("found a version that is not there")
	}
	if _, ok := c.Latest("t"); ok {
		t.Error("found a survey that is not there")
	}

	errs := []struct {
		name  string
		local fstest.MapFS
		want  string
	}{
		{"same version twice", fstest.MapFS{"mine.yaml": file("version: 1", "version: 10")},
			"mine.yaml:1:1: there is another file with version 10 of s"},
		{"problems of all files", fstest.MapFS{"x.yaml": file("id: s", "id: X"), "y.yaml": file("kind: choice", "kind: text")},
			"x.yaml:1:5: id \"X\" must be 1 to 32 of a-z, 0-9 and _\n" +
				"y.yaml:17:11: no question may take free text: \"text\" is not a kind; the kinds are scale and choice"},
		{"published", fstest.MapFS{"s.yaml": file("", ""), PinsFile: {Data: []byte("s 1 abc\n")}},
			"s.yaml:2:10: version 1 of s is published: give the change a new version"},
		{"pin without a checksum", fstest.MapFS{PinsFile: {Data: []byte("\ns 1\n")}},
			"published.sum:2: want id, version and checksum"},
		{"pin twice", fstest.MapFS{PinsFile: {Data: []byte("s 1 a\ns 1 b\n")}},
			"published.sum:2: s 1 is listed twice"},
	}
	for _, tt := range errs {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Load(builtIn, tt.local); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func FuzzLint(f *testing.F) {
	f.Add([]byte(good))
	for _, seed := range []string{"", "---\n...\n---", "? a\n: b", "<<: *a", "&a !b |\n c", "{", "- - -", "a: [{b: ", "'\x00'"} {
		f.Add([]byte(seed))
	}
	files, err := filepath.Glob("../../surveys/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, problems := read("f", data, map[string]string{"visit 1": "another"})
		for _, p := range problems {
			if p.File != "f" || p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("a problem without a place or a message: %+v", p)
			}
		}
		if problems == nil {
			wellFormed(t, s)
		}
	})
}

// wellFormed says of a survey what every other package relies on.
func wellFormed(t *testing.T, s *Survey) {
	t.Helper()
	texts := []Text{s.Title}
	if s.Index != nil {
		texts = append(texts, s.Index)
	}
	if !idPattern.MatchString(s.ID) || s.Version < 1 || len(s.Questions) == 0 {
		t.Errorf("survey %q, version %d, %d questions", s.ID, s.Version, len(s.Questions))
	}
	ids := map[string]bool{IndexID: true}
	for _, q := range s.Questions {
		if !idPattern.MatchString(q.ID) || ids[q.ID] {
			t.Errorf("id of a question: %q", q.ID)
		}
		ids[q.ID] = true
		if q.Kind != Scale && q.Kind != Choice {
			t.Errorf("%s: kind %q", q.ID, q.Kind)
		}
		texts = append(texts, q.Text)
		if q.Note != nil {
			texts = append(texts, q.Note)
		}
		if q.NotApplicable != nil {
			texts = append(texts, q.NotApplicable)
		}
		codes := map[string]bool{NotApplicable: true}
		for _, o := range q.Options {
			if !idPattern.MatchString(o.Code) || codes[o.Code] {
				t.Errorf("%s: code %q", q.ID, o.Code)
			}
			codes[o.Code] = true
			if !(o.Score >= 0 && o.Score <= 100) {
				t.Errorf("%s: score %v", q.ID, o.Score)
			}
			texts = append(texts, o.Text)
		}
		if len(codes) < 3 {
			t.Errorf("%s: fewer than two options", q.ID)
		}
	}
	for _, text := range texts {
		for _, lang := range Languages {
			if strings.TrimSpace(text[lang]) == "" {
				t.Errorf("a text without %s: %v", lang, text)
			}
		}
		if len(text) != len(Languages) {
			t.Errorf("a text in unknown languages: %v", text)
		}
	}
}
