"""Examples that travel with the package: project folders to copy, run and take apart."""
