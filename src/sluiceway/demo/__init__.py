"""The sample shop, its load generator and the fault switch behind `sluice demo`."""
