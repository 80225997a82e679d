package web

import (
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"

	"github.com/venterom/venterom/internal/practice"
)

// quietZone is the empty border a scanner needs, in modules (ISO/IEC 18004).
const quietZone = 4

// pointURL is a collection point's address as its QR code has it: in capitals, which a QR code packs
// in two thirds of the space.
func (s *Server) pointURL(code practice.Code) string {
	return strings.ToUpper(s.BaseURL.Scheme + "://" + s.BaseURL.Host + "/k/" + string(code))
}

// qrSVG draws a QR code at error correction Q (a quarter may be dirty or torn), quiet zone included,
// one unit to a module. It names no size: the page or the print shop does.
func qrSVG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.Q)
	if err != nil {
		return nil, err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, x-start, x-start)
			}
		}
	}
	side := code.Size + 2*quietZone
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="%s"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		side, side, html.EscapeString(text), side, side, path.String()), nil
}

// qrPNG draws the same at 24 pixels to a module, enough for 60 mm at 600 dpi. The library's picture
// has a quiet zone of four modules.
func qrPNG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.Q)
	if err != nil {
		return nil, err
	}
	code.Scale = 24
	return code.PNG(), nil
}
