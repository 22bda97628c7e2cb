package sim

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// origin is where a client's connections come from. What holds for a while (this month's address at home, today's mast)
// depends on the time alone; what changes from one session to the next is drawn from d.
type origin interface {
	address(t time.Time, d *dice) netip.Addr
}

// static is a server room: one address, or the few of a NAT gateway.
type static []netip.Addr

func (s static) address(_ time.Time, d *dice) netip.Addr { return pick(d, s) }

// home is a line whose provider hands out another address now and then.
type home struct {
	seed  uint64
	pool  netip.Prefix // the provider's pool for the neighbourhood
	six   netip.Prefix // its IPv6 pool; invalid: none
	lease time.Duration
}

func (h home) address(t time.Time, d *dice) netip.Addr {
	lease := mix(h.seed, uint64(t.UnixNano()/int64(h.lease)))
	if h.six.IsValid() && d.chance(.4) {
		site := subnet(h.six, 56, lease)
		return host(subnet(site, 64, 0), mix(lease, uint64(t.Unix()/86400))) // a privacy address a day
	}
	return host(h.pool, lease)
}

// office is one /24 that colleagues share, and everybody's own line on the days that they work from home.
type office struct {
	nat    netip.Prefix
	home   home
	remote [7]bool // by weekday
	zone   *time.Location
}

func (o office) address(t time.Time, d *dice) netip.Addr {
	if o.remote[t.In(o.zone).Weekday()] {
		return o.home.address(t, d)
	}
	return host(o.nat, uint64(d.IntN(3))) // a handful of egress addresses
}

// carrier is a phone: Wi-Fi at home for some sessions, else whatever address the carrier's NAT has, or its IPv6.
type carrier struct {
	wifi     home
	wifiFor  float64
	nat, six netip.Prefix
}

func (c carrier) address(t time.Time, d *dice) netip.Addr {
	switch {
	case d.chance(c.wifiFor):
		return c.wifi.address(t, d)
	case c.six.IsValid() && d.chance(.55):
		return host(subnet(c.six, 64, d.Uint64()), d.Uint64())
	default:
		return host(c.nat, d.Uint64())
	}
}

// pool is whichever of many machines has the job: a build runner in a cloud, an edge of a CDN.
type pool []netip.Prefix

func (p pool) address(_ time.Time, d *dice) netip.Addr { return host(pick(d, p), d.Uint64()) }

// vpn is somebody who turns a tunnel on for some days; its exits stand in several countries.
type vpn struct {
	seed  uint64
	home  origin
	exits []netip.Prefix // the habitual one first
	share float64        // of days with the tunnel on
}

func (v vpn) address(t time.Time, d *dice) netip.Addr {
	today := mix(v.seed, uint64(t.Unix()/86400))
	if unit(today) >= v.share {
		return v.home.address(t, d)
	}
	exit := v.exits[0]
	if unit(mix(today, 1)) < .3 {
		exit = v.exits[mix(today, 2)%uint64(len(v.exits))]
	}
	return host(exit, mix(today, 3))
}

// trip is a stay abroad: the hotel's line, and the hours of the place.
type trip struct {
	from, to time.Time
	country  *Country
	hotel    home
}

func (t trip) covers(at time.Time) bool { return !at.Before(t.from) && at.Before(t.to) }

// subnet is one of p's subnets of the given length; which one follows from n.
func subnet(p netip.Prefix, bits int, n uint64) netip.Prefix {
	if bits <= p.Bits() {
		return p
	}
	return netip.PrefixFrom(within(p, bits, n), bits)
}

// host is one of p's addresses, never a network's first or last; which one follows from n.
func host(p netip.Prefix, n uint64) netip.Addr {
	a := within(p, p.Addr().BitLen(), n)
	if !a.Is4() {
		return a
	}
	b := a.As4()
	b[3] = 1 + b[3]%254
	return netip.AddrFrom4(b)
}

// within fills the bits of an address between p's length and the given one with n's.
func within(p netip.Prefix, bits int, n uint64) netip.Addr {
	free := bits - p.Bits()
	if free < 64 {
		n &= 1<<free - 1
	}
	if p.Addr().Is4() {
		b := p.Masked().Addr().As4()
		v := binary.BigEndian.Uint32(b[:]) | uint32(n<<(32-bits))
		binary.BigEndian.PutUint32(b[:], v)
		return netip.AddrFrom4(b)
	}
	b := p.Masked().Addr().As16()
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if bits <= 64 {
		hi |= n << (64 - bits)
	} else {
		lo |= n << (128 - bits)
	}
	binary.BigEndian.PutUint64(b[:8], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	return netip.AddrFrom16(b)
}
