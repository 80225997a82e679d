package disclosure

// Floors of S8. Like the others they may not be lowered.
const (
	LeastAsked  = 20 // fewest asked that a number of answers is set beside
	LeastSilent = 5  // fewest of them who must not have answered
)

// MayCompare reports whether the number who answered may stand beside the number who could have (S8). Where
// few were asked, or nearly all answered, whoever knows whom they asked would know of each that they did,
// and with the results what they said.
func MayCompare(asked, answered int) bool {
	return asked >= LeastAsked && asked-answered >= LeastSilent
}
