"""What a programmer of a ministry imports: consumer and provider."""
