"""One module for each group of commands. ``ostinato.cli.app`` lists them; none is imported before it is needed."""
