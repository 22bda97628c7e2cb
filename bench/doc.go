// Package bench measures Holter beside what the stock Collector does with the same spans.
package bench
