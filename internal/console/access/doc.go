// Package access says who asks a console, what they may see and do, and how often. It knows nothing of what is asked.
package access
