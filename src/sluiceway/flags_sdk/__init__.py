"""Feature flags for applications: decided here, kept up to date by the server, whose code is not needed."""
