package credential

// FlagTakesSecret says whether a command-line argument announces that the next one is a secret: --token, -api-key.
func FlagTakesSecret(argument string) bool {
	if len(argument) < 3 || argument[0] != '-' {
		return false
	}
	for i := range len(argument) {
		if argument[i] == '=' || argument[i] == ' ' {
			return false
		}
	}
	return nature(argument) >= namesToken || hasFoldedSuffix(argument, "key")
}
