package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asvs is every section of ASVS 5.0.0 with the levels of its requirements in order: "1.5": "123" says that
// 1.5.1 is of level 1, 1.5.2 of level 2 and 1.5.3 of level 3.
var asvs = map[string]string{
	"1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
	"2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
	"3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3", "3.7": "22333",
	"4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
	"5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
	"6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223", "6.7": "33", "6.8": "2222",
	"7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
	"8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
	"9.1": "111", "9.2": "1222",
	"10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222", "10.6": "22", "10.7": "222",
	"11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
	"12.1": "12233", "12.2": "11", "12.3": "22223",
	"13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
	"14.1": "22", "14.2": "12223333", "14.3": "122",
	"15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
	"16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
	"17.1": "23", "17.2": "22223333", "17.3": "22",
}

var (
	asvsRow  = regexp.MustCompile(`^\| (\d+\.\d+)\.(\d+) \| ([12]) \| ([^|]+) \| (met|not relevant|open) \| ([^|]+) \|$`)
	asvsMany = regexp.MustCompile(`^\| \*([a-z ]+)\* \| ([^|]+) \| ([^|]+) \|$`)
	quoted   = regexp.MustCompile("`([^`]*)`")
	referred = regexp.MustCompile(`\*([^*]+)\*`)
)

// TestASVS: docs/trust/asvs.md has every requirement of levels 1 and 2 once, each in one of three states, and
// every test and file that it names is there.
func TestASVS(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "trust", "asvs.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t, root)
	// shown checks what stands for a claim and reports whether it names anything.
	shown := func(where, evidence string) bool {
		names := quoted.FindAllStringSubmatch(evidence, -1)
		if strings.Count(evidence, "`") != 2*len(names) {
			t.Errorf("%s: a quote is not closed", where)
		}
		for _, m := range names {
			switch name := m[1]; {
			case tests[name]:
			case strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz"):
				t.Errorf("%s: there is no test %s", where, name)
			case !fs.ValidPath(name):
				t.Errorf("%s: %q is neither a test nor a file", where, name)
			default:
				if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil || !info.Mode().IsRegular() {
					t.Errorf("%s: there is no file %s", where, name)
				}
			}
		}
		return len(names) > 0
	}
	seen, states := map[string]bool{}, map[string]int{}
	many, used := map[string]bool{}, map[string][]string{}
	chapter := ""
	for i, line := range strings.Split(string(text), "\n") {
		where := fmt.Sprintf("line %d", i+1)
		if name, ok := strings.CutPrefix(line, "## V"); ok {
			chapter, _, _ = strings.Cut(name, " ")
			continue
		}
		if m := asvsRow.FindStringSubmatch(line); m != nil {
			id := m[1] + "." + m[2]
			where, state, evidence := "V"+id, m[5], m[6]
			switch levels := asvs[m[1]]; {
			case !strings.HasPrefix(id, chapter+"."):
				t.Errorf("%s is in chapter %s", where, chapter)
			case seen[id]:
				t.Errorf("%s is there twice", where)
			case level(levels, m[2]) != m[3]:
				t.Errorf("%s is of level %q and not %s", where, level(levels, m[2]), m[3])
			}
			seen[id] = true
			states[state]++
			named := shown(where, evidence)
			for _, r := range referred.FindAllStringSubmatch(evidence, -1) {
				used[r[1]], named = append(used[r[1]], where), true
			}
			if state == "met" && !named {
				t.Errorf("%s is met, and nothing shows it", where)
			}
			if state != "met" && !strings.Contains(evidence, " ") {
				t.Errorf("%s is %s without a reason", where, state)
			}
			continue
		}
		if m := asvsMany.FindStringSubmatch(line); m != nil {
			if many[m[1]] || !shown(where, m[3]) {
				t.Errorf("%s: %s is there twice, or nothing shows it", where, m[1])
			}
			many[m[1]] = true
			continue
		}
		if strings.HasPrefix(line, "|") && !slices.Contains([]string{"| | level | asks for | state | |", "|---|---|---|---|---|", "| | what | shown by |", "|---|---|---|"}, line) {
			t.Errorf("%s is not understood: %s", where, line)
		}
		shown(where, line)
	}
	for section, levels := range asvs {
		for i, l := range levels {
			if id := fmt.Sprintf("%s.%d", section, i+1); l != '3' && !seen[id] {
				t.Errorf("V%s is not there", id)
			}
		}
	}
	for name, where := range used {
		if !many[name] {
			t.Errorf("%v refer to %q, which is not there", where, name)
		}
	}
	for name := range many {
		if used[name] == nil {
			t.Errorf("nothing refers to %q", name)
		}
	}
	if want := fmt.Sprintf("\n%d are met, %d are not relevant, %d are open.\n", states["met"], states["not relevant"], states["open"]); !strings.Contains(string(text), want) {
		t.Errorf("the page does not say %q", want)
	}
}

// level is that of the n-th requirement of a section.
func level(levels, n string) string {
	for i, l := range levels {
		if fmt.Sprint(i+1) == n {
			return string(l)
		}
	}
	return ""
}

var testName = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)

// testNames are the tests of the whole tree.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testName.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
