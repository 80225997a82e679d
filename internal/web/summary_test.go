package web

import (
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/stats"
	"github.com/venterom/venterom/internal/survey"
)

func askedOf(id, text string, n int, mean float64) report.Question {
	q := report.Question{ID: id, Scored: true, Text: survey.Text{"nb": text, "nn": text, "en": text}}
	if n > 0 {
		q.Now = &report.Result{N: n, Mean: report.Mean{Value: mean, Interval: &stats.Interval{Low: mean - 5, High: mean + 5}}}
	}
	return q
}

func side(n int, mean float64) report.Side { return report.Side{N: n, Mean: mean} }

func shift(id string, verdict report.Outcome, n1, n2 int, before, now float64) report.Shift {
	s := report.Shift{Question: id, Verdict: verdict, Before: side(n1, before), Now: side(n2, now)}
	if verdict != report.TooFew {
		s.Mean = &report.Difference{Value: now - before, Interval: stats.Interval{Low: now - before - 8, High: now - before + 8}}
		s.Share = &report.Difference{Value: 0.1, Interval: stats.Interval{Low: -0.02, High: 0.22}}
	}
	return s
}

func dashboardWith(s report.Summary) *report.Dashboard {
	s.Method, s.Certainty.Question = stats.Method, "overall"
	s.Latest, s.Previous = calendar.Period{Unit: calendar.Quarterly, Year: 2026, N: 3}, calendar.Period{Unit: calendar.Quarterly, Year: 2026, N: 2}
	return &report.Dashboard{Summary: s, Questions: []report.Question{askedOf("waittime", "Ventetid?", 143, 58), askedOf("overall", "Alt i alt?", 143, 80)}}
}

// TestSummarySentences: every kind of finding in bokmål, and the numbers of answers that each of its
// sentences must have in every language.
func TestSummarySentences(t *testing.T) {
	two := []report.Standing{{Question: "waittime", N: 143, Mean: 58}}
	plan := &report.Next{Question: "waittime", N: 143, SD: 25.1, Level: 0.96, Points: 10, Needed: 106, PerQuarter: 130, Weeks: 11, Visible: 6.4}
	slow := *plan
	slow.PerQuarter, slow.Weeks, slow.Improvement = 44, 32, []string{"Mer tid"}
	for name, c := range map[string]struct {
		summary report.Summary
		asked   int // which of the statements
		want    string
		numbers []string // one or more of them, joined by |, in each sentence
	}{
		"no quarter is over": {report.Summary{Certainty: report.Certainty{N: 143}}, 0,
			"≈ For usikkert til å si om noe er endret: Ingen hele kvartaler er ferdige. Så langt er det 143 svar på «Alt i alt?»", []string{"143"}},
		"nobody has answered": {report.Summary{}, 0,
			"≈ For usikkert til å si om noe er endret: Ingen hele kvartaler er ferdige. Så langt er det færre enn ti svar på «Alt i alt?»", []string{"ti|ten"}},
		"too few in a quarter": {report.Summary{Quarters: true, Level: 0.96, Shifts: []report.Shift{shift("overall", report.TooFew, 24, 143, 0, 0)}}, 0,
			"≈ For usikkert til å si om noe er endret fra 2. kvartal 2026 til 3. kvartal 2026: 24 svar og 143 svar på «Alt i alt?» Det trengs minst 30 i hvert av kvartalene.",
			[]string{"24|143"}},
		"no change": {report.Summary{Quarters: true, Level: 0.98, Compared: 2, Shifts: []report.Shift{
			shift("waittime", report.NoEvidence, 130, 143, 58, 60), shift("overall", report.NoEvidence, 127, 143, 80, 79)}}, 0,
			"≈ Ingen sikker endring fra 2. kvartal 2026 til 3. kvartal 2026. 2 resultater er sammenlignet, med minst 127 svar i hvert kvartal.", []string{"127"}},
		"one better, one worse": {report.Summary{Quarters: true, Level: 0.98, Compared: 2, Shifts: []report.Shift{
			shift("waittime", report.Improved, 130, 143, 58, 71), shift("overall", report.Worse, 127, 140, 80, 70)}}, 0,
			"▲ Bedre: «Ventetid?» gikk fra 58 til 71 av 100 (2. kvartal 2026 til 3. kvartal 2026, 130 og 143 svar). " +
				"▼ Dårligere: «Alt i alt?» gikk fra 80 til 70 av 100 (2. kvartal 2026 til 3. kvartal 2026, 127 og 140 svar).", []string{"130|143", "127|140"}},
		"more than two": {report.Summary{Quarters: true, Level: 0.9867, Compared: 3, Shifts: []report.Shift{shift("waittime", report.Improved, 130, 143, 58, 71),
			shift("overall", report.Worse, 127, 140, 80, 70), shift("waittime", report.Improved, 131, 144, 58, 71)}}, 0,
			"Ett resultat til er endret, med minst 127 svar i hvert kvartal.", []string{"130|143", "127|140", "127"}},
		"weak":   {report.Summary{Contested: 2, Weak: two}, 1, "▼ Vurderes lavere enn de fleste: «Ventetid?» 58 av 100 (143 svar).", []string{"143"}},
		"strong": {report.Summary{Contested: 2, Strong: two}, 1, "▲ Vurderes høyere enn de fleste: «Ventetid?» 58 av 100 (143 svar).", []string{"143"}},
		"alike": {report.Summary{Contested: 2}, 1,
			"≈ Ingenting skiller seg ut: De 2 spørsmålene ligger for tett til å si noe sikkert (minst 143 svar på hvert).", []string{"143"}},
		"too few to stand out": {report.Summary{Certainty: report.Certainty{N: 12}}, 1,
			"≈ For usikkert til å si hva som er sterkt og svakt: 12 svar på «Alt i alt?» Det trengs minst 30 på to spørsmål.", []string{"12"}},
		"enough to compare": {report.Summary{Certainty: report.Certainty{N: 143, Reliability: 0.893, Comparable: true}}, 2,
			"143 svar på «Alt i alt?» Det er nok til å sammenligne dere med andre kontorer.", []string{"143"}},
		"too few to compare": {report.Summary{Certainty: report.Certainty{N: 39, Reliability: 0.694}}, 2,
			"≈ For usikkert til å sammenligne dere med andre kontorer: 39 svar på «Alt i alt?» Det trengs minst 40.", []string{"39"}},
		"collect": {report.Summary{Certainty: report.Certainty{N: 12}}, 3,
			"Samle flere svar først: 12 svar på «Alt i alt?» Det trengs minst 30 før noe kan planlegges.", []string{"12"}},
		"a quarter is enough": {report.Summary{Weak: two, Next: plan}, 3, "Se først på «Ventetid?» Det er lavest, med 143 svar. " +
			"For å se en endring på 10 poeng trengs 106 svar før og like mange etter. Dere får omtrent 130 svar i kvartalet, så ett kvartal er nok (ut fra 143 svar).",
			[]string{"143", "106|130|143"}},
		"a quarter is not enough": {report.Summary{Next: &slow}, 3, "Tiltaket «Mer tid» er i gang for «Ventetid?» Spørsmålet har 143 svar. " +
			"For å se en endring på 10 poeng trengs 106 svar før og like mange etter. Dere får omtrent 44 svar i kvartalet, så det tar omtrent 32 uker å samle dem (ut fra 143 svar).",
			[]string{"143", "106|44|143"}},
	} {
		t.Run(name, func(t *testing.T) {
			words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
			must(t, err)
			for _, tag := range i18n.Languages {
				statements := newSummary(words.In(tag), dashboardWith(c.summary))
				if len(statements) != 4 {
					t.Fatalf("%s: %d statements, want 4", tag, len(statements))
				}
				var said []string
				st := statements[c.asked]
				if len(st.Sentences) != len(c.numbers) {
					t.Fatalf("%s: %d sentences, want %d: %v", tag, len(st.Sentences), len(c.numbers), st.Sentences)
				}
				for i, s := range st.Sentences {
					found := false
					for _, n := range strings.Split(c.numbers[i], "|") {
						found = found || strings.Contains(s.Text, n)
						if tag != "nb" || n == "ten" || n == "ti" {
							continue
						}
						if !strings.Contains(s.Text, n) {
							t.Errorf("%q lacks %s", s.Text, n)
						}
					}
					if !found {
						t.Errorf("%s: %q has no number of answers", tag, s.Text)
					}
					said = append(said, strings.TrimSpace(s.Sign+" "+s.Text))
				}
				for _, s := range append(said, st.Details...) {
					if strings.Contains(s, "dashboard.") || strings.Contains(s, "<no value>") || strings.Contains(s, "NaN") {
						t.Errorf("%s: %q", tag, s)
					}
				}
				all := strings.ReplaceAll(strings.Join(said, " "), "\u00a0", " ")
				if tag == "nb" && !strings.Contains(all, c.want) {
					t.Errorf("says %q\nwant %q", all, c.want)
				}
			}
		})
	}
}

// TestSummaryDetails: the intervals behind the triangles.
func TestSummaryDetails(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	d := dashboardWith(report.Summary{Quarters: true, Level: 0.992, Compared: 5, Contested: 2, Shifts: []report.Shift{
		shift("waittime", report.Improved, 130, 143, 58, 71), shift("overall", report.TooFew, 0, 29, 0, 0)},
		Certainty: report.Certainty{N: 143, Reliability: 0.893, Comparable: true}})
	var all []string
	for _, st := range newSummary(words.In("nb"), d) {
		all = append(all, st.Details...)
	}
	text := strings.ReplaceAll(strings.Join(all, " "), "\u00a0", " ")
	for _, want := range []string{
		"«Ventetid?» ▲ Bedre. Fra 58 til 71 av 100, endring +13 (+5 til +21), 130 og 143 svar. Andel positive: endring +10 prosentpoeng (−2 til +22).",
		"«Alt i alt?» For usikkert til å si: færre enn ti svar og 29 svar.", "99,2 % intervaller", "5 resultater samtidig",
		"«Ventetid?» 58 av 100 (95 % 53–63, 143 svar).", "Pålitelighet 0,89 av 1 (143 svar)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCourseInWords(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	var trend []report.Point
	for p := (calendar.Period{Unit: calendar.Quarterly, Year: 2023, N: 1}); len(trend) < 14; p = p.Next() {
		trend = append(trend, report.Point{Period: p, Result: &report.Result{N: 40}})
	}
	course := report.Course{Points: 14, Answers: 560, Median: 72, Useful: 14, Enough: true, Longest: 7, MostRun: 7, Crossings: 6, LeastCrossings: 4,
		From: trend[2].Period, To: trend[8].Period, Above: true}
	for name, c := range map[string]struct {
		change func(*report.Course)
		want   string
	}{
		"nothing": {func(*report.Course) {}, "Ingen signaler: De 14 punktene svinger om medianen (72) som ved en tilfeldighet. 560 svar i alt."},
		"too few points": {func(c *report.Course) { c.Enough, c.Useful = false, 4 },
			"For usikkert til å si noe om utviklingen: 4 punkter utenom medianen (72), og det trengs 10. 560 svar i alt."},
		"a long run": {func(c *report.Course) { c.LongRun, c.MostRun = true, 6 },
			"Signal: sju kvartaler på rad på samme side av medianen, over 72 (3. kvartal 2023 til 1. kvartal 2025). Mer enn 6 skjer sjelden ved en tilfeldighet. 14 punkter, 560 svar i alt."},
		"few crossings": {func(c *report.Course) { c.FewCrossings, c.Crossings = true, 2 },
			"Signal: Kurven krysser medianen (72) bare 2 ganger. Tilfeldige punkter krysser den nesten alltid minst 4. 14 punkter, 560 svar i alt."},
		"a limited mean": {func(c *report.Course) { c.Limited = 1 }, "Én periode er ikke regnet med, fordi gjennomsnittet bare er gitt som en grense. 560 svar i de andre."},
		"an improvement": {func(c *report.Course) {
			c.Baseline, c.Improvements = 12, []report.Mark{{Name: "Mer tid", Start: "2026-W02", Index: 12}}
			c.Limits = &report.Limits{Centre: 72, Low: 61.4, High: 82.6, Points: 12, Trial: true, Outside: []int{13}}
		}, "Prikket strek: tiltaket «Mer tid» fra uke 2 2026. Medianen er låst til tiden før tiltaket. Stiplede streker: kontrollgrenser 61–83, regnet ut fra 12 punkter. " +
			"Grensene er foreløpige: Det er færre enn 13 punkter bak dem. Utenfor grensene: 2. kvartal 2026 (40 svar)."},
	} {
		changed := course
		c.change(&changed)
		for _, tag := range i18n.Languages {
			notes := courseNotes(words.In(tag), report.Question{Trend: trend, Course: &changed})
			all := strings.ReplaceAll(strings.Join(notes, " "), "\u00a0", " ")
			if !strings.Contains(all, "560") || strings.Contains(all, "dashboard.") || strings.Contains(all, "<no value>") {
				t.Errorf("%s in %s: %s", name, tag, all)
			}
			if tag == "nb" && !strings.Contains(all, c.want) {
				t.Errorf("%s: %q\nwant %q", name, all, c.want)
			}
		}
	}
}

func TestManyBestAnswersAreSaid(t *testing.T) {
	words, err := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	must(t, err)
	q := report.Question{Scored: true, Options: []survey.Option{{Text: survey.Text{"nb": "Nei"}}, {Text: survey.Text{"nb": "Ja"}}},
		Now: &report.Result{N: 40, Answers: []int{8, 32}}}
	// Wilson for 32 of 40: 65 to 90 per cent.
	if got := strings.ReplaceAll(bestNote(words.In("nb"), q), "\u00a0", " "); !strings.HasPrefix(got, "80 % ga det beste svaret, «Ja» (95 % 65–90, 40 svar).") {
		t.Errorf("says %q", got)
	}
	q.Now.Answers = []int{21, 19}
	if got := bestNote(words.In("nb"), q); got != "" {
		t.Errorf("19 of 40 says %q", got)
	}
}
