package credential

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHowFarASecretIsHunted(t *testing.T) {
	for reach, secrets := range map[Reach][]string{
		Nowhere: {
			"", "secret", "12345", "http.route", "api_token.id", "api_token", "auth_error", "PERMISSION_DENIED", "same-origin", "v1/orders", "/v1/orders/{id}/*",
			"application/json; charset=utf-8", "81.2.69.142", "10.0.0.0/8", "2001:db8:85a3::8a2e:370:7334", "[2001:db8::1]:443", "2026-11-23T12:00:00Z",
			"PostmanRuntime/7.32.3", "CFNetwork/1408.0.4", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)", "web01.prod.eu-west-1",
			"shop.v1.OrderService/GetOrder", "getOrderById", "userID", "com.example.OrderController#getOrder", "k8s.pod.uid", "1.4.2-rc.1", "4711081512345678",
			"correct horse battery staple", "summer-2024", "tok_abcdefghijklmnopqrstuvwxyz",
		},
		InTexts: {"hunter2", "hunter2!", "Pa55word!", "Passw0rd", "S3cr3t!pw99", "Summer2024", "20261123T120000Z"},
		Everywhere: {
			"1971800d4d82861d8f2c1651fea4d212", "0b8f7f0e-4a63-5a6c-9d3b-0d5c2f1f7a11", "VK7JG-NPHTM-C97JM-9MPGT-3V66T", "corp-xKqPwLmRtYvBzN", "aB3dE6gH9jK2",
			"corp_aB3dE6gH9jK2mN5pQ8sT1vW4", "ctzMq410TV3wS7upTBcunJTDLEJwMAZuFPfr0mrrA08=",
		},
	} {
		for _, secret := range secrets {
			assert.Equal(t, reach, ReachOf(secret), secret)
		}
	}
}

func TestWhatIsDrawnByLotIsHuntedEverywhere(t *testing.T) {
	r := newRandom(15)
	missed := 0
	const all = 20_000
	for range all {
		for _, secret := range []string{sampleOpaque(r), sampleUUID(r), draw(r, lower+upper+digits, 20), draw(r, digits+"abcdef", 32), draw(r, lower+digits, 24), draw(r, lower+upper+digits+"+/", 43) + "="} {
			if ReachOf(secret) != Everywhere {
				missed++
			}
		}
	}
	assert.LessOrEqual(t, missed, all/1000)
}

func TestApartIsApart(t *testing.T) {
	var l Literals
	l.Add("aB3dE6gH9jK2mN5pQ8sT")
	for text, want := range map[string]int{"/v1/aB3dE6gH9jK2mN5pQ8sT": 1, "aB3dE6gH9jK2mN5pQ8sT": 1, "xaB3dE6gH9jK2mN5pQ8sT": 0, "aB3dE6gH9jK2mN5pQ8sT7": 0} {
		assert.Len(t, l.FindApart(text, nil), want, text)
		assert.Len(t, l.FindName(text, nil), want, text)
		assert.Len(t, l.Find(text, nil), 1, text)
	}
}
