package disclosure

// Let is what one release let out of responses: by channel, as it is shown, and by collection point.
type Let struct {
	Week  string         // of the release; weeks compare as text
	Ways  map[string]int // by channel
	First string         // week of the first response in it by collection point; empty: it has none of them
}

// apart are the channels that can stand beside totals by collection point: QR codes, which all are at one,
// and what comes by none.
var apart = map[string]bool{"qr": true, "sms": true, "slip": true, "paper": true, "import": true}

// PointsAfter is the last week that totals by collection point must leave out, empty if there is none. A
// screen or a button on a web page may stand at one point only, and what is gathered as Mixed may be of
// any: the totals by channel and by point together would be a table with both margins, and known zeros
// give its cells away. So the totals begin after the last release that has such a channel, and after the
// last one whose responses by point began before that, because they waited. From there on they divide
// nothing but the responses by QR code of whole releases.
func PointsAfter(lets []Let) string {
	after := ""
	for moved := true; moved; {
		moved = false
		for _, l := range lets {
			if l.Week > after && (l.crossed() || l.First != "" && l.First <= after) {
				after, moved = l.Week, true
			}
		}
	}
	return after
}

func (l Let) crossed() bool {
	for way := range l.Ways {
		if !apart[way] {
			return true
		}
	}
	return false
}
