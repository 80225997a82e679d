package kanneltest

import "syscall"

// withParent ends a process when the test binary is gone.
var withParent = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
