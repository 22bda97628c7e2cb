// Package baseline holds the streaming distributions that a token's normal life is made of, and the bets against them.
//
// Every distribution is a few fixed bytes, learns in O(1) and answers how probable something is under the token's own past (p).
// A bet compares that with how probable it is under an attack (q): e = (1-m) + m·q/p. Under the token's own behaviour the mean of
// e is at most 1, so log e is evidence in nats, adds up over blocks of time, and a threshold on it bounds the number of false
// alerts (Ville's inequality; Shin, Ramdas, Rinaldo: E-detectors, 2023).
//
// Time and weights are arguments; nothing here reads a clock, allocates per request once it is warm, or is safe for concurrent
// use.
package baseline
