package sim

import "time"

// catalogue is the provider whose APIs the fleet calls. Every fleet gets services of its own to give a history to.
func catalogue() []*Service {
	ms := time.Millisecond
	return []*Service{
		{
			Name: "orders-api", Language: "nodejs", Host: "api.sample.example",
			Routes: []Route{
				{"GET", "/v1/orders", 45 * ms, 0, 9000, false, false},
				{"GET", "/v1/orders/{id}", 18 * ms, 0, 1800, false, false},
				{"POST", "/v1/orders", 95 * ms, 1400, 1900, false, false},
				{"PATCH", "/v1/orders/{id}", 60 * ms, 300, 1800, false, false},
				{"GET", "/v1/orders/{id}/items", 22 * ms, 0, 3200, false, false},
				{"POST", "/v1/orders/{id}/refunds", 140 * ms, 260, 700, false, false},
				{"GET", "/v1/orders/search", 110 * ms, 0, 7000, false, false},
				{"POST", "/v1/orders/{id}/shipments", 80 * ms, 600, 900, false, false},
				{"GET", "/v1/exports", 900 * ms, 0, 240000, true, false},
				{"GET", "/v1/webhooks/{id}/secret", 15 * ms, 0, 400, true, false},
				{"GET", "/v1/orders/{id}/timeline", 35 * ms, 0, 2600, false, true},
				{"POST", "/v1/orders/bulk", 300 * ms, 14000, 2200, false, true},
			},
			flows: []flow{{0, 1, 4}, {0, 1, 3}, {2, 1}, {6, 1}, {1, 5}, {1, 7}, {0}, {1}},
		},
		{
			Name: "catalog-api", Language: "python", Host: "api.sample.example",
			Routes: []Route{
				{"GET", "/v1/products", 50 * ms, 0, 16000, false, false},
				{"GET", "/v1/products/{id}", 14 * ms, 0, 2400, false, false},
				{"GET", "/v1/products/search", 120 * ms, 0, 9000, false, false},
				{"GET", "/v1/products/{id}/prices", 16 * ms, 0, 700, false, false},
				{"PUT", "/v1/products/{id}/stock", 40 * ms, 120, 200, false, false},
				{"GET", "/v1/categories", 25 * ms, 0, 5200, false, false},
				{"POST", "/v1/products/{id}/images", 220 * ms, 90000, 500, false, false},
				{"GET", "/v1/products/{id}/costs", 20 * ms, 0, 900, true, false},
				{"GET", "/v1/products/{id}/variants", 20 * ms, 0, 3100, false, true},
			},
			flows: []flow{{0, 1, 3}, {2, 1}, {4}, {5, 0}, {1, 4}, {1, 6}, {3}},
		},
		{
			Name: "billing-api", Language: "java", Host: "billing.sample.example",
			Routes: []Route{
				{"GET", "/v1/invoices", 60 * ms, 0, 7000, false, false},
				{"GET", "/v1/invoices/{id}", 20 * ms, 0, 2200, false, false},
				{"POST", "/v1/invoices", 130 * ms, 1800, 2300, false, false},
				{"GET", "/v1/invoices/{id}/pdf", 210 * ms, 0, 64000, false, false},
				{"POST", "/v1/payments", 380 * ms, 500, 900, false, false},
				{"GET", "/v1/balance", 12 * ms, 0, 180, false, false},
				{"GET", "/v1/ledger", 160 * ms, 0, 30000, false, false},
				{"GET", "/v1/customers/export", 1200 * ms, 0, 480000, true, false},
				{"GET", "/v1/payment-methods", 30 * ms, 0, 2600, true, false},
				{"GET", "/v1/disputes", 40 * ms, 0, 3300, false, true},
			},
			flows: []flow{{0, 1, 3}, {2, 1}, {5}, {4, 1}, {6}, {0, 1}, {5, 4}},
		},
		{
			Name: "users-api", Language: "nodejs", Host: "api.sample.example",
			Routes: []Route{
				{"GET", "/v1/users/{id}", 12 * ms, 0, 900, false, false},
				{"GET", "/v1/users", 40 * ms, 0, 11000, false, false},
				{"PATCH", "/v1/users/{id}", 55 * ms, 250, 900, false, false},
				{"GET", "/v1/me", 8 * ms, 0, 600, false, false},
				{"GET", "/v1/teams/{id}/members", 28 * ms, 0, 4100, false, false},
				{"POST", "/v1/invitations", 90 * ms, 220, 350, false, false},
				{"GET", "/v1/users/{id}/api-keys", 14 * ms, 0, 800, true, false},
				{"POST", "/v1/users/{id}/api-keys", 60 * ms, 140, 420, true, false},
				{"GET", "/v1/users/{id}/sessions", 22 * ms, 0, 1500, false, true},
			},
			flows: []flow{{3, 0}, {1, 0}, {4, 0}, {0, 2}, {3}, {4, 5}},
		},
		{
			Name: "files-api", Language: "go", Host: "files.sample.example", Raw: true,
			Routes: []Route{
				{"GET", "/files/{id}", 35 * ms, 0, 42000, false, false},
				{"PUT", "/files/{id}", 110 * ms, 38000, 160, false, false},
				{"GET", "/files", 30 * ms, 0, 6000, false, false},
				{"DELETE", "/files/{id}", 18 * ms, 0, 0, false, false},
				{"HEAD", "/files/{id}", 6 * ms, 0, 0, false, false},
				{"GET", "/archives/{id}", 1500 * ms, 0, 900000, true, false},
			},
			flows: []flow{{2, 0}, {4, 0}, {1}, {4, 1}, {0, 3}, {0}},
		},
		{
			Name: "storefront-api", Language: "nodejs", Host: "shop.sample.example",
			Routes: []Route{
				{"GET", "/v2/feed", 70 * ms, 0, 22000, false, false},
				{"GET", "/v2/items/{id}", 16 * ms, 0, 2600, false, false},
				{"POST", "/v2/cart", 40 * ms, 180, 700, false, false},
				{"POST", "/v2/checkout", 420 * ms, 900, 800, false, false},
				{"GET", "/v2/profile", 14 * ms, 0, 900, false, false},
				{"GET", "/v2/orders", 35 * ms, 0, 4400, false, false},
				{"GET", "/v2/search", 90 * ms, 0, 8000, false, false},
				{"GET", "/v2/profile/cards", 18 * ms, 0, 700, true, false},
				{"GET", "/v2/recommendations", 80 * ms, 0, 9000, false, true},
			},
			flows: []flow{{0, 1, 1}, {6, 1}, {1, 2}, {1, 2, 3}, {4, 5}, {5}, {0}},
		},
		{
			Name: "builds-api", Language: "python", Host: "ci.sample.example",
			Routes: []Route{
				{"POST", "/v1/builds", 60 * ms, 900, 700, false, false},
				{"GET", "/v1/builds/{id}", 12 * ms, 0, 1500, false, false},
				{"PUT", "/v1/builds/{id}/artifacts", 700 * ms, 260000, 200, false, false},
				{"GET", "/v1/cache/{id}", 90 * ms, 0, 180000, false, false},
				{"POST", "/v1/builds/{id}/status", 20 * ms, 160, 90, false, false},
				{"POST", "/v1/deployments", 150 * ms, 600, 500, false, false},
				{"GET", "/v1/secrets/{id}", 10 * ms, 0, 300, true, false},
				{"POST", "/v1/attestations", 60 * ms, 4200, 300, false, true},
			},
			flows: []flow{{0, 3, 1, 2, 4}, {0, 3, 1, 4}, {5, 1}, {3, 4}, {0, 1, 1, 4}},
		},
		{
			Name: "inventory", Language: "java", Host: "inventory.sample.example", RPC: true,
			Routes: []Route{
				{"", "inventory.v1.Stock/Get", 5 * ms, 60, 220, false, false},
				{"", "inventory.v1.Stock/Reserve", 14 * ms, 180, 120, false, false},
				{"", "inventory.v1.Stock/Release", 12 * ms, 120, 60, false, false},
				{"", "inventory.v1.Stock/List", 40 * ms, 80, 12000, false, false},
				{"", "inventory.v1.Warehouses/Get", 8 * ms, 40, 900, false, false},
				{"", "inventory.v1.Stock/Dump", 800 * ms, 40, 700000, true, false},
				{"", "inventory.v1.Stock/Forecast", 60 * ms, 90, 1400, false, true},
			},
			flows: []flow{{0, 1}, {0, 2}, {3, 0}, {4, 0}, {0}, {1}},
		},
		{
			Name: "reports-api", Language: "python", Host: "reports.sample.example",
			Routes: []Route{
				{"POST", "/v1/reports", 180 * ms, 700, 500, false, false},
				{"GET", "/v1/reports/{id}", 25 * ms, 0, 9000, false, false},
				{"GET", "/v1/reports", 35 * ms, 0, 5000, false, false},
				{"GET", "/v1/metrics", 60 * ms, 0, 15000, false, false},
				{"GET", "/v1/dashboards/{id}", 45 * ms, 0, 20000, false, false},
				{"GET", "/v1/reports/{id}/raw", 1100 * ms, 0, 620000, true, false},
				{"GET", "/v1/forecasts", 90 * ms, 0, 8000, false, true},
			},
			flows: []flow{{0, 1}, {2, 1}, {3}, {4, 3}, {2}},
		},
	}
}
