// Package sim draws the traffic of a fleet of API clients that looks real, and of thieves among them.
//
// A fleet is people and machines with tokens of their own: an office behind one address, build runners in a cloud, phones
// behind carrier NAT, batches at the end of the month. Each has its volume, its hours in its time zone, its networks, its
// client and its habits, and changes them the way clients do: a journey, a holiday, a new release, a new routine. Attacks
// are laid over that traffic by name and come with labels.
//
// Everything follows from Config: the same configuration gives the same requests, bit for bit. Nothing here reads the
// clock, and the addresses are only ever written into telemetry. They are taken from ranges that public tables place in
// the country meant, so that whoever resolves them sees a sensible map.
package sim
