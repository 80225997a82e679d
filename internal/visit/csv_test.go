package visit

import (
	"strings"
	"testing"
	"time"
)

func TestCSV(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"comma", "phone,date\n49000001,2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"tab", "phone\tdate\n49000001\t2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"any order, any case", "LANGUAGE;Visit Date;PHONE-NUMBER\nen;2026-11-23;49000001\n", " 2 +4749000001 2026-11-23 en"},
		{"a language twice", "språk;tlf;dato;målform\nnn;49000001;2026-11-23;en\n", " 2 +4749000001 2026-11-23 nn"},
		{"headings only", "telefon;dato\n", ""},
		{"other separators within quotes", "navn,dato,tlf\n\"A; B\tC\",2026-11-23,49000001\n", " 2 +4749000001 2026-11-23 -"},
		{"empty columns at the end", "tlf;dato;;\n49000001;2026-11-23;;;;\n", " 2 +4749000001 2026-11-23 -"},
		{"columns left out at the end", "tlf;dato;språk\n49000001;2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"a column left out before the end", "navn;tlf;dato\n49000001;2026-11-23\n", " 2 visit.number_wrong"},
		{"one column too many", "navn;tlf;dato\nPrøve; Per;49000001;2026-11-23\n", " 2 visit.row_columns"},
		{"lines are counted with the empty ones", "\n\ntlf;dato\n\n;\n49000001;x\n", " 6 visit.date_wrong"},
		{"quotes doubled", "navn;tlf;dato\n\"Per \"\"P\"\"\";49000001;2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"quotes left as they are", "navn;tlf;dato\n\"P\" Prøve;49000001;2026-11-23\nA \"B\" C;49000002;2026-11-23\n",
			" 2 +4749000001 2026-11-23 -\n 3 +4749000002 2026-11-23 -"},
		{"a quote without its other", "navn;tlf;dato\n\"Per;49000001;2026-11-23\nKari;49000002;2026-11-23\n",
			" 2 +4749000001 2026-11-23 -\n 3 +4749000002 2026-11-23 -"},
		{"two such quotes", "navn;tlf;dato\n\"Per;49000001;2026-11-23\nKa\"ri;49000002;2026-11-23\n",
			" 2 +4749000001 2026-11-23 -\n 3 +4749000002 2026-11-23 -"},
		{"a quote that takes the next row with it", "navn;tlf;dato\n\"Per;49000001;2026-11-23\nKari\";49000002\nOla;49000003;2026-11-23\n",
			" 2 +4749000001 2026-11-23 -\n 4 +4749000003 2026-11-23 -\n 3 visit.date_missing"},
		{"several lines in one field", "notat;tlf;dato\n\"a\n\n\"\"b;\"\"\n\";49000001;2026-11-23\nc;x;2026-11-23\n",
			" 2 +4749000001 2026-11-23 -\n 6 visit.number_wrong"},
		{"mobile before telephone", "telefon;mobil;dato\n49000001;49000002;2026-11-23\n", " 2 +4749000002 2026-11-23 -"},
		{"telephone where mobile is none", "telefon;mobil;dato\n49000001;68050001;2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"the date of the visit before any date", "dato;tlf;besøksdato\n2026-11-01;49000001;2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"never the date of birth", "fødselsdato;tlf;dato\n2026-11-01;49000001;2026-11-23\n", " 2 +4749000001 2026-11-23 -"},
		{"never the next of kin", "mobil pårørende;tlf;dato\n49000009;;2026-11-23\n", " 2 visit.number_missing"},
	} {
		l, err := reader.ReadCSV(strings.NewReader(c.file))
		got, _, _ := strings.Cut(show(l), "csv merged")
		if got = strings.TrimSuffix(got, "\n"); err != nil || got != c.want {
			t.Errorf("%s:\n%s %v\nwant\n%s", c.name, got, err, c.want)
		}
	}
}

// TestBadFilesCostNoSquare reads the worst that quotes can do, each line closing the last one's and
// opening another, and a file that is all headings.
func TestBadFilesCostNoSquare(t *testing.T) {
	start := time.Now()
	for _, file := range []string{
		"tlf;dato\n\"" + strings.Repeat("x\";\"y\n", MaxBytes/8),
		strings.Repeat("tlf;", MaxBytes/4),
	} {
		if _, err := reader.ReadCSV(strings.NewReader(file)); err == nil {
			t.Error("it was read")
		}
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took) // minutes without maxRecord
	}
}
