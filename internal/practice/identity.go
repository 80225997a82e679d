package practice

// Identity is an account's name at an identity provider: whose name it is, and the name. It is all that is
// kept of what a provider tells.
type Identity struct {
	Issuer  string `db:"issuer"`
	Subject string `db:"subject"`
}
