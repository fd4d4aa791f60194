"""Alpha Vantage to Kafka: quotes into stock-data, alerts into stock-alerts, within the plan's limits and the exchanges' hours."""
