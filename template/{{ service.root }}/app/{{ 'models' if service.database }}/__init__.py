"""The tables of the service: every module here is known to the migrations."""
