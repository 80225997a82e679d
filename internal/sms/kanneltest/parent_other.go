//go:build !linux

package kanneltest

import "syscall"

// withParent has no counterpart on other systems.
var withParent *syscall.SysProcAttr
