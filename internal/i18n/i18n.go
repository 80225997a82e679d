// Package i18n keeps the words of the interface, one file per language, and writes numbers and
// periods the way each language does. What patients are asked is in the survey files, not here.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/venterom/venterom/internal/calendar"
)

//go:embed nb.json nn.json en.json
var files embed.FS

// Languages in the order of the interface; the first is the one to fall back on.
var Languages = []string{"nb", "nn", "en"}

// Words is every message in every language.
type Words struct{ languages map[string]Language }

// Language writes in one language. It is safe for concurrent use.
type Language struct {
	Tag   string // "nb", "nn" or "en"
	plain map[string]string
	loc   *goi18n.Localizer
}

// Load reads the embedded words. floor and cohort are the fewest answers and the fewest practices that
// this installation says anything about; they stand where a message has {{.Floor}} and {{.Cohort}}.
func Load(floor, cohort int) (*Words, error) {
	bundle := goi18n.NewBundle(language.MustParse("nb"))
	w := &Words{map[string]Language{}}
	for _, tag := range Languages {
		data, err := files.ReadFile(tag + ".json")
		if err != nil {
			return nil, err
		}
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(data, &raw); err != nil {
			return nil, fmt.Errorf("words in %s: %w", tag, err)
		}
		inWords := func(n int) string {
			var text string
			if json.Unmarshal(raw["number."+strconv.Itoa(n)], &text) != nil {
				return strconv.Itoa(n) // only small numbers are written as words
			}
			return text
		}
		filled := strings.NewReplacer("{{.Floor}}", inWords(floor), "{{.Cohort}}", inWords(cohort)).Replace(string(data))
		if _, err := bundle.ParseMessageFileBytes([]byte(filled), tag+".json"); err != nil {
			return nil, fmt.Errorf("words in %s: %w", tag, err)
		}
		if err := json.Unmarshal([]byte(filled), &raw); err != nil {
			return nil, fmt.Errorf("words in %s: %w", tag, err)
		}
		// Most messages are fixed text; they are looked up without the template machinery.
		plain := map[string]string{}
		for key, value := range raw {
			var text string
			if json.Unmarshal(value, &text) == nil && !strings.Contains(text, "{{") {
				plain[key] = text
			}
		}
		w.languages[tag] = Language{tag, plain, goi18n.NewLocalizer(bundle, tag)}
	}
	return w, nil
}

// In returns a language, bokmål for an unknown tag.
func (w *Words) In(tag string) Language {
	if l, ok := w.languages[tag]; ok {
		return l
	}
	return w.languages[Languages[0]]
}

var matcher = language.NewMatcher([]language.Tag{language.MustParse("nb"), language.MustParse("nn"), language.MustParse("en")})

// Negotiate chooses a language for an Accept-Language header; bokmål if nothing fits.
func (w *Words) Negotiate(accept string) Language {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return w.In("")
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return w.In("")
	}
	return w.In(Languages[i])
}

// T writes a message. args fill it in: pairs of name and value, or one map of them. A value named
// Count chooses the plural form. An unknown key is written as it is, for the tests to find.
func (l Language) T(key string, args ...any) string {
	if text, ok := l.plain[key]; ok {
		return text
	}
	data := map[string]any{}
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			maps.Copy(data, m)
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			data[name] = args[i+1]
		}
	}
	text, err := l.loc.Localize(&goi18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: data["Count"]})
	if err != nil {
		return key
	}
	return text
}

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// Number writes x with a fixed number of decimals and the language's own separators.
func (l Language) Number(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
		if strings.Trim(whole+fraction, "0") == "" {
			sign = ""
		}
	}
	group, point := nbsp, ","
	if l.Tag == "en" {
		group, point = ",", "."
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if fraction != "" {
		whole += point + fraction
	}
	return sign + whole
}

// Percent writes a share of 1 as whole per cent: "12 %", in English "12%".
func (l Language) Percent(share float64) string {
	if l.Tag == "en" {
		return l.Number(100*share, 0) + "%"
	}
	return l.Number(100*share, 0) + nbsp + "%"
}

// Day writes a date of Oslo in full: "23. november 2026".
func (l Language) Day(t time.Time) string {
	t = t.In(calendar.Oslo)
	return l.T("period.day", "Day", t.Day(), "Month", l.T("month."+strconv.Itoa(int(t.Month()))), "Year", t.Year())
}

// Clock writes a time of day in Oslo: "09:05".
func (l Language) Clock(t time.Time) string { return t.In(calendar.Oslo).Format("15:04") }

// Period names a period in full: "uke 47 2026", "november 2026", "4. kvartal 2026".
func (l Language) Period(p calendar.Period) string {
	switch p.Unit {
	case calendar.Monthly:
		return l.T("month."+strconv.Itoa(p.N)) + nbsp + strconv.Itoa(p.Year)
	case calendar.Quarterly:
		return l.T("period.quarter", "N", p.N, "Year", p.Year)
	}
	return l.T("period.week", "N", p.N, "Year", p.Year)
}

// PeriodShort names a period for an axis: "u47", "nov 26", "4. kv. 26".
func (l Language) PeriodShort(p calendar.Period) string {
	year := fmt.Sprintf("%02d", p.Year%100)
	switch p.Unit {
	case calendar.Monthly:
		name := []rune(l.T("month." + strconv.Itoa(p.N)))
		return string(name[:min(3, len(name))]) + nbsp + year
	case calendar.Quarterly:
		return l.T("period.quarter_short", "N", p.N, "Year", year)
	}
	return l.T("period.week_short", "N", p.N, "Year", year)
}

// Weeks names a span of weeks: "uke 40–43 2026".
func (l Language) Weeks(first, last calendar.Week) string {
	a, b := first.In(calendar.Weekly), last.In(calendar.Weekly)
	switch {
	case a == b:
		return l.Period(a)
	case a.Year == b.Year:
		return l.T("period.weeks", "First", a.N, "Last", b.N, "Year", a.Year)
	}
	return l.Period(a) + nbsp + "– " + l.Period(b)
}

// Date writes a day: "23. november 2026".
func (l Language) Date(t time.Time) string {
	return l.T("period.date", "Day", t.Day(), "Month", l.T("month."+strconv.Itoa(int(t.Month()))), "Year", t.Year())
}

// Keys lists every message of a language, for the tests.
func (w *Words) Keys(tag string) []string {
	data, err := files.ReadFile(tag + ".json")
	if err != nil {
		return nil
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal(data, &raw) != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(raw))
}
