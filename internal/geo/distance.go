package geo

import (
	"math"
	"strconv"
	"strings"
	"sync"
)

// centres are the middles of countries, by ISO 3166-1 code, in whole degrees north and east: near enough to tell a flight from a
// walk across a border.
const centres = `AD 43 2 AE 24 54 AF 34 66 AG 17 -62 AI 18 -63 AL 41 20 AM 40 45 AO -12 18 AR -34 -64 AS -14 -171 AT 47 14 AU -27 140
AW 13 -70 AX 60 20 AZ 40 48 BA 44 18 BB 13 -60 BD 24 90 BE 51 4 BF 12 -2 BG 43 25 BH 26 51 BI -3 30 BJ 9 2 BL 18 -63 BM 32 -65
BN 5 115 BO -17 -65 BQ 12 -68 BR -14 -51 BS 24 -76 BT 28 90 BW -22 24 BY 53 28 BZ 17 -89 CA 50 -95 CC -12 97 CD -3 24 CF 7 21
CG -1 15 CH 47 8 CI 8 -6 CK -21 -160 CL -33 -71 CM 6 12 CN 33 110 CO 4 -73 CR 10 -84 CU 22 -79 CV 16 -24 CW 12 -69 CX -10 106
CY 35 33 CZ 50 15 DE 51 10 DJ 12 43 DK 56 10 DM 15 -61 DO 19 -70 DZ 28 3 EC -1 -78 EE 59 26 EG 27 30 EH 25 -13 ER 15 39 ES 40 -4
ET 8 39 FI 62 26 FJ -18 178 FK -52 -59 FM 7 158 FO 62 -7 FR 47 2 GA -1 12 GB 53 -2 GD 12 -62 GE 42 44 GF 4 -53 GG 49 -3 GH 8 -1
GI 36 -5 GL 65 -45 GM 13 -15 GN 10 -11 GP 16 -62 GQ 2 10 GR 39 22 GS -54 -37 GT 15 -90 GU 13 145 GW 12 -15 GY 5 -59 HK 22 114
HN 15 -87 HR 45 16 HT 19 -72 HU 47 19 ID -3 113 IE 53 -8 IL 31 35 IM 54 -5 IN 21 78 IO -6 72 IQ 33 44 IR 32 53 IS 65 -19 IT 43 12
JE 49 -2 JM 18 -77 JO 31 36 JP 36 138 KE 0 38 KG 41 75 KH 13 105 KI 2 -157 KM -12 43 KN 17 -63 KP 40 127 KR 36 128 KW 29 48
KY 19 -81 KZ 48 68 LA 18 105 LB 34 36 LC 14 -61 LI 47 10 LK 7 81 LR 6 -9 LS -30 28 LT 55 24 LU 50 6 LV 57 25 LY 27 17 MA 32 -6
MC 44 7 MD 47 29 ME 43 19 MF 18 -63 MG -19 47 MH 7 171 MK 42 22 ML 17 -4 MM 21 96 MN 47 104 MO 22 114 MP 15 146 MQ 15 -61
MR 20 -11 MS 17 -62 MT 36 14 MU -20 58 MV 3 73 MW -13 34 MX 23 -102 MY 4 109 MZ -18 36 NA -22 17 NC -21 165 NE 17 8 NF -29 168
NG 9 8 NI 13 -85 NL 52 5 NO 61 9 NP 28 84 NR -1 167 NU -19 -170 NZ -41 174 OM 21 57 PA 9 -80 PE -10 -76 PF -18 -149 PG -6 144
PH 13 122 PK 30 70 PL 52 20 PM 47 -56 PN -25 -130 PR 18 -66 PS 32 35 PT 39 -8 PW 7 134 PY -23 -58 QA 25 51 RE -21 56 RO 46 25
RS 44 21 RU 56 50 RW -2 30 SA 24 45 SB -9 160 SC -5 55 SD 15 30 SE 60 15 SG 1 104 SH -16 -6 SI 46 15 SJ 78 16 SK 49 19 SL 8 -12
SM 44 12 SN 14 -15 SO 6 46 SR 4 -56 SS 8 30 ST 1 7 SV 14 -89 SX 18 -63 SY 35 38 SZ -26 31 TC 22 -72 TD 15 19 TF -49 69 TG 8 1
TH 15 101 TJ 39 71 TK -9 -172 TL -9 126 TM 39 59 TN 34 9 TO -20 -175 TR 39 35 TT 11 -61 TV -8 178 TW 24 121 TZ -6 35 UA 49 32
UG 1 32 US 39 -98 UY -33 -56 UZ 41 64 VA 42 12 VC 13 -61 VE 7 -66 VG 18 -64 VI 18 -65 VN 16 108 VU -16 167 WF -13 -177 WS -14 -172
XK 43 21 YE 16 48 YT -13 45 ZA -29 25 ZM -14 28 ZW -19 30`

var centreOf = sync.OnceValue(func() map[string][2]float64 {
	words := strings.Fields(centres)
	m := make(map[string][2]float64, len(words)/3)
	for i := 0; i+2 < len(words); i += 3 {
		north, _ := strconv.Atoi(words[i+1])
		east, _ := strconv.Atoi(words[i+2])
		m[words[i]] = [2]float64{float64(north) * math.Pi / 180, float64(east) * math.Pi / 180}
	}
	return m
})

const earthRadius = 6371 // km

// Distance is how far the middles of two countries lie apart, in km along a great circle; 0 if either is not known.
// Source: Sinnott, Virtues of the Haversine, Sky and Telescope 68, 1984.
func Distance(a, b string) float64 {
	if a == b {
		return 0
	}
	centre := centreOf()
	from, ok := centre[a]
	to, known := centre[b]
	if !ok || !known {
		return 0
	}
	north, east := math.Sin((to[0]-from[0])/2), math.Sin((to[1]-from[1])/2)
	h := north*north + math.Cos(from[0])*math.Cos(to[0])*east*east
	return 2 * earthRadius * math.Asin(min(1, math.Sqrt(h)))
}
