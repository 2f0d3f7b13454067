"""The commands of the nightly batch."""
