package survey

import (
	"maps"
	"math"

	"github.com/venterom/venterom/internal/fault"
)

// Response is one filled-in form of one survey. It exists only in memory, for the length of a
// request. Answers holds an option code by question id; a skipped question is absent.
type Response struct {
	Survey  *Survey
	Answers map[string]string
}

// Parse reads a submitted form whose fields are named "<survey id>.<question id>" and hold one
// option code each. Any other field is refused: the caller takes its own out first. A survey
// without an answer gives no response; the order is that of surveys, which have distinct ids.
//
// Its errors are faults of the kind Invalid that do not repeat what was submitted:
// form.unknown_field, form.unknown_option, form.two_answers, form.empty.
func Parse(surveys []*Survey, values map[string][]string) ([]Response, error) {
	var responses []Response
	known := 0
	for _, s := range surveys {
		var answers map[string]string
		for i := range s.Questions {
			q := &s.Questions[i]
			submitted, ok := values[s.ID+"."+q.ID]
			if !ok {
				continue
			}
			known++
			if len(submitted) == 0 {
				continue
			}
			if len(submitted) > 1 {
				return nil, fault.New(fault.Invalid, "form.two_answers")
			}
			code, ok := q.answer(submitted[0])
			if !ok {
				return nil, fault.New(fault.Invalid, "form.unknown_option")
			}
			if answers == nil {
				answers = make(map[string]string, len(s.Questions))
			}
			answers[q.ID] = code
		}
		if answers != nil {
			responses = append(responses, Response{s, answers})
		}
	}
	if known != len(values) {
		return nil, fault.New(fault.Invalid, "form.unknown_field")
	}
	if len(responses) == 0 {
		return nil, fault.New(fault.Invalid, "form.empty")
	}
	return responses, nil
}

// Counts returns what is to be counted, an option code by question id: the answers, and the index
// if the survey has one and at least half of its scored questions were given a score. It may be
// Answers itself: do not change it.
func (r Response) Counts() map[string]string {
	index, ok := r.index()
	if !ok {
		return r.Answers
	}
	counts := make(map[string]string, len(r.Answers)+1)
	maps.Copy(counts, r.Answers)
	counts[IndexID] = index
	return counts
}

func (r Response) index() (code string, ok bool) {
	if r.Survey.Index == nil {
		return "", false
	}
	var sum float64
	asked, given := 0, 0
	for i := range r.Survey.Questions {
		q := &r.Survey.Questions[i]
		if q.Kind != Scale {
			continue
		}
		asked++
		answer, ok := r.Answers[q.ID]
		if !ok {
			continue
		}
		for j := range q.Options {
			if q.Options[j].Code == answer {
				sum += q.Options[j].Score
				given++
				break
			}
		}
	}
	if given == 0 || 2*given < asked {
		return "", false
	}
	// Halves go to the even step: always up, they would raise the mean of a practice by half a point.
	// The inner rounding finds a half that lost its last bit in a sum of thirds.
	step := int(math.RoundToEven(math.Round(sum/float64(given)/indexStep*1e6) / 1e6))
	return indexOptions[step].Code, true
}
