// Package survey says what is asked: surveys, their questions and options, in three languages. It
// reads and checks the files they are written in, and parses a submitted form into answers from
// their closed sets. There is no question of free text, and nothing here stores an answer.
package survey

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// Languages are the languages every text exists in, in the order the interface offers them.
var Languages = []string{"nb", "nn", "en"}

const (
	// NotApplicable is the code of the answer "does not apply", which is counted but never scored.
	NotApplicable = "na"
	// IndexID is the derived question: a respondent's mean score, 0 to 100 in steps of 5.
	IndexID = "index"
)

// Text is one text in every language, by language tag.
type Text map[string]string

// In returns the text in a language, in bokmål if it does not exist in that one.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t["nb"]
}

// Kind is how a question is asked. There is no kind that takes text.
type Kind string

// The kinds: the options of a scale are ordered and scored, those of a choice are neither.
const (
	Scale  Kind = "scale"
	Choice Kind = "choice"
)

// Option is one answer to a question. Score, 0 to 100, means something only on a scale.
type Option struct {
	Code  string  `json:"code"`
	Score float64 `json:"score"`
	Text  Text    `json:"text"`
}

// Question is asked with its options in their order. Note explains it and may be nil; NotApplicable
// is the label of the answer that sets the question aside, nil if there is none.
type Question struct {
	ID            string   `json:"id"`
	Kind          Kind     `json:"kind"`
	Text          Text     `json:"text"`
	Note          Text     `json:"note,omitempty"`
	Options       []Option `json:"options"`
	NotApplicable Text     `json:"not_applicable,omitempty"`
}

// Scores returns the score of each option by its code, without NotApplicable; nil for a choice.
func (q Question) Scores() map[string]float64 {
	if q.Kind != Scale {
		return nil
	}
	scores := make(map[string]float64, len(q.Options))
	for _, o := range q.Options {
		scores[o.Code] = o.Score
	}
	return scores
}

// Label returns what the answer with a code says, nil if there is no such answer.
func (q Question) Label(code string) Text {
	if code == NotApplicable {
		return q.NotApplicable
	}
	for _, o := range q.Options {
		if o.Code == code {
			return o.Text
		}
	}
	return nil
}

// answer returns the question's own copy of a submitted code, so that no answer keeps the body of
// its request alive.
func (q *Question) answer(code string) (string, bool) {
	for i := range q.Options {
		if q.Options[i].Code == code {
			return q.Options[i].Code, true
		}
	}
	return NotApplicable, code == NotApplicable && q.NotApplicable != nil
}

// Survey is one version of what is asked together. It is shared and never changed after Load.
// Index is the name of the derived question, nil if the survey has none.
type Survey struct {
	ID        string     `json:"id"`
	Version   int        `json:"version"`
	Title     Text       `json:"title"`
	Index     Text       `json:"index,omitempty"`
	Questions []Question `json:"questions"`
}

// Question returns a question by its id, the derived IndexID included where the survey has one.
func (s *Survey) Question(id string) (Question, bool) {
	if id == IndexID && s.Index != nil {
		return Question{ID: IndexID, Kind: Scale, Text: s.Index, Options: indexOptions}, true
	}
	for _, q := range s.Questions {
		if q.ID == id {
			return q, true
		}
	}
	return Question{}, false
}

// Scored returns the questions on a scale, without the index.
func (s *Survey) Scored() []Question {
	var scored []Question
	for _, q := range s.Questions {
		if q.Kind == Scale {
			scored = append(scored, q)
		}
	}
	return scored
}

// ScoredAndIndex returns the questions on a scale: the index first, if there is one.
func (s *Survey) ScoredAndIndex() []Question {
	var scored []Question
	if index, ok := s.Question(IndexID); ok {
		scored = append(scored, index)
	}
	return append(scored, s.Scored()...)
}

// Checksum is the SHA-256, in hexadecimal, of every word, code, score and order of the survey. It
// does not depend on the layout of its file. It hashes the JSON form, so a field added to these
// types must be left out of it when empty, or every published survey would seem changed.
func (s *Survey) Checksum() string {
	// Marshal fails on a score that is no finite number, which no survey that was loaded has.
	b, _ := json.Marshal(s)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

const indexStep = 5

var indexOptions = func() []Option {
	var options []Option
	for score := 0; score <= 100; score += indexStep {
		code := strconv.Itoa(score)
		text := make(Text, len(Languages))
		for _, lang := range Languages {
			text[lang] = code
		}
		options = append(options, Option{Code: code, Score: float64(score), Text: text})
	}
	return options
}()
