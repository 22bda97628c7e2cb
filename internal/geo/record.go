package geo

import (
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"
)

// Record is what a database says about a network. Empty parts are unknown.
type Record struct {
	Country   string // ISO 3166-1 alpha-2
	Continent string // AF, AN, AS, EU, NA, OC or SA
	Region    string // ISO 3166-2, where the database knows the code
	City      string
	Latitude  float64
	Longitude float64
	Located   bool // there are a latitude and a longitude

	Network      uint32 // the number of the autonomous system
	Organization string // that it belongs to
}

// UnmarshalMaxMindDB reads the layouts of MaxMind and of DB-IP (nested: country.iso_code, city.names.en) and of ip-location-db (flat:
// country_code, city). A field of another kind than expected is left out, never an error.
func (r *Record) UnmarshalMaxMindDB(d *mmdbdata.Decoder) error {
	region, latitude, longitude := "", false, false
	err := eachField(d, func(name string) error {
		switch name {
		case "country":
			return eachField(d, fieldOf(d, "iso_code", &r.Country))
		case "country_code":
			return readText(d, &r.Country)
		case "continent":
			return eachField(d, fieldOf(d, "code", &r.Continent))
		case "subdivisions":
			return firstOf(d, func() error { return eachField(d, fieldOf(d, "iso_code", &region)) })
		case "city":
			if kind, err := d.PeekKind(); err != nil || kind == mmdbdata.KindString {
				return readText(d, &r.City)
			}
			return eachField(d, func(name string) error {
				if name == "names" {
					return eachField(d, fieldOf(d, "en", &r.City))
				}
				return d.SkipValue()
			})
		case "location":
			return eachField(d, func(name string) error { return r.readPosition(d, name, &latitude, &longitude) })
		case "latitude", "longitude":
			return r.readPosition(d, name, &latitude, &longitude)
		case "traits":
			return eachField(d, func(name string) error { return r.readNetwork(d, name) })
		}
		return r.readNetwork(d, name)
	})
	if !isCode(r.Country) {
		r.Country = ""
	}
	if r.Continent == "" {
		r.Continent = continentOf(r.Country)
	}
	if r.Country != "" && region != "" && len(region) <= 3 {
		r.Region = r.Country + "-" + region
	}
	r.Located = latitude && longitude
	return err
}

func (r *Record) readPosition(d *mmdbdata.Decoder, name string, latitude, longitude *bool) error {
	switch name {
	case "latitude":
		return readFloat(d, &r.Latitude, latitude)
	case "longitude":
		return readFloat(d, &r.Longitude, longitude)
	}
	return d.SkipValue()
}

func (r *Record) readNetwork(d *mmdbdata.Decoder, name string) error {
	switch name {
	case "autonomous_system_number":
		return readNumber(d, &r.Network)
	case "autonomous_system_organization":
		return readText(d, &r.Organization)
	}
	return d.SkipValue()
}

// isCode refuses what stands in some databases for unknown: "ZZ", "None".
func isCode(code string) bool {
	return len(code) == 2 && code != "ZZ" && code != "XX" && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

// eachField calls read with the name of every field of a map; read has to read its value or to skip it. What is no map is skipped.
func eachField(d *mmdbdata.Decoder, read func(name string) error) error {
	if kind, err := d.PeekKind(); err != nil {
		return err
	} else if kind != mmdbdata.KindMap {
		return d.SkipValue()
	}
	fields, _, err := d.ReadMap()
	if err != nil {
		return err
	}
	for name, err := range fields {
		if err != nil {
			return err
		}
		if err := read(string(name)); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf reads one text of a map and skips what else there is.
func fieldOf(d *mmdbdata.Decoder, wanted string, into *string) func(name string) error {
	return func(name string) error {
		if name == wanted {
			return readText(d, into)
		}
		return d.SkipValue()
	}
}

// firstOf reads the first element of a list and skips the others.
func firstOf(d *mmdbdata.Decoder, read func() error) error {
	if kind, err := d.PeekKind(); err != nil {
		return err
	} else if kind != mmdbdata.KindSlice {
		return d.SkipValue()
	}
	elements, _, err := d.ReadSlice()
	if err != nil {
		return err
	}
	first := true
	for err := range elements {
		if err != nil {
			return err
		}
		element := d.SkipValue
		if first {
			element = read
		}
		if err := element(); err != nil {
			return err
		}
		first = false
	}
	return nil
}

func readText(d *mmdbdata.Decoder, into *string) error {
	kind, err := d.PeekKind()
	if err != nil {
		return err
	}
	if kind != mmdbdata.KindString {
		return d.SkipValue()
	}
	*into, err = d.ReadString()
	return err
}

func readFloat(d *mmdbdata.Decoder, into *float64, done *bool) error {
	kind, err := d.PeekKind()
	if err != nil {
		return err
	}
	switch kind {
	case mmdbdata.KindFloat64:
		*into, err = d.ReadFloat64()
	case mmdbdata.KindFloat32:
		var f float32
		f, err = d.ReadFloat32()
		// the shortest decimal, so that 52.52 does not become 52.52000045776367
		*into, _ = strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	default:
		return d.SkipValue()
	}
	*done = err == nil
	return err
}

// readNumber reads the number of an autonomous system, which some write as a text, with or without AS.
func readNumber(d *mmdbdata.Decoder, into *uint32) error {
	kind, err := d.PeekKind()
	if err != nil {
		return err
	}
	switch kind {
	case mmdbdata.KindUint32:
		*into, err = d.ReadUint32()
	case mmdbdata.KindUint16:
		var n uint16
		n, err = d.ReadUint16()
		*into = uint32(n)
	case mmdbdata.KindString:
		var text string
		if text, err = d.ReadString(); err == nil {
			n, _ := strconv.ParseUint(strings.TrimPrefix(text, "AS"), 10, 32)
			*into = uint32(n)
		}
	default:
		return d.SkipValue()
	}
	return err
}
