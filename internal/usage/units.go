package usage

import "github.com/holterhq/holter/internal/behavior"

// Unit is what a request used beside itself, such as input tokens of a model.
type Unit struct{ Name, Model string }

// Units are what the requests of a token used, and what that cost.
type Units struct {
	Amounts Series[Unit]
	Costs   Series[Unit] // in billionths of Currency, by model: the name is empty
	Money   string       // the currency
}

// Charge is an amount of a unit, and what it cost.
type Charge struct {
	Unit
	Amount   uint64
	Cost     float64
	Currency string
	At       int64 // as of a Role
}

// perUnit is how finely costs are counted: a call may cost less than a millionth.
const perUnit = 1e9

// Charge counts what a request that was counted before has used.
func (m *Meter) Charge(obs *behavior.Observation, c *Charge) {
	m.row(obs, 0).charge(c, &m.options)
}

func (r *row) charge(c *Charge, options *Options) {
	u := r.usage.Units
	if u == nil {
		limit := options.MaxRoutes
		if r.token.Overflow {
			limit = options.MaxShared
		}
		u = &Units{Amounts: Series[Unit]{limit: limit}, Costs: Series[Unit]{limit: limit}}
		r.usage.Units = u
	}
	u.Amounts.add(c.Unit, c.Amount)
	if c.Cost > 0 {
		u.Money = c.Currency
		u.Costs.add(Unit{Model: c.Model}, uint64(c.Cost*perUnit+0.5))
	}
}

// Cost is what counted costs are in the currency.
func Cost(counted uint64) float64 { return float64(counted) / perUnit }

func (u *Units) snapshot() *Units {
	if u == nil {
		return nil
	}
	return &Units{Amounts: u.Amounts.snapshot(), Costs: u.Costs.snapshot(), Money: u.Money}
}
