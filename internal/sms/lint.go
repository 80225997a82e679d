package sms

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Setting is what a template is held against.
type Setting struct {
	Practice string // the name the message gives the practice, which may be a neutral one
	BaseURL  string // the installation's address, which every link begins with
	PerPart  int    // the price of one part in øre; 0 if unknown
}

// Proof is a template as it would be sent, and what is wrong with it.
type Proof struct {
	Text string // with a made-up link of the right length
	Segments
	Price    int // in øre
	Problems []Problem
}

// Refused reports whether the template must not be used.
func (p Proof) Refused() bool {
	return slices.ContainsFunc(p.Problems, func(p Problem) bool { return !p.Warning })
}

// sampleToken is as long as a real one.
const sampleToken = "ABCDEFGHJKMNPQRSTVWXYZ23456"

// Lint proofs a template. It refuses whatever the message could give away to somebody who sees the
// phone (health, a doctor's name or title, the reason for the visit, its day or hour), promotion, and any
// address but the link. It knows words, not meaning: it is an aid for the honest, with the list of
// words in lexicon.go.
func (t Template) Lint(s Setting) Proof {
	var p Proof
	refuse := func(key string, found []string) {
		if len(found) > 0 {
			p.Problems = append(p.Problems, Problem{Key: key, Args: map[string]any{"Found": list(found)}})
		}
	}
	warn := func(key string, args map[string]any) {
		p.Problems = append(p.Problems, Problem{Key: key, Args: args, Warning: true})
	}
	base := strings.TrimSuffix(s.BaseURL, "/")
	p.Text = t.Fill(s.Practice, base+"/s/"+sampleToken)
	p.Segments = Count(p.Text)
	p.Price = Price(p.Parts, s.PerPart)

	text := string(t)
	switch strings.Count(text, placeLink) {
	case 0:
		p.Problems = append(p.Problems, Problem{Key: "sms.link_missing"})
	case 1:
		if !standsAlone(text) {
			p.Problems = append(p.Problems, Problem{Key: "sms.link_joined"})
		}
	default:
		p.Problems = append(p.Problems, Problem{Key: "sms.link_twice"})
	}
	if !strings.Contains(text, placePractice) {
		p.Problems = append(p.Problems, Problem{Key: "sms.practice_missing"})
	}
	own := strings.NewReplacer(placePractice, mark, placeLink, mark).Replace(text) // what its author wrote
	refuse("sms.placeholder", braces.FindAllString(own, -1))
	refuse("sms.invisible", invisible(text+s.Practice))
	refuse("sms.link_other", addresses(t.Fill(s.Practice, mark)))
	refuse("sms.health", health.find(own))
	refuse("sms.doctor", append(doctor.find(own), names(own)...))
	refuse("sms.reason", reason.find(own))
	refuse("sms.time", append(moment.find(own), moments(own)...))
	refuse("sms.promotion", append(promotion.find(own), percents.FindAllString(own, -1)...))

	if found := append(health.find(s.Practice), doctor.find(s.Practice)...); len(found) > 0 {
		warn("sms.practice_telling", map[string]any{"Found": list(found)})
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Hostname() == "":
		p.Problems = append(p.Problems, Problem{Key: "sms.link_base"})
	case u.Scheme != "https":
		warn("sms.link_insecure", nil)
	case !strings.HasSuffix(strings.ToLower(u.Hostname()), ".no"):
		warn("sms.link_foreign", map[string]any{"Host": u.Hostname()})
	}
	if p.Encoding == UCS2 {
		warn("sms.encoding", map[string]any{"Found": show(p.Outside)})
	}
	if p.Parts > 1 {
		warn("sms.parts", map[string]any{"Parts": p.Parts})
	}
	return p
}

// list writes what was found, each once, in the order of the text.
func list(found []string) string {
	var once []string
	for _, f := range found {
		if !slices.Contains(once, f) {
			once = append(once, f)
		}
	}
	return strings.Join(once, ", ")
}

// mark stands where a placeholder was. It is neither a letter nor a space.
const mark = "\u2060"

var braces = regexp.MustCompile(`\{[^{}\s]*\}|[{}]`)

// standsAlone reports whether the link has a space or nothing on either side: a full stop behind it
// would become part of it on many phones.
func standsAlone(text string) bool {
	before, after, _ := strings.Cut(text, placeLink)
	return (before == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "\n")) &&
		(after == "" || strings.HasPrefix(after, " ") || strings.HasPrefix(after, "\n"))
}

// invisible lists what a reader cannot see and a phone may not show.
func invisible(text string) []string {
	var found []string
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
			found = append(found, fmt.Sprintf("%U", r))
		}
	}
	return found
}

// show writes characters so that an invisible one is seen too.
func show(runes []rune) string {
	var shown []string
	for _, r := range runes {
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) {
			shown = append(shown, string(r))
		} else {
			shown = append(shown, fmt.Sprintf("%U", r))
		}
	}
	return strings.Join(shown, " ")
}

var (
	// A phone makes a link of a scheme, of "www.", of an e-mail address, of four numbers and of anything
	// with a full stop between two words: "kontoret.Svar" too.
	scheme  = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:/\S*`)
	numeric = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+\S*`)
	domain  = regexp.MustCompile(`[\p{L}\p{N}@_-]+(?:[.．。｡][\p{L}\p{N}_-]+)*[.．。｡]\p{L}{2,}(?:[/:?#]\S*)?`)
	mailto  = regexp.MustCompile(`\S+@\S+`)
	dotted  = []string{"f.eks", "m.fl", "o.fl"} // abbreviations that look like addresses
)

func addresses(text string) []string {
	var found []string
	rest := text
	for _, pattern := range []*regexp.Regexp{scheme, mailto, numeric, domain} {
		for _, a := range pattern.FindAllString(rest, -1) {
			if !slices.Contains(dotted, strings.ToLower(a)) {
				found = append(found, a)
			}
		}
		rest = pattern.ReplaceAllString(rest, " ")
	}
	return found
}

var (
	clock = regexp.MustCompile(`(?i)\b(?:[01]?\d|2[0-3])[:.][0-5]\d\b|\bkl\d{1,2}\b|\b\d{1,2} ?[ap]\.?m\b`)
	date  = regexp.MustCompile(`(?i)\b\d{1,2}\. ?\d{1,2}\.(?:\d{2,4})?|\b\d{1,2}/\d{1,2}\b|\b\d{1,2}-\d{1,2}-\d{2,4}\b|` +
		`\b\d{4}-\d{2}-\d{2}\b|\b20[2-9]\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\b\d{1,2}\.? may\b|\bmay \d`)
	percents = regexp.MustCompile(`\d+ ?%`)
)

// moments lists the clock times and dates in a text.
func moments(text string) []string {
	found := date.FindAllString(text, -1)
	return append(found, clock.FindAllString(date.ReplaceAllString(text, " "), -1)...)
}

// person finds two or more capitalised words where a message says whom the patient saw.
var person = regexp.MustCompile(`(?:^|[\s(])(?:[Hh]os|[Mm]ed|[Aa]v|[Tt]il|[Ww]ith|[Bb]y|[Tt]o|[Ss]aw|[Ss]ee)\s+(\p{Lu}[\p{L}'.-]*(?:\s+\p{Lu}[\p{L}'.-]*)+)`)

// names lists what looks like a person's name: not "hos Bergen Legesenter".
func names(text string) []string {
	var found []string
	for _, m := range person.FindAllStringSubmatch(text, -1) {
		if places.find(m[1]) == nil {
			found = append(found, m[1])
		}
	}
	return found
}
