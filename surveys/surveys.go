// Package surveys embeds what is asked. A version listed in published.sum is never edited: a change is a new version.
package surveys

import "embed"

//go:embed *.yaml published.sum
var FS embed.FS
