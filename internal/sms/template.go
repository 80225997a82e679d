package sms

import "strings"

// Template is a message with {practice} and {link} left open.
type Template string

// The placeholders of a template.
const (
	placePractice = "{practice}"
	placeLink     = "{link}"
)

// Templates are the texts an installation begins with, by language. Each says who sends, that it is
// anonymous and takes a minute, and where to say no to more; with a practice's name of up to 21
// characters and a link of 53 it fits one part.
var Templates = map[string]Template{
	"nb": "Hvordan var besøket hos {practice}? Svar anonymt på 1 minutt: {link} Der kan du også si nei til flere.",
	"nn": "Korleis var besøket hos {practice}? Svar anonymt på 1 minutt: {link} Der kan du seie nei til fleire.",
	"en": "How was your visit to {practice}? Answer anonymously in 1 minute: {link} You can opt out there too.",
}

// Fill writes the message. What is put in is not searched for placeholders again.
func (t Template) Fill(practice, link string) string {
	return strings.NewReplacer(placePractice, practice, placeLink, link).Replace(string(t))
}
