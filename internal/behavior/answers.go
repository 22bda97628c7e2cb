package behavior

import "github.com/holterhq/holter/internal/baseline"

// verb is the kind of a method. It says more of an answer's size than anything else of a request does: what is read is large, what has been
// created, changed or removed is said in few bytes.
type verb uint8

const (
	otherwise verb = iota // RPC methods, and what is not known
	reading
	creating
	changing
	removing
	verbCount
)

func verbOf(method string) verb {
	switch method {
	case "GET", "HEAD", "OPTIONS":
		return reading
	case "POST":
		return creating
	case "PUT", "PATCH":
		return changing
	case "DELETE":
		return removing
	}
	return otherwise
}

// answers are the sizes of a token's answers to each kind of method.
type answers [verbCount]baseline.Magnitude

// learn takes in an answer to a token whose answers are as large as all.
func (s *answers) learn(a answer, all *baseline.Magnitude) {
	s[a.verb].LearnWithin(float64(a.bytes), all)
}

func (s *answers) put(w *baseline.Writer) {
	var used uint64
	for v := range s {
		if s[v] != (baseline.Magnitude{}) {
			used |= 1 << v
		}
	}
	w.Uint(used)
	for v := range s {
		if used&(1<<v) != 0 {
			s[v].Put(w)
		}
	}
}

func (s *answers) get(r *baseline.Reader) {
	used := r.Uint()
	for v := range s {
		if s[v] = (baseline.Magnitude{}); used&(1<<v) != 0 {
			s[v].Get(r)
		}
	}
}

// answer is the size of one of a day's.
type answer struct {
	bytes float32
	verb  verb
}

func putAnswers(w *baseline.Writer, all []answer) {
	w.Uint(uint64(len(all)))
	for _, a := range all {
		w.Uint(uint64(a.verb))
		w.Float(a.bytes)
	}
}

func getAnswers(r *baseline.Reader, version uint64, all []answer) []answer {
	for range r.Count() {
		var a answer
		if version >= verbsVersion {
			a.verb = verb(r.Uint() % uint64(verbCount))
		}
		a.bytes = r.Float()
		all = append(all, a)
	}
	return all
}
