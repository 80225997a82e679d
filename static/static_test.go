package static

import (
	"io/fs"
	"testing"
)

// TestStyleSheets: every block of a style sheet is closed. A browser forgives one that is not and
// puts all that follows into it, so that a page may look right on a phone and wrong everywhere else.
func TestStyleSheets(t *testing.T) {
	names, err := fs.Glob(FS, "*.css")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		sheet, err := fs.ReadFile(FS, name)
		if err != nil {
			t.Fatal(err)
		}
		depth, line := 0, 1
		for _, c := range string(sheet) {
			switch c {
			case '\n':
				line++
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth < 0 || depth > 2 { // a rule in a condition is the deepest there is
				t.Errorf("%s:%d: block in block %d deep: one before it is closed twice or never", name, line, depth)
				break
			}
		}
		if depth != 0 {
			t.Errorf("%s: %d blocks are open at its end", name, depth)
		}
	}
}
