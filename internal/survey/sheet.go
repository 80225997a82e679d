package survey

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/venterom/venterom/internal/fault"
)

// What is typed from a printed form, besides the number of the option that is ticked.
const (
	aside   = "0" // does not apply
	noTick  = "-" // no box is ticked, or more than one
	maxTick = 9   // options that one digit can tell apart
)

// Sheet is a form on paper: surveys printed one after the other. Each question has a letter, each
// option a digit, and what somebody types of a filled-in sheet is one sign for each question.
type Sheet struct {
	Surveys []*Survey
	Items   []SheetItem
	Ends    []int // after how many signs a survey ends
}

// SheetItem is a question on a sheet.
type SheetItem struct {
	*Question
	Letter string
	Ticks  []Tick
}

// Tick is a box that can be ticked: the digit beside it and the answer that it is.
type Tick struct {
	Digit, Code string
	Text        Text
}

// NewSheet numbers surveys for print, in their order and that of their questions and options.
func NewSheet(surveys []*Survey) Sheet {
	s := Sheet{Surveys: surveys}
	for _, sv := range surveys {
		for i := range sv.Questions {
			q := &sv.Questions[i]
			item := SheetItem{Question: q, Letter: letter(len(s.Items))}
			for j, o := range q.Options {
				item.Ticks = append(item.Ticks, Tick{strconv.Itoa(j + 1), o.Code, o.Text})
			}
			if q.NotApplicable != nil {
				item.Ticks = append(item.Ticks, Tick{aside, NotApplicable, q.NotApplicable})
			}
			s.Items = append(s.Items, item)
		}
		s.Ends = append(s.Ends, len(s.Items))
	}
	return s
}

// letter names the n-th question: A to Z, then A2 and on.
func letter(n int) string {
	l := string(rune('A' + n%26))
	if n >= 26 {
		l += strconv.Itoa(n/26 + 1)
	}
	return l
}

// Mark says in print which surveys a sheet asks, and in which version: "visit-1.digital-1". Sheets with
// another mark may have other questions behind the same digits.
func (s Sheet) Mark() string {
	parts := make([]string, len(s.Surveys))
	for i, sv := range s.Surveys {
		parts[i] = fmt.Sprintf("%s-%d", sv.ID, sv.Version)
	}
	return strings.Join(parts, ".")
}

// Signs is what may be typed for a question, as people read it: "1–5, 0, –".
func (i SheetItem) Signs() string {
	signs := "1–" + strconv.Itoa(len(i.Options))
	if i.NotApplicable != nil {
		signs += ", " + aside
	}
	return signs + ", –"
}

// Allowed is the same as a list of characters: "123450-".
func (i SheetItem) Allowed() string {
	var b strings.Builder
	for _, t := range i.Ticks {
		b.WriteString(t.Digit)
	}
	return b.String() + noTick
}

// Parse reads what was typed of one filled-in sheet: a sign for each question, in their order. A space
// is as good as "-". A sheet may end where a survey does, because a whole page is often left empty, and
// nowhere else: a sign that was forgotten would give every later answer to the wrong question. A sheet
// on which nothing is ticked gives no response.
//
// Its errors are faults of the kind Invalid: sheet.wrong_sign and sheet.length.
func (s Sheet) Parse(signs string) ([]Response, error) {
	typed := strings.Split(signs, "")
	var responses []Response
	at, whole := 0, false
	for n, sv := range s.Surveys {
		answers := map[string]string{}
		for ; at < s.Ends[n] && at < len(typed); at++ {
			item, sign := s.Items[at], typed[at]
			if sign == " " || sign == noTick {
				continue
			}
			code, ok := item.code(sign)
			if !ok {
				return nil, fault.New(fault.Invalid, "sheet.wrong_sign").With("Letter", item.Letter).With("Signs", item.Signs())
			}
			answers[item.ID] = code
		}
		if len(answers) > 0 {
			responses = append(responses, Response{sv, answers})
		}
		whole = whole || len(typed) == s.Ends[n]
	}
	if !whole {
		return nil, fault.New(fault.Invalid, "sheet.length").With("Count", len(typed)).With("Want", len(s.Items))
	}
	return responses, nil
}

// code is the answer behind a digit.
func (i SheetItem) code(sign string) (string, bool) {
	for _, t := range i.Ticks {
		if t.Digit == sign {
			return t.Code, true
		}
	}
	return "", false
}
