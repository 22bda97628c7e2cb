// Package evaluate scores what behavior.Engine says about a labelled stream of requests: how many alerts are false, which thefts are
// found, and how soon. It runs the engine itself, without a collector: the figures are those of detection alone.
package evaluate
