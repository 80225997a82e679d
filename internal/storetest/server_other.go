//go:build !linux

package storetest

// startServer: on other systems a server is named with TEST_POSTGRES.
func startServer() (string, error) { return "", errNoServer }
