"""Alembic's environment and the steps from one shape of the tables to the next."""
