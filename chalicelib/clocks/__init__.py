"""Business hours and SLA clocks: pure, without storage and without a clock of their own."""
