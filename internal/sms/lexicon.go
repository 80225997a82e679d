package sms

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// words is a list of words and phrases of three languages that a text is searched for.
type words struct{ pattern *regexp.Regexp }

// lexicon reads a list: one entry between commas, * for any ending. Letter case and what stands
// between the words of a phrase do not matter.
func lexicon(list string) words {
	var alternatives []string
	for entry := range strings.SplitSeq(list, ",") {
		var b strings.Builder
		for i, word := range strings.Fields(entry) {
			if i > 0 {
				b.WriteString("  ")
			}
			stem, open := strings.CutSuffix(word, "*")
			b.WriteString(regexp.QuoteMeta(stem))
			if open {
				b.WriteString(`[^ ]*`)
			}
		}
		alternatives = append(alternatives, b.String())
	}
	return words{regexp.MustCompile(" (?:" + strings.Join(alternatives, "|") + ") ")}
}

// find lists what of the text is in the list, in lower case.
func (w words) find(text string) []string {
	var found []string
	for _, m := range w.pattern.FindAllString(normal(text), -1) {
		found = append(found, strings.Join(strings.Fields(m), " "))
	}
	return found
}

// normal writes a text as its words in lower case, each with a space of its own on either side, so that
// two entries next to each other are both found. Innocent phrases are left out.
func normal(text string) string {
	text = strings.ReplaceAll(strings.ToLower(text), "a\u030a", "å") // as some systems write names
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && string(r) != mark
	})
	return innocent.Replace(" " + strings.Join(fields, "  ") + " ")
}

// innocent phrases hold a word of the lists and mean something else.
var innocent = func() *strings.Replacer {
	var pairs []string
	for _, phrase := range []string{"doctor s office", "doctors office", "gp practice", "gp surgery", "gp office", "gp clinic",
		"feel free", "free to"} {
		pairs = append(pairs, fmt.Sprintf(" %s ", strings.Join(strings.Fields(phrase), "  ")), " ")
	}
	return strings.NewReplacer(pairs...)
}()

var (
	health = lexicon(`diagnos*, symptom*, sykdom*, syk, syke, sykt, sykmeld*, sykemeld*, sykefravær*, sjukdom*, sjuk, sjuke,
		sjukt, sjukmeld*, sjukefråvær*, resept*, e resept*, legemiddel*, legemidl*, medisin, medisinen*, medisinene*, medisinane*,
		medisiner*, medisinar*, medisinliste*, tablett*, antibiotik*, insulin*, prøvesvar*, prøveresultat*, prøvene dine,
		prøvane dine, blodprøv*, urinprøv*, celleprøv*, testresultat*, røntgen*, ultralyd*, henvisning*, henvist, tilvising*,
		tilvist, behandling*, behandlet, behandla, operasjon*, operert*, operer, vaksin*, kreft*, hudkreft*,
		brystkreft*, tarmkreft*, prostatakreft*, lungekreft*, diabet*, astma*, kols, angst*, depresjon*, deprimer*, psykisk*, psykiatri*,
		gravid*, svangerskap*, abort*, prevensjon*, p pille*, spiral, spiralen, smerte*, smertene, vondt, feber*,
		infeksjon*, betennelse*, lungebetennelse*, blodtrykk*, kolesterol*, hjerteinfarkt*, hjertesykdom*, hjarteinfarkt*,
		rusmid*, rusmiddel*, alkohol*, hiv, klamydia*, kjønnssykdom*, kjønnssjukdom*, journal, journalen*, pasientjournal*,
		helseopplysning*, helsetilstand*, helseplage*, helseproblem*, plagene, plagane, skaden, skadene, skadane, korona*, covid*,
		illness*, disease*, sick, sickness, prescription*, medicine, medicines, medication*, drug, drugs, tablets, pills, test result*,
		your results, blood test*, blood pressure, x ray*, xray*, mri, ultrasound*, referral*, referred, treatment*, treated,
		therapy, vaccin*, cancer*, pregnan*, pain, pains, painful, fever, infection*, injury, injuries, injured, depress*, anxiety,
		mental health, asthma*, allerg*, contracepti*, your condition, health record*, medical record*, medical history,
		health data, health problem*`)
	doctor = lexicon(`lege, legen, legens, leger, legene, legar, legane, fastlege, fastlegen, fastlegens, fastleger, fastlegene,
		fastlegar, fastlegane, turnuslege*, vikarlege*, overlege*, kommunelege*, doktor, doktoren, doktorens, doktorer, doktorar, dr,
		behandler, behandleren*, behandlar, behandlaren*, sykepleier*, sjukepleiar*, helsesykepleier*, helsesjukepleiar*,
		helsesekretær*, bioingeniør*, jordmor*, fysioterapeut*, psykolog*, psykiater*, gynekolog*, spesialist*, professor*,
		doctor, doctors, gp, gps, physician*, nurse, nurses, midwife, midwives, therapist*, psychologist*, psychiatrist*, consultant*,
		specialist*`)
	reason = lexicon(`fordi, på grunn av, pga, årsak, årsaken*, grunnen, gjaldt, angående, angåande, vedrørende, vedrørande, kontroll,
		kontrollen, kontrolltime*, kontrollbesøk*, årskontroll*, helsesjekk*, oppfølging*, oppfølgjing*, undersøkt, utredning*,
		utgreiing*, attest, attesten, legeattest*, helseattest*, legeerklæring*, because, reason, reasons, regarding, concerning,
		check up*, checkup*, follow up*, examination*, examined, assessment*`)
	moment = lexicon(`mandag*, tirsdag*, onsdag*, torsdag*, fredag*, lørdag*, søndag*, måndag*, tysdag*, laurdag*, sundag*,
		monday*, tuesday*, wednesday*, thursday*, friday*, saturday*, sunday*, i dag, idag, i går, igår, i forgårs, i førgår,
		i morges, i formiddag, i ettermiddag, i kveld, i natt, i morgon, i morgen, forrige uke, førre veke, sist uke, sist veke,
		siste uke, denne uken, denne uka, denne veka, dagens, gårsdagens, kl, klokka, klokken, januar*, februar*, mars, april, mai,
		juni, juli, august, september, oktober, november, desember, today*, yesterday*, tonight, this morning, this afternoon,
		this evening, this week, last week, earlier today, o clock, january, february, march, june, july, october, december`)
	promotion = lexicon(`rabatt*, gratis*, vinn, vinne, vinner, vinnere, vinnar, vinnarar, premie*, trekning*, gavekort*,
		gåvekort*, kampanje*, kjøp, kjøpe, kjøper, på salg, til salgs, til sals, spesialtilbud*, spesialtilbod*, tilbud på, tilbod på,
		godt tilbud, gode tilbud, godt tilbod, gode tilbod, bestill time*, bestill ny*, tinga time, last ned, lastned, facebook*,
		instagram*, følg oss, følgj oss, anbefal oss, tilrå oss, sponset*, sponsa, reklame*, nyhetsbrev*, nyheitsbrev*, kr, kroner,
		discount*, free, win, winner*, winning, prize*, gift card*, giftcard*, voucher*, campaign*, buy, on sale, for sale, special offer*,
		our offer*, offers, book now, book your, book an, order now, download our, follow us, recommend us, newsletter*,
		sponsored*, promotion*, advert*`)
	// places are words that tell a practice from a person.
	places = lexicon(`lege*, fastlege*, kontor*, senter, sentret, senteret, klinikk*, helse*, medical, centre, center, practice, surgery,
		clinic, health, office`)
)
