package credential

import "bytes"

// view is another reading of a string: percent-encoding or the escapes of JSON undone, with the way back from each byte to
// where it came from.
type view struct {
	active bool
	text   []byte
	from   []int32 // by byte of text, and one past its end
	spare  []byte
	back   []int32
}

// origin is where a byte of the view stands in the string.
func (w *view) origin(i int) int { return int(w.from[i]) }

func (w *view) forget() {
	clear(w.text[:cap(w.text)])
	clear(w.spare[:cap(w.spare)])
	w.active = false
}

// scanViews scans the other readings of a string. What is encoded twice is read twice.
func (s *Scanner) scanViews(place Place, v string) {
	if place != Query && place != CookieHeader {
		place = Text
	}
	w := &s.view
	w.start(v)
	for range 3 {
		percent, escape := w.percent(), w.escapes()
		if !percent && !escape {
			break
		}
		w.active = true
		decoded := string(w.text)
		s.coded = false
		s.read(place, decoded)
		w.active = false
		if !s.coded {
			break
		}
	}
}

func (w *view) start(v string) {
	w.text = append(w.text[:0], v...)
	w.from = w.from[:0]
	for i := range len(v) + 1 {
		w.from = append(w.from, int32(i))
	}
}

// percent undoes percent-encoding; it says whether there was any.
func (w *view) percent() bool {
	return w.rewrite('%', func(at int) (string, int) {
		if at+2 < len(w.text) && hexAny[w.text[at+1]] && hexAny[w.text[at+2]] {
			return string([]byte{unhex(w.text[at+1])<<4 | unhex(w.text[at+2])}), 3
		}
		return "", 0
	})
}

// escapes undoes the backslashes of JSON; it says whether there were any.
func (w *view) escapes() bool {
	return w.rewrite('\\', func(at int) (string, int) {
		if at+1 >= len(w.text) {
			return "", 0
		}
		switch b := w.text[at+1]; b {
		case '"', '\\', '/', '\'':
			return string([]byte{b}), 2
		case 'n', 'r', 't', 'b', 'f':
			return " ", 2
		case 'x':
			if at+3 < len(w.text) && hexAny[w.text[at+2]] && hexAny[w.text[at+3]] {
				return string([]byte{unhex(w.text[at+2])<<4 | unhex(w.text[at+3])}), 4
			}
		case 'u':
			if at+5 >= len(w.text) {
				break
			}
			r := rune(0)
			for _, h := range w.text[at+2 : at+6] {
				if !hexAny[h] {
					return "", 0
				}
				r = r<<4 | rune(unhex(h))
			}
			return string(r), 6
		}
		return "", 0
	})
}

// rewrite replaces what undo understands, wherever the mark stands.
func (w *view) rewrite(mark byte, undo func(at int) (string, int)) bool {
	if bytes.IndexByte(w.text, mark) < 0 {
		return false
	}
	w.spare, w.back = w.spare[:0], w.back[:0]
	changed := false
	for i := 0; i < len(w.text); {
		if w.text[i] == mark {
			if plain, n := undo(i); n > 0 {
				for j := range len(plain) {
					w.spare = append(w.spare, plain[j])
					w.back = append(w.back, w.from[i])
				}
				i += n
				changed = true
				continue
			}
		}
		w.spare = append(w.spare, w.text[i])
		w.back = append(w.back, w.from[i])
		i++
	}
	w.back = append(w.back, w.from[len(w.text)])
	w.text, w.spare = w.spare, w.text
	w.from, w.back = w.back, w.from
	return changed
}
